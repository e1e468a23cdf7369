"""`python -m bench`: measures, prints a table with ratios, and keeps it in bench/results/."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.measuring import Line, run

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Runs the parts that are asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="rows of a check and of an intake"
    )
    parser.add_argument("--dossiers", type=int, default=20_000, help="XML dossiers of one file")
    parser.add_argument(
        "--citizens", type=int, default=50_000, help="people of the country whose day is taken in"
    )
    parser.add_argument(
        "--kept", type=int, default=100_000, help="dossiers of procedures that are there already"
    )
    parser.add_argument("--seconds", type=int, default=30, help="how long single records are sent")
    parser.add_argument(
        "--nation",
        type=int,
        default=100_000_000,
        help="rows of the largest rescoring; 1000000 is quick",
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--folder", type=Path, help="where data lie (default: a temporary folder)")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="lienthong-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    try:
        # As `make install` leaves it: compiling the contracts is not the work that is measured.
        run([sys.executable, "-c", "from lienthong.contracts.rules.cache import warm; warm()"])
        for name in chosen.parts or PARTS:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                lines += PARTS[name](chosen, folder)
            except Exception as error:  # the other parts are still worth their figures
                lines.append(Line(name, "failed", "", "", "", False, str(error)[:300]))
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    text = as_table(lines)
    print(text)
    if not chosen.parts:
        # A part measured alone is for whoever works on it; the record is of all parts in one run.
        keep(lines, text)


def checks(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.checks import measure

    return measure(folder, chosen.rows, chosen.repeat)


def dossiers(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.dossiers import measure

    return measure(folder, chosen.dossiers)


def recheck(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.rechecking import measure

    return measure(folder, chosen.dossiers)


def intake(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.intake import measure

    return measure(folder, chosen.rows)


def country(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.country import measure

    return measure(folder, chosen.citizens)


def procedures(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.procedure_dossiers import measure

    return measure(folder, chosen.seconds, chosen.kept)


def records(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench import reads
    from bench.records import measure

    return [*measure(folder, chosen.seconds), *reads.measure(folder, chosen.seconds)]


def feed(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench.feed import measure

    return measure(folder, min(chosen.rows, 300_000))


def warehouse(chosen: argparse.Namespace, folder: Path) -> list[Line]:
    from bench import nation, scores

    return [*scores.measure(folder, chosen.repeat), *nation.measure(folder, chosen.nation)]


PARTS: dict[str, Callable[[argparse.Namespace, Path], list[Line]]] = {
    "checks": checks,
    "dossiers": dossiers,
    "recheck": recheck,
    "intake": intake,
    "country": country,
    "records": records,
    "procedures": procedures,
    "feed": feed,
    "warehouse": warehouse,
}


def as_table(lines: list[Line]) -> str:
    """A Markdown table, with notes below it."""
    head = ("Work", "Ours", "Yardstick", "Ratio", "Goal", "Met")
    rows = [head, *((*line[:5], "yes" if line.met else "**no**") for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"* {line.work}: {line.note}" for line in lines if line.note]
    return "\n".join([*shown, "", *notes])


def keep(lines: list[Line], text: str) -> None:
    """Writes the result with the machine it was measured on."""
    RESULTS.mkdir(exist_ok=True)
    when = datetime.now(UTC)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {busy}"
    name = when.strftime("%Y-%m-%d")
    (RESULTS / f"{name}.md").write_text(
        f"# Measured on {name}\n\n{machine}. `make bench` repeats it.\n\n{text}\n", encoding="utf-8"
    )
    content = {
        "when": when.isoformat(),
        "machine": machine,
        "lines": [line._asdict() for line in lines],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
