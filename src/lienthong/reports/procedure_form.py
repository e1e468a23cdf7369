"""Form II.07b: how many procedures an authority settles, at which level, under the one-stop rule, with a process.

Columns as a public template prints them: of competence (3)-(6), under one-stop (7)-(10), with an internal process
(11)-(14), each total, province, district, commune. There is no district level since 1 July 2025; its columns stay in
the template and hold zero. Whether a procedure is settled under the one-stop rule no source says: unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg

from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.reports.period import Period
from lienthong.reports.succession import MINISTRY

LEVELS = ("province", "district", "commune")


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


def line(procedures: Iterable[Procedure], *, ministry: bool = False) -> Competence:
    """The line of one authority: the ministry's own procedures, or what provinces and communes settle.

    A procedure that both settle counts at each level and once in the total.
    """
    listed = list(procedures)
    if ministry:
        own = [one for one in listed if "ministry" in one.levels]
        return Competence(
            province=0, commune=0, total=len(own), processes=_processes(own), processes_province=None,
            processes_commune=None,
        )  # fmt: skip
    province = [one for one in listed if "province" in one.levels]
    commune = [one for one in listed if "commune" in one.levels]
    both = {one.code: one for one in (*province, *commune)}
    return Competence(
        province=len(province),
        commune=len(commune),
        total=len(both),
        processes=_processes(both.values()),
        processes_province=_processes(province),
        processes_commune=_processes(commune),
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


def _processes(procedures: Iterable[Procedure]) -> int | None:
    """How many have their internal process described here: at least so many are issued; none described is unknown."""
    return sum(bool(one.steps) for one in procedures) or None
