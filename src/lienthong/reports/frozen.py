"""A report that was sent, opened again: what each of its numbers counted then, beside what the same question gives now.

Pages and the API ask here, so that both say the same of a report that nobody can change any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lienthong.access import Permit
from lienthong.contracts.codes import Codes
from lienthong.errors import NotFound
from lienthong.reports import (
    freezing,
    making,
    opening,
    procedure_form,
    procedure_shares,
    sent,
)
from lienthong.reports.cells import Among
from lienthong.reports.counting import Line
from lienthong.reports.documents.sheet import Sheet
from lienthong.reports.freezing import Moved
from lienthong.reports.keeping import Freshness
from lienthong.reports.making import INDEX, Asked
from lienthong.reports.measures import Measured
from lienthong.reports.procedure_shares import Judged
from lienthong.reports.sent import Sent
from lienthong.reports.succession import MINISTRY


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The same question now: whether numbers differ, which indicators of an index do, and that index."""

    changed: bool
    differing: tuple[str, ...] = ()
    index: Measured | None = None


def indexed(one: Sent) -> bool:
    """Whether it is an index with its indicators kept; those that were sent first have their sheet only."""
    return one.what == INDEX and one.about is not None


def asked_again(
    conn: psycopg.Connection[Any], codes: Codes, home: Path | None, one: Sent, unit: str = ""
) -> tuple[Asked, Freshness]:
    """The question that a sent report answered, asked now; `unit` asks for one agency of it. The gate comes before."""
    among = Among(unit=one.among.unit or unit.strip(), province=one.among.province)
    return making.asking(conn, one.period, among, codes, home)


def today(conn: psycopg.Connection[Any], one: Sent, asked: Asked) -> Today:
    """What the question of now gives."""
    if not indexed(one):
        return Today(changed=sent.differs(one, making.sheet(conn, one.what, asked)))
    index = making.index(conn, asked)
    differing = tuple(freezing.differs(one, index))
    return Today(changed=bool(differing), differing=differing, index=index)


def columns(one: Sent, line: int, sheet: Sheet) -> tuple[str, ...]:
    """For each column of a line (the sum comes last) the number that it shows; empty for what opens to nothing."""
    if one.what in freezing.LINES and one.what != INDEX:
        return tuple(cell or "" for cell in opening.COLUMNS)
    if one.what == "II.07b":
        # The ministry comes first, unless one province was asked for.
        first = line == 0 and (len(sheet.lines) > 1 or one.among.province == MINISTRY)
        whose = MINISTRY if first else "province"
        places = range(len(procedure_form.COLUMNS))
        return ("", "", *(procedure_form.cell_of(place, whose) for place in places))
    return ("",) * sheet.width


def dossiers(
    conn: psycopg.Connection[Any],
    permit: Permit,
    one: Sent,
    asked: Asked,
    cell: str,
    *,
    field: str = "",
    level: str = "",
    after: str = "",
    limit: int = 100,
) -> tuple[list[Line], Moved | None]:
    """The dossiers that a number counted, of the permit only, and that number today; raises NotFound.

    A report that was sent before its dossiers were kept is counted again up to its own event.
    """
    own = {"field": field, "level": level}
    if one.cells is None:
        then = msgspec.structs.replace(asked, position=one.position, moment=one.sent_at)
        found = opening.dossiers(conn, permit, then, cell, **own, after=after, limit=limit)
        return found, None
    _known(cell, one.cells)
    unit = asked.among.unit
    lines = freezing.dossiers(conn, permit, one, cell, unit=unit, **own, after=after, limit=limit)
    return lines, freezing.moved(conn, one, asked, cell, unit=unit, **own)


def procedures(
    conn: psycopg.Connection[Any], one: Sent, asked: Asked, cell: str
) -> tuple[list[Judged], Moved]:
    """The procedures that a number counted, in the versions of then, and that number today; raises NotFound."""
    _known(cell, _cells_of_procedures(one))
    then = freezing.procedures(conn, one, cell)
    before, after = (
        {(line.code, line.version) for line in lines}
        for lines in (then, opening.procedures(conn, asked, cell))
    )
    moved = Moved(
        then=len(before), now=len(after), left=len(before - after), came=len(after - before)
    )
    return then, moved


def _cells_of_procedures(one: Sent) -> Iterable[str]:
    if one.cells is None:
        return ()
    if one.what == "II.07b":
        return procedure_form.CELLS
    if one.what == INDEX:
        return [f"{m}.{side}" for m in procedure_shares.MEASURES for side in procedure_shares.SIDES]
    return ()


def _known(cell: str, cells: Iterable[str]) -> None:
    known = list(cells)
    if cell not in known:
        raise NotFound(
            "REPORT-CELL", "There is no number called %(name)s; there are: %(known)s.",
            name=cell[:40], known=", ".join(known) or "–",
        )  # fmt: skip
