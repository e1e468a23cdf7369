"""What a report knows of one dossier at a moment: the one base under every number about dossiers.

A fact is computed from the events that had happened by then, so a past period gives the same numbers today as it gave
when it ended. Forms and index are two named projections of the same facts. `facts` reads them dossier by dossier and
is the yardstick; the numbers themselves are counted in SQL over the same facts kept as rows (standing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.dossiers.dossier import limit_of, terms_of
from lienthong.dossiers.history import Event, Terms, account, replay
from lienthong.dossiers.moves import Moves, moves
from lienthong.procedures.procedure import Procedure
from lienthong.reports.period import Period, month, quarter, year

__all__ = ["Fact", "Period", "fact_of", "facts", "month", "quarter", "year"]

Outcome = Literal["open", "settled", "not_received", "withdrawn", "stopped"]
FLAGS = ("paid_online", "digitised", "vneid", "from_store", "population")
"""What is said of a dossier when it is filed, and counts in the index; None: nobody said."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier at a moment.

    `ended_at` is the end that is compared with the due date: a correction changes it only by custom (history.account).
    `due_at` is moved by the waits that are over; while one is open it is what it was when the wait began. `longest_due`
    is the end of the procedure's longest limit, for a dossier that has no due date of its own.
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
    longest_due: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = "open"
    waiting_since: datetime | None = None
    supplements: int = 0
    e_result: bool = False
    asked_fee: bool = False
    paid_online: bool | None = None
    digitised: bool | None = None
    vneid: bool | None = None
    from_store: bool | None = None
    population: bool | None = None

    @property
    def index_due(self) -> datetime | None:
        """The deadline of indicator 2.1: the dossier's own, else that of the procedure's longest limit."""
        return self.due_at or self.longest_due


def facts(
    conn: psycopg.Connection[Any],
    period: Period,
    *,
    unit: str | None = None,
    province: str | None = None,
) -> list[Fact]:
    """The facts of every dossier that was received by the end of the period and not ended before it began.

    Codes of units and provinces are those the dossiers were given.
    """
    table, known = moves(), Versions(conn)
    rows = read(
        conn,
        "WHERE d.filed_at < %(ends)s AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)"
        " AND (%(province)s::text IS NULL OR d.province = %(province)s)",
        {"ends": period.ends, "unit": unit, "province": province},
    )
    found = []
    for row in rows:
        events = [event for event in events_of(row) if event.at < period.ends]
        if events:
            found.append(known.fact(row, events, table))
    return [fact for fact in found if concerns(fact, period)]


def concerns(fact: Fact, period: Period) -> bool:
    """Whether a dossier is in a period: received by its end and not ended before it began."""
    received = fact.received_at
    if received is None or received >= period.ends:
        return False
    return fact.ended_at is None or fact.ended_at >= period.begins


def read(
    conn: psycopg.Connection[Any], where: str, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Dossiers with all their events, without what tells who the applicant is."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_READ.format(where=sql.SQL(where)), values).fetchall()


_READ = sql.SQL(
    "SELECT d.code, d.unit, d.procedure, d.procedure_version, d.channel, d.province, d.case_name,"
    " d.clock_name, d.last_event, d.applicant -> 'paid_online' AS paid_online,"
    " d.applicant -> 'digitised' AS digitised, d.applicant -> 'vneid' AS vneid,"
    " d.applicant -> 'from_store' AS from_store, d.applicant -> 'population' AS population, e.events"
    " FROM dossiers.dossier d CROSS JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('act', act,"
    " 'to_state', to_state, 'from_state', from_state, 'at', at, 'number', number, 'position', position,"
    " 'about', about) ORDER BY number) AS events FROM dossiers.event WHERE dossier = d.code) e "
    " {where} ORDER BY d.code"
)


def events_of(row: Mapping[str, Any]) -> list[Event]:
    """The events in a row of `read`."""
    return msgspec.convert(row["events"] or [], list[Event])


class Versions:
    """Procedure versions as they are needed, each read once."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._procedures: dict[tuple[str, int], Procedure] = {}
        self._terms: dict[tuple[str, int, str, str, str], Terms] = {}

    def procedure(self, code: str, version: int) -> Procedure:
        """The procedure that a dossier is under."""
        if not self._procedures:
            rows = self._conn.execute("SELECT code, version, document FROM procedures.version")
            self._procedures = {
                (name, number): msgspec.convert(document, Procedure)
                for name, number, document in rows.fetchall()
            }
        return self._procedures[code, version]

    def fact(self, row: Mapping[str, Any], events: Sequence[Event], table: Moves) -> Fact:
        """The fact that these events of a dossier make."""
        procedure = self.procedure(row["procedure"], row["procedure_version"])
        key = (
            row["procedure"],
            row["procedure_version"],
            row["channel"],
            row["case_name"],
            row["clock_name"],
        )
        if key not in self._terms:
            self._terms[key] = terms_of(procedure, *key[2:])
        return fact_of(
            row["code"], events, self._terms[key], table, procedure,
            unit=row["unit"], channel=row["channel"], province=row["province"],
            **{name: _said(row[name]) for name in FLAGS},
        )  # fmt: skip


def fact_of(
    code: str,
    events: Sequence[Event],
    terms: Terms,
    table: Moves,
    procedure: Procedure,
    **more: Any,
) -> Fact:
    """The fact that these events make; pure."""
    told = account(events, table)
    found = replay(told, terms, table)
    due = found.due_at
    if found.waiting_since is not None:
        due = replay(before_wait(told, table), terms, table).due_at
    longest = None
    if due is None and found.received_at is not None:
        longest = _longest(told, procedure, table)
    settled = next((event for event in reversed(events) if event.to_state == "settled"), None)
    return Fact(
        code=code,
        procedure=procedure.code,
        field=procedure.field,
        level=procedure.levels[0] if procedure.levels else "",
        state=events[-1].to_state,
        filed_at=found.filed_at,
        received_at=found.received_at,
        due_at=due,
        longest_due=longest,
        ended_at=found.ended_at,
        outcome=_outcome(found.state) if found.ended_at else "open",
        waiting_since=found.waiting_since,
        supplements=found.supplements,
        e_result=bool(settled and settled.about.get("file") and settled.about.get("result_code")),
        asked_fee=any(event.to_state == "payment" for event in told),
        **more,
    )


def before_wait(events: Sequence[Event], table: Moves) -> Sequence[Event]:
    """The events before the open wait at their end began."""
    at = len(events)
    while at > 1 and table.states[events[at - 1].to_state].clock == "waits":
        at -= 1
    return events[:at]


def _longest(events: Sequence[Event], procedure: Procedure, table: Moves) -> datetime | None:
    """The latest end that any limit of the procedure would give; None without any limit."""
    known = before_wait(events, table)
    ends = [replay(known, [limit_of(limit)], table).due_at for limit in procedure.limits]
    return max((end for end in ends if end is not None), default=None)


def _outcome(state: str) -> str:
    return "settled" if state == "returned" else state


def _said(value: Any) -> bool | None:
    """A flag of a filing: true, false, the Portal's kinds of online payment (1, 2), or nothing said."""
    if value is None or isinstance(value, bool):
        return value
    return str(value) in ("1", "2")
