"""`lienthong check`: any file against any contract, on any machine, without a database or a server.

Exit codes: 0 nothing wrong, 1 findings (an error or a warning, or a rule that did not run), 2 could not check.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lienthong import words
from lienthong.errors import Failure, Refused

if TYPE_CHECKING:
    from lienthong.records.checking import Checked
    from lienthong.records.formats.reading import ReadingOptions


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help=words.say("A file, a folder with a file per table, or table=path pairs."),
        ),
    ],
    contract: Annotated[
        str,
        typer.Option(
            "--contract",
            "-c",
            metavar="NAME|PATH",
            help=words.say("A declared contract or an ODCS file."),
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help=words.say("Write all findings: .parquet, .csv, .jsonl or .xlsx.")
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help=words.say("Print the counts as JSON."))
    ] = False,
    lang: Annotated[
        str, typer.Option("--lang", help=words.say("Language of the messages: vi, en, fr."))
    ] = "",
    codes: Annotated[
        list[Path] | None,
        typer.Option("--codes", help=words.say("A folder with own code lists (CSV).")),
    ] = None,
    certificates: Annotated[
        list[Path] | None,
        typer.Option(
            "--certificates",
            help=words.say("Trusted certificates for CHUKYDONVI: a PEM file or folder."),
        ),
    ] = None,
    unencoded_inner: Annotated[
        bool,
        typer.Option("--unencoded-inner", help=words.say("Read inner XML that is not in base64.")),
    ] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="MOMENT",
            help=words.say("Check as if received then, e.g. 2026-11-22T08:00."),
        ),
    ] = "",
) -> None:
    """Check a file against a data contract; needs no database."""
    begun = time.perf_counter()
    with words.speaking(lang or words.language()):
        try:
            options = _options(certificates or [], unencoded_inner)
            code = _check(files, contract, out, json, codes or [], at, begun, options)
        except Exception as error:
            # Whatever stopped the check: exit code 1 would say that something was found.
            typer.echo(_told(error), err=True)
            code = 2
    raise typer.Exit(code)


def _options(certificates: list[Path], unencoded_inner: bool) -> ReadingOptions:
    from lienthong.records.formats.chosen import reading_options

    for path in certificates:
        if not path.exists():
            raise FileNotFoundError(2, "", str(path))
    return reading_options(certificates, unencoded_inner=unencoded_inner, optimistic=True)


def _told(error: Exception) -> str:
    if isinstance(error, Failure):
        sentence = words.say(error.message)
        return sentence % error.details if error.details else sentence
    name = getattr(error, "filename", None)
    if isinstance(error, FileNotFoundError) and name:
        return words.say("There is no file or folder “%(name)s”.", None, name=str(name))
    return str(error)


def _check(
    files: list[str],
    contract: str,
    out: Path | None,
    json: bool,
    codes: list[Path],
    at: str,
    begun: float,
    options: ReadingOptions,
) -> int:
    received = _moment(at)
    if out is not None:
        from lienthong.records.checking.findings_file import require_format

        require_format(out)
    from lienthong.contracts.rules.cache import cached_contract, cached_python

    compiled = cached_contract(contract)
    from lienthong.contracts.rules.python import RecordEngine
    from lienthong.records.checking.engine import check as run
    from lienthong.records.formats.reading import read

    sources = _sources(files)
    with tempfile.TemporaryDirectory(
        prefix="lienthong-check-", ignore_cleanup_errors=True
    ) as folder:
        workdir = Path(folder)
        with read(
            sources,
            compiled.contract,
            workdir=workdir,
            options=options,
        ) as reading:
            lists = _codes(codes)
            checked = run(
                compiled.contract,
                reading,
                received=received,
                codes=lists,
                compiled=compiled,
                workdir=workdir,
                engine=lambda: RecordEngine(compiled, lists, cached_python(compiled)),
                only=_touched(sources, workdir, out),
            )
            try:
                return _report(checked, out, json, begun)
            finally:
                checked.close()


def _report(checked: Checked, out: Path | None, json: bool, begun: float) -> int:
    if out is not None:
        from lienthong.records.checking.findings_file import write_findings

        write_findings(checked, out, words.language())
    counts = checked.counts()
    if json:
        sys.stdout.write(as_json(checked, counts, time.perf_counter() - begun))
    else:
        from lienthong.records.checking.summary import print_summary

        print_summary(checked, counts, time.perf_counter() - begun, out)
    serious = any(count.failed and count.severity != "information" for count in counts)
    return 1 if serious else 0


def as_json(checked: Checked, counts: list[Any], seconds: float) -> str:
    """The counts for machines: rows, rows_failed, seconds and a list of rules."""
    import msgspec

    report = {
        "rows": checked.rows,
        "rows_failed": checked.rows_failed,
        "seconds": round(seconds, 3),
        "rules": counts,
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _sources(files: list[str]) -> Any:
    """One path, or (table, path) pairs; a file whose own name holds `=` is taken as a file when it exists."""
    if len(files) == 1 and ("=" not in files[0] or Path(files[0]).exists()):
        path = Path(files[0])
        if not path.exists():
            raise FileNotFoundError(2, "", str(path))
        return path
    pairs: list[tuple[str | None, Path]] = []
    for item in files:
        table, equals, place = item.partition("=")
        named = bool(equals) and not Path(item).exists()
        file = Path(place if named else item)
        if not file.exists():
            raise FileNotFoundError(2, "", str(file))
        pairs.append((table if named else None, file))
    return pairs


def _touched(sources: Any, workdir: Path, out: Path | None) -> list[Path]:
    """What a check may read and write whatever the contract says: the files sent, its own folder, the result."""
    sent = [sources] if isinstance(sources, Path) else [path for _, path in sources]
    if out is None:
        return [*sent, workdir]
    from lienthong.records.checking.findings_file import part_of

    return [*sent, workdir, part_of(out)]


def _codes(folders: list[Path]) -> Any:
    from lienthong.contracts.codes import Codes

    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(2, "", str(folder))
    return Codes(folders)


def _moment(text: str) -> datetime:
    from lienthong import clock

    if not text:
        return clock.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            "CHECK-AT", "“%(text)s” is not a moment; write it like 2026-11-22T08:00.", text=text
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.VIETNAM)
