"""Writes docs/reference from the program itself, so that the reference cannot disagree with it.

Run by `make docs`; with --check it only says which pages are out of date (exit 1).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

REFERENCE = Path(__file__).parent / "reference"


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path below docs/reference and its text."""
    from lienthong.contracts.codes import Codes
    from lienthong.contracts.exports.page import markdown
    from lienthong.contracts.reading import declared_contracts, read_contract

    for name in declared_contracts():
        yield f"contracts/{name}.md", markdown(read_contract(name), "vi")
    yield "codes.md", "\n".join(_codes(Codes())) + "\n"
    yield "settings.md", "\n".join(_settings()) + "\n"
    yield "commands.md", "\n".join(_commands()) + "\n"
    yield "openapi.json", _openapi()


def _codes(codes: object) -> Iterator[str]:
    from lienthong.contracts.codes import Codes

    assert isinstance(codes, Codes)
    yield "# Code lists"
    yield ""
    yield "An incomplete list never accuses: rules on it answer unknown."
    yield ""
    yield "| list | title | source | evidence | complete |"
    yield "|---|---|---|---|---|"
    for name in codes.names():
        about = codes.about(name)
        title = about.get("title") or {}
        cells = (
            f"`{name}`",
            title.get("en", ""),
            about.get("source", ""),
            about.get("evidence", ""),
            "yes" if codes.has(name) else "no",
        )
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _openapi() -> str:
    import json

    from lienthong.app import create_app
    from lienthong.database import Database

    schema = create_app(Database("")).openapi_schema.to_schema()
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _settings() -> Iterator[str]:
    from lienthong.settings import document

    yield "# Settings"
    yield ""
    yield "Environment variables; `lienthong settings` shows their values here and now."
    yield ""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for entry in document({}):
        yield f"| `{entry.variable}` | {entry.default or 'none'} | {entry.sentence} |"


def _commands() -> Iterator[str]:
    from lienthong.__main__ import COMMANDS

    yield "# Commands"
    yield ""
    yield "`lienthong COMMAND --help` says more. Exit codes: 0 done, 1 done with findings, 2 could not be done."
    yield ""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, (_, summary) in COMMANDS.items():
        yield f"| `lienthong {name}` | {summary} |"


def main() -> int:
    """Write the pages, or with --check name those that differ."""
    stale = []
    for path, text in pages():
        target = REFERENCE / path
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    for path in stale:
        sys.stdout.write(f"{path}\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
