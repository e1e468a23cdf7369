"""The part of the demonstration that settles procedures: sample agencies, a year of dossiers, who works on them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong import clock
from lienthong.demo_loading import bar
from lienthong.synthetic import agencies
from lienthong.words import say

if TYPE_CHECKING:
    from lienthong.database import Database
    from lienthong.synthetic.signing import Signer

PROVINCE = "01"
UNIT = agencies.department(PROVINCE)
STAND_IN = "portal-stand-in.jsonl"
"""What the stand-in of the Portal holds, in the folder of the demonstration."""
HOLDERS = ("chuyenvien", "chuyenvien2")
CLERK, HEAD = "motcua", "lanhdao"
Wanted = tuple[str, str, tuple[str, ...], str | None, str | None]

ACCOUNTS: tuple[Wanted, ...] = (
    ("motcua", "Cán bộ một cửa (mẫu)", ("receiver",), UNIT, PROVINCE),
    ("chuyenvien", "Chuyên viên thụ lý (mẫu)", ("processor",), UNIT, PROVINCE),
    ("chuyenvien2", "Chuyên viên thụ lý 2 (mẫu)", ("processor",), UNIT, PROVINCE),
    ("lanhdao", "Lãnh đạo Sở Y tế (mẫu)", ("decider",), UNIT, PROVINCE),
    ("vanphong", "Văn phòng Bộ Y tế (mẫu)", ("office",), None, None),
)
"""Accounts of the demonstration: id, name, roles, agency, province."""


def settle(url: str, home: Path, seed: int, citizens: int, until: datetime, count: int) -> int:
    """File a year of invented dossiers, tell the stand-in of the Portal, count them; returns how many were filed.

    It runs in a process of its own while the databases are loaded; what was done already is left as it is. `until` is
    Vietnam local time, without a zone.
    """
    from lienthong.database import Database

    database, moment = Database(url), until.replace(tzinfo=clock.VIETNAM)
    filed = file_dossiers(database, seed=seed, citizens=citizens, until=moment, count=count)
    give_results(database, home, seed=seed, until=moment)
    synchronise(database, home, seed=seed, until=moment)
    keep_figures(database, home)
    return filed


@contextmanager
def meanwhile(
    url: str, home: Path, *, seed: int, citizens: int, until: datetime, count: int
) -> Iterator[None]:
    """Settle dossiers beside whatever is done inside; wait for them at its end."""
    agencies.write(home, seed)
    signer_of(home)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        done = aside.submit(settle, url, home, seed, citizens, until, count)
        yield
        with bar(say("Dossiers"), count) as advance:
            done.result()
            advance(count)


def file_dossiers(
    database: Database, *, seed: int, citizens: int, until: datetime, count: int
) -> int:
    """Keep a year of invented dossiers, all or none; a store that has dossiers is left as it is. Returns how many."""
    from lienthong.synthetic import dossiers

    with database.connect() as connection:
        there = connection.execute("SELECT 1 FROM dossiers.dossier LIMIT 1").fetchone()
        if there or not count:
            return 0
        last, days = until.date(), dossiers.declared("dossiers")["days"]
        year = dossiers.Year(
            seed=seed, until=until, citizens=citizens, count=count, holders=((UNIT, HOLDERS),),
            clerks=((UNIT, CLERK),), heads=((UNIT, HEAD),),
            procedures=dossiers.in_force(connection, last - timedelta(days=days), last),
        )  # fmt: skip
        kept = dossiers.load(connection, year)
        connection.commit()
    return kept


def signer_of(home: Path) -> Signer:
    """Who signs in the demonstration. Its key is made before two programs could both make one."""
    from lienthong.records.formats.chosen import FOLDER
    from lienthong.synthetic.signing import Signer

    return Signer(home / "demo", home / FOLDER)


def give_results(database: Database, home: Path, *, seed: int, until: datetime) -> int:
    """Give most results of the invented dossiers as signed files, once; returns how many."""
    from lienthong.synthetic import result_files

    with database.connect() as connection:
        if connection.execute(
            "SELECT 1 FROM dossiers.result WHERE attachment IS NOT NULL LIMIT 1"
        ).fetchone():
            return 0
        given = result_files.issue_files(connection, home, signer_of(home), seed=seed, moment=until)
        connection.commit()
    return given


def synchronise(database: Database, home: Path, *, seed: int, until: datetime) -> int:
    """Tell the stand-in of the Portal of every dossier, once; returns how many it heard of."""
    from lienthong.synthetic import portal

    file = home / "demo" / STAND_IN
    with database.connect(autocommit=True) as connection:
        # Both sides are compared last: where that was done, everything was.
        if connection.execute("SELECT 1 FROM portal.look LIMIT 1").fetchone():
            return 0
        return portal.synchronise(connection, file, home, seed=seed, until=until)


def keep_figures(database: Database, home: Path) -> None:
    """Bring the base of reports up to the dossiers, and keep the figures of the periods that ended last."""
    from lienthong.records.intake import terms
    from lienthong.reports import editions, keeping

    with database.connect(autocommit=True) as connection:
        keeping.keep_up(connection)
        codes, declared = terms.codes(home), editions.declared(home)
        keeping.keep_closed(connection, clock.today(), codes, declared)
