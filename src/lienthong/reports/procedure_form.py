"""Form II.07b: how many procedures an authority settles, at which level, under the one-stop rule, with a process.

Columns as a public template prints them: of competence (3)-(6), under one-stop (7)-(10), with an internal process
(11)-(14), each total, province, district, commune. There is no district level since 1 July 2025; its columns stay in
the template and hold zero. Whether a procedure is settled under the one-stop rule no source says: unknown, not zero.
A number is a condition on procedures, so that it opens to what it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import psycopg

from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.reports.period import Period
from lienthong.reports.succession import MINISTRY

LEVELS = ("province", "district", "commune")
_ELSEWHERE = {"province", "commune"}


class Competence(msgspec.Struct, frozen=True, kw_only=True):
    """One line: numbers of procedures; None is unknown."""

    province: int
    commune: int
    processes_province: int | None
    processes_commune: int | None
    total: int
    processes: int | None
    district: int = 0

    def columns(self) -> tuple[int | None, ...]:
        """Columns (3) to (14) in the order of the form."""
        return (
            self.total, self.province, self.district, self.commune, None, None, None, None, self.processes,
            self.processes_province, 0, self.processes_commune,
        )  # fmt: skip


COLUMNS = (
    "total", "province", "", "commune", "", "", "", "", "processes", "processes_province", "", "processes_commune",
)  # fmt: skip
"""The cell that each of the columns (3) to (14) counts."""
CELLS: Mapping[str, Callable[[Procedure], bool]] = {
    "total": lambda one: bool(_ELSEWHERE & set(one.levels)),
    "province": lambda one: "province" in one.levels,
    "commune": lambda one: "commune" in one.levels,
    "processes": lambda one: bool(_ELSEWHERE & set(one.levels) and one.steps),
    "processes_province": lambda one: "province" in one.levels and bool(one.steps),
    "processes_commune": lambda one: "commune" in one.levels and bool(one.steps),
    "ministry": lambda one: MINISTRY in one.levels,
    "processes_ministry": lambda one: MINISTRY in one.levels and bool(one.steps),
}
"""Which procedures each number counts, of a province and of the ministry."""


def cells_of(procedure: Procedure) -> tuple[str, ...]:
    """The numbers that a procedure is in."""
    return tuple(name for name, holds in CELLS.items() if holds(procedure))


def cell_of(column: int, line: str) -> str:
    """The cell of the column at a place among (3) to (14), in the line of a province or of the ministry."""
    name = COLUMNS[column]
    if line != MINISTRY:
        return name
    return {"total": "ministry", "processes": "processes_ministry"}.get(name, "")


def line(procedures: Iterable[Procedure], *, ministry: bool = False) -> Competence:
    """The line of one authority: the ministry's own procedures, or what provinces and communes settle.

    A procedure that both settle counts at each level and once in the total.
    """
    listed = list({one.code: one for one in procedures}.values())
    counts = {name: sum(map(holds, listed)) for name, holds in CELLS.items()}
    if ministry:
        return Competence(
            province=0, commune=0, total=counts["ministry"], processes=counts["processes_ministry"] or None,
            processes_province=None, processes_commune=None,
        )  # fmt: skip
    # At least so many processes are issued as are described here; none described is unknown.
    return Competence(
        province=counts["province"],
        commune=counts["commune"],
        total=counts["total"],
        processes=counts["processes"] or None,
        processes_province=counts["processes_province"] or None,
        processes_commune=counts["processes_commune"] or None,
    )


def counted(
    conn: psycopg.Connection[Any], period: Period, provinces: Iterable[str]
) -> dict[str, Competence]:
    """The ministry and each province, by the catalogue in force on the last day of the period.

    The catalogue is the nation's: what a province added by itself is not known here.
    """
    listed = [one.procedure for one in catalogue.all_in_force(conn, period.last)]
    same = line(listed)
    return {MINISTRY: line(listed, ministry=True)} | dict.fromkeys(provinces, same)
