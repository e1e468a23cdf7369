"""Kept records asked again: when the other side of their rules comes for the first time, when all are asked, and when
one licence is revoked. The yardstick of all of them is how fast the same visits were read, checked and kept.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.dossiers import UNTIL, make
from bench.measuring import PROGRAM, Line, run
from bench.store import kept_store

SEED = 7


def measure(folder: Path, dossiers: int) -> list[Line]:
    """Visits a second that are asked again."""
    from lienthong.database import Database
    from lienthong.records.crossing import again

    file = make(folder / f"dossiers-{dossiers}.xml", dossiers)
    with kept_store(folder / "store-recheck") as environment:
        home = Path(environment["LIENTHONG_HOME"])
        load = [PROGRAM, "load", file, "-c", "care", "-s", "01999", "--json"]
        kept = run([str(part) for part in load], **environment)
        visits = json.loads(kept.out)["kept"]
        rate = visits / kept.wall
        conn = Database(environment["LIENTHONG_DATABASE_URL"]).connect(autocommit=True)
        again.look_again(conn, home)
        rows = _rows(conn)
        _registers(conn, home)
        lines = [
            _line("visits whose other side came for the first time, asked again", rate,
                  _timed(lambda: again.look_again(conn, home)), visits, rows),
            _line("all visits asked again (lienthong recheck)", rate,
                  _timed(lambda: sum(again.recheck(conn, "care", home))), visits, rows),
        ]  # fmt: skip
        _revoke(conn, home)
        begun = time.perf_counter()
        asked = again.look_again(conn, home)
        lines.append(
            _line("visits of a doctor whose licence was revoked, asked again", rate,
                  (asked, time.perf_counter() - begun), asked, _rows(conn))
        )  # fmt: skip
        conn.close()
    return lines


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _line(work: str, rate: float, done: tuple[int, float], visits: int, rows: int) -> Line:
    asked, seconds = done
    return Line(
        work, f"{asked / seconds:,.0f}/s", f"{rate:,.0f}/s (the same visits kept)",
        f"{rate / (asked / seconds):.2f}", "–", asked >= visits,
        f"{asked:,} questions about {visits:,} visits ({rows:,} rows in the store) in {seconds:.1f} s",
        {"asked": asked, "seconds": seconds, "rows": rows},
    )  # fmt: skip


def _rows(conn: Any) -> int:
    tables = conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'care' AND tablename LIKE 'XML%'"
        " AND tablename NOT LIKE '%history'"
    ).fetchall()
    return sum(
        conn.execute(f'SELECT count(*) FROM care."{name}"').fetchone()[0] for (name,) in tables
    )


def _registers(conn: Any, home: Path) -> None:
    """The register of practice of the hospital, and that of drugs."""
    from lienthong.synthetic import products, registers
    from lienthong.synthetic.facilities import facility

    for name, rows in registers.practice(SEED, facility(SEED, "01999")).items():
        _send(conn, home, "practice", name, rows, "01999")
    _send(conn, home, "medicines", "drugs", products.drug_register(UNTIL), "DAV")


def _revoke(conn: Any, home: Path) -> None:
    from lienthong.synthetic import registers
    from lienthong.synthetic.facilities import facility

    hospital = facility(SEED, "01999")
    one = hospital.doctors("K01")[0].licence
    rows = [
        row | {"TRANG_THAI": "thu_hoi", "SO_QD": "1/QD", "NGAY_QD": "20260101"}
        for row in registers.practice(SEED, hospital)["licences"]
        if row["SO_GPHN"] == one
    ]
    _send(conn, home, "practice", "licences", rows, "01999")


def _send(
    conn: Any, home: Path, contract: str, table: str, rows: list[dict[str, str]], sender: str
) -> None:
    from lienthong.records import intake

    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    given = intake.receive(
        conn, text.getvalue().encode(), contract=contract, sender=sender, actor="bench", granted=[contract],
        name=f"{table}.csv", channel="bench", home=home, received=datetime.now().astimezone(),
    )  # fmt: skip
    done = intake.process(conn, given.receipt, home=home)
    assert done.kept, (contract, table, done)
