"""The score page of the nation: 34 provinces × 12 databases × 4 criteria out of counts, with nothing read again."""

from __future__ import annotations

import statistics
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg

from bench.measuring import Line
from bench.store import kept_store
from lienthong.findings import Criterion
from lienthong.quality.score import scores

PROVINCES, DATABASES, SENDERS, DAYS = 34, 12, 10, 10
TODAY = date(2026, 11, 20)


def measure(folder: Path, repeat: int) -> list[Line]:
    """The median of the reading behind the page; the counts are those of some senders over a month."""
    with (
        kept_store(folder / "store-scores") as environment,
        psycopg.connect(environment["LIENTHONG_DATABASE_URL"], autocommit=True) as conn,
    ):
        _fill(conn)
        conn.execute("VACUUM ANALYZE")
        times = []
        for _ in range(max(repeat, 5)):
            begun = time.perf_counter()
            cards = scores(conn, by=("contract", "province"), today=TODAY)
            times.append((time.perf_counter() - begun) * 1000)
        lines = conn.execute("SELECT count(*) FROM records.count").fetchone()
    cells = sum(len(card.criteria) for card in cards.values())
    whole = cells == PROVINCES * DATABASES * len(Criterion)
    middle = statistics.median(times)
    note = (
        f"{lines[0] if lines else 0:,} lines of counts, {cells:,} scores, worst {max(times):.1f} ms"
    )
    return [
        Line("score page of the nation (34 × 12 × 4)", f"{middle:.1f} ms", "", "", "≤ 50 ms",
             middle <= 50 and whole, note, {"median": middle, "worst": max(times)})
    ]  # fmt: skip


def _fill(conn: psycopg.Connection) -> None:
    """Counts as intake writes them: rows, rows that break a criterion, and checks of a criterion."""
    rules = ["*", *(sign + one.value for one in Criterion for sign in "*+")]
    for number in range(DATABASES):
        conn.execute(
            "INSERT INTO records.count (contract, version, table_name, rule, province, sender, day, checked, failed,"
            " unknown) SELECT %s, '1.0.0', 't', rule, lpad(p::text, 2, '0'),"
            " lpad(p::text, 2, '0') || lpad(s::text, 3, '0'),"
            " d::date, 1000, 7, 1 FROM unnest(%s::text[]) AS r(rule), generate_series(1, %s) AS p,"
            " generate_series(1, %s) AS s, generate_series(%s::date, %s::date, '1 day') AS d",
            [
                f"database_{number}",
                rules,
                PROVINCES,
                SENDERS,
                TODAY - timedelta(days=DAYS - 1),
                TODAY,
            ],
        )
