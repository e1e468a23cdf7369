"""What a report knows of one dossier as of the end of a period: the one base under every number about dossiers.

A fact is computed from the events that had happened by then, so a past period gives the same numbers today as it gave
when it ended. Forms and index are two named projections of the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong.clock import VIETNAM
from lienthong.dossiers.deadlines import Limit
from lienthong.dossiers.dossier import limits_of
from lienthong.dossiers.history import Event, replay
from lienthong.dossiers.moves import Moves, moves
from lienthong.procedures.procedure import Procedure


class Period(msgspec.Struct, frozen=True):
    """Days from `first` to `last`, both inside, on Vietnam's calendar."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """The first moment inside."""
        return datetime.combine(self.first, time.min, VIETNAM)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, VIETNAM)

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment lies inside."""
        return moment is not None and self.begins <= moment < self.ends


def month(year: int, number: int) -> Period:
    """One month."""
    return Period(date(year, number, 1), _last(year, number))


def quarter(year: int, number: int) -> Period:
    """One quarter, 1 to 4."""
    return Period(date(year, 3 * number - 2, 1), _last(year, 3 * number))


def year(number: int) -> Period:
    """One year."""
    return Period(date(number, 1, 1), date(number, 12, 31))


def _last(year_: int, number: int) -> date:
    following = date(year_ + number // 12, number % 12 + 1, 1)
    return following - timedelta(days=1)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier as of the end of a period.

    `due_at` is moved by waits already; `waiting_since` an open wait; `ended_at` the moment that is compared with
    the due date (settled first, else handed over, else refused, stopped or withdrawn). `longest` is the end of the
    procedure's longest limit, for dossiers without a due date of their own.
    """

    code: str
    unit: str
    procedure: str
    channel: str
    state: str
    filed_at: datetime
    province: str = ""
    field: str = ""
    level: str = ""
    received_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    waiting_since: datetime | None = None
    supplements: int = 0
    e_result: bool = False
    asked_fee: bool = False
    paid_online: bool | None = None
    digitised: bool | None = None
    vneid: bool | None = None
    from_store: bool | None = None


def facts(
    conn: psycopg.Connection[Any],
    period: Period,
    *,
    unit: str | None = None,
    province: str | None = None,
) -> list[Fact]:
    """The facts of every dossier that was received by the end of the period and not ended before it began."""
    table = moves()
    procedures = _procedures(conn)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT d.code, d.unit, d.procedure, d.procedure_version, d.channel, d.province, d.case_name, d.clock_name,"
            " d.applicant - 'name' - 'number' - 'phone' - 'email' - 'technical_id' AS known, e.events"
            " FROM dossiers.dossier d CROSS JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('act', act,"
            " 'to_state', to_state, 'from_state', from_state, 'at', at, 'number', number,"
            " 'about', about) ORDER BY number) AS events"
            " FROM dossiers.event e WHERE e.dossier = d.code AND e.at < %(ends)s) e"
            " WHERE d.filed_at < %(ends)s AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)"
            " AND (%(province)s::text IS NULL OR d.province = %(province)s)"
            " AND (d.settled_at IS NULL OR d.settled_at >= %(begins)s) ORDER BY d.code",
            {"ends": period.ends, "begins": period.begins, "unit": unit, "province": province},
        ).fetchall()
    found = (_fact(row, procedures, table) for row in rows if row["events"])
    return [fact for fact in found if _concerns(fact, period)]


def _concerns(fact: Fact, period: Period) -> bool:
    """Whether a dossier is in a period: received in it or open when it began."""
    received = fact.received_at
    if received is None or received >= period.ends:
        return False
    return fact.ended_at is None or fact.ended_at >= period.begins


def _fact(row: dict[str, Any], procedures: dict[tuple[str, int], Procedure], table: Moves) -> Fact:
    procedure = procedures[row["procedure"], row["procedure_version"]]
    limits = limits_of(procedure, row["channel"], row["case_name"], row["clock_name"])
    events = [msgspec.convert(event, Event) for event in row["events"]]
    known = row["known"] or {}
    return fact_of(
        row["code"], events, limits, table,
        unit=row["unit"], procedure=row["procedure"], channel=row["channel"], province=row["province"],
        field=procedure.field, level=procedure.levels[0] if procedure.levels else "",
        paid_online=known.get("paid_online") in ("1", "2") if "paid_online" in known else None,
        digitised=known.get("digitised"), vneid=known.get("vneid"), from_store=known.get("from_store"),
    )  # fmt: skip


def fact_of(
    code: str, events: list[Event], limits: Iterable[Limit], table: Moves, **more: Any
) -> Fact:
    """The fact that these events make; pure."""
    found = replay(events, limits, table)
    settled = next((event for event in reversed(events) if event.to_state == "settled"), None)
    return Fact(
        code=code,
        state=found.state,
        filed_at=found.filed_at,
        received_at=found.received_at,
        due_at=found.due_at,
        ended_at=found.settled_at or found.returned_at or found.ended_at,
        waiting_since=found.waiting_since,
        supplements=found.supplements,
        e_result=bool(settled and settled.about.get("file") and settled.about.get("result_code")),
        asked_fee=any(event.to_state == "payment" for event in events),
        **more,
    )


def _procedures(conn: psycopg.Connection[Any]) -> dict[tuple[str, int], Procedure]:
    rows = conn.execute("SELECT code, version, document FROM procedures.version").fetchall()
    return {(code, number): msgspec.convert(document, Procedure) for code, number, document in rows}
