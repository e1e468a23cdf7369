"""A whole day of a country: what all senders of twelve databases send, taken in, checked and kept.

The country is smaller than Vietnam by a stated factor; what a day of a hundred million people would take follows.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from datetime import datetime
from pathlib import Path

from bench.measuring import Line
from bench.store import kept_store

UNTIL = datetime(2026, 11, 20, 16, 0)  # noqa: DTZ001  Vietnam local time, as the country tells it
SEED = 11
VIETNAM = 100_000_000
DAY = 86_400


def measure(folder: Path, citizens: int) -> list[Line]:
    """Units of acceptance and rows a second, and how long Vietnam's day would take on such a machine."""
    from lienthong import settings
    from lienthong.database import Database
    from lienthong.demo_loading import deliver, invent, nation_of

    day = folder / "country-day"
    shutil.rmtree(day, ignore_errors=True)
    day.mkdir()
    with kept_store(folder / "store-country") as environment:
        home = settings.read({"LIENTHONG_HOME": environment["LIENTHONG_HOME"]}).home
        nation = nation_of(
            home, seed=SEED, citizens=citizens, until=UNTIL, days=1, small=False, faults=True
        )
        from lienthong.synthetic.senders_list import write_senders

        write_senders(nation, home / "codes")
        made = list(invent(nation, day, lambda count: None))
        database = Database(environment["LIENTHONG_DATABASE_URL"])
        begun = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            deliver(database, nation, made, day, home)
        seconds = time.perf_counter() - begun
        with database.connect() as connection:
            found = connection.execute(
                "SELECT count(*), sum(received), sum(kept), sum(unchanged), sum(quarantined) FROM records.submission"
            ).fetchone()
    shutil.rmtree(day)
    assert found
    submissions, received, kept, unchanged, quarantined = found
    rows = sum(sum(one.rows.values()) for one, _ in made)
    whole = received == kept + unchanged + quarantined and submissions == len(made)
    nations = seconds * VIETNAM / citizens
    return [
        Line(
            f"a day of a country of {citizens:,}, twelve databases", f"{rows / seconds:,.0f} rows/s",
            "", "", "–", whole,
            f"{submissions:,} submissions with {received:,} units ({rows:,} rows) in {seconds:.1f} s: {kept:,} kept,"
            f" {quarantined:,} in quarantine; a day of {VIETNAM:,} people would take {nations / 3600:,.0f} hours on"
            f" this machine, so {max(1, round(nations / DAY + 0.5))} of its kind keep up with it",
            {"seconds": seconds, "rows": rows, "submissions": submissions},
        )
    ]  # fmt: skip
