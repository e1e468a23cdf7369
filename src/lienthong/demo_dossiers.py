"""The part of the demonstration that settles procedures: sample agencies, a year of dossiers, who works on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong import clock
from lienthong.synthetic import agencies
from lienthong.words import say

if TYPE_CHECKING:
    from lienthong.database import Database

PROVINCE = "01"
UNIT = agencies.department(PROVINCE)
STAND_IN = "portal-stand-in.jsonl"
"""What the stand-in of the Portal holds, in the folder of the demonstration."""
HOLDERS = ("chuyenvien", "chuyenvien2")
Wanted = tuple[str, str, tuple[str, ...], str | None, str | None]

ACCOUNTS: tuple[Wanted, ...] = (
    ("motcua", "Cán bộ một cửa (mẫu)", ("receiver",), UNIT, PROVINCE),
    ("chuyenvien", "Chuyên viên thụ lý (mẫu)", ("processor",), UNIT, PROVINCE),
    ("chuyenvien2", "Chuyên viên thụ lý 2 (mẫu)", ("processor",), UNIT, PROVINCE),
    ("lanhdao", "Lãnh đạo Sở Y tế (mẫu)", ("decider",), UNIT, PROVINCE),
    ("vanphong", "Văn phòng Bộ Y tế (mẫu)", ("office",), None, None),
)
"""Accounts of the demonstration: id, name, roles, agency, province."""


def file_dossiers(
    database: Database, home: Path, *, seed: int, citizens: int, until: datetime, count: int
) -> int:
    """Keep a year of invented dossiers, all or none; a store that has dossiers is left as it is. Returns how many.

    `until` is Vietnam local time, without a zone.
    """
    from lienthong.demo_loading import bar
    from lienthong.synthetic import dossiers

    agencies.write(home, seed)
    if not count:
        return 0
    moment = until.replace(tzinfo=clock.VIETNAM)
    last = moment.date()
    with database.connect() as connection, bar(say("Dossiers"), count) as advance:
        if connection.execute("SELECT 1 FROM dossiers.dossier LIMIT 1").fetchone():
            return 0
        days = dossiers.declared("dossiers")["days"]
        year = dossiers.Year(
            seed=seed, until=moment, citizens=citizens, count=count, holders=((UNIT, HOLDERS),),
            procedures=dossiers.in_force(connection, last - timedelta(days=days), last),
        )  # fmt: skip
        kept = dossiers.load(connection, year, advance)
        connection.commit()
    return kept


def synchronise(database: Database, home: Path, *, seed: int, until: datetime) -> int:
    """Tell the stand-in of the Portal of every dossier, once; returns how many it heard of."""
    from lienthong.demo_loading import bar
    from lienthong.synthetic import portal

    file = home / "demo" / STAND_IN
    with database.connect(autocommit=True) as connection:
        found = connection.execute("SELECT count(*) FROM dossiers.dossier").fetchone()
        if not found or not found[0] or file.exists():
            return 0
        with bar(say("To the Portal"), found[0]) as advance:
            return portal.synchronise(
                connection, file, home, seed=seed, until=until.replace(tzinfo=clock.VIETNAM),
                advance=advance,
            )  # fmt: skip


def count(database: Database, home: Path) -> None:
    """Bring the base of reports up to the dossiers, and keep the figures of the periods that ended last."""
    from lienthong.records.intake import terms
    from lienthong.reports import editions, keeping

    with database.connect(autocommit=True) as connection:
        keeping.keep_up(connection)
        codes, declared = terms.codes(home), editions.declared(home)
        keeping.keep_closed(connection, clock.today(), codes, declared)
