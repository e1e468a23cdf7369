"""A ticket as it is read: whose it is, what is wrong, what is owed by when, and what happened to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong.errors import NotFound
from lienthong.findings import Criterion, Severity
from lienthong.quality.tickets import correction

State = Literal["open", "planned", "closed"]
Show = Literal["active", "late", "alert", "open", "planned", "closed", "all"]

SHOWS: dict[str, str] = {
    "active": "state <> 'closed'",
    "late": "state <> 'closed' AND {due} < %(today)s",
    "alert": "state <> 'closed' AND alert",
    "open": "state = 'open'",
    "planned": "state = 'planned'",
    "closed": "state = 'closed'",
    "all": "true",
}
DUE = (
    "CASE WHEN state = 'open' THEN plan_due WHEN field_check = 'granted' THEN field_due"
    " ELSE mend_due END"
)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that records of one sender break in one table; `open_rows` is 0 exactly when it is closed."""

    id: int
    contract: str
    sender: str
    province: str
    table_name: str
    rule: str
    field: str
    criterion: Criterion
    severity: Severity
    alert: bool
    state: State
    open_rows: int
    most_rows: int
    opened_on: date
    clock: str
    plan_due: date
    mend_due: date
    field_due: date
    cause: str | None
    plan: str | None
    planned_by: str | None
    planned_at: datetime | None
    field_check: str | None
    field_reason: str | None
    level: int
    reopened: int
    created_at: datetime
    seen_at: datetime
    closed_at: datetime | None

    @property
    def stage(self) -> correction.Stage:
        """What is owed next."""
        return correction.stage(self.state, self.field_check)

    @property
    def due(self) -> date | None:
        """The last day for what is owed next; None when it is closed."""
        last = correction.Due(
            plan=self.plan_due, mend=self.mend_due, field=self.field_due, clock=self.clock
        )
        return correction.next_due(last, self.stage)

    @property
    def rule_key(self) -> str:
        """The rule as counts call it."""
        return f"{self.rule}|{self.field}"

    def late(self, today: date) -> int:
        """Working days late; negative: working days left."""
        return correction.days_late(self.due, today)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a ticket."""

    at: datetime
    actor: str
    act: str
    about: dict[str, Any]


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """How many tickets there are of each kind, among those that the transaction may see."""

    active: int
    late: int
    alert: int
    planned: int
    closed: int
    rows: int


_COLUMNS = ", ".join(Ticket.__struct_fields__)


def one(conn: psycopg.Connection[Any], id: int, *, lock: bool = False) -> Ticket:
    """One ticket; with `lock` nobody else changes it until the transaction ends. Raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM quality.ticket WHERE id = %s{' FOR UPDATE' if lock else ''}",  # noqa: S608
            [id],
        ).fetchone()
    if row is None:
        raise NotFound("ticket.unknown", "There is no ticket %(id)s.", id=id)
    return msgspec.convert(row, Ticket)


def acts(conn: psycopg.Connection[Any], id: int) -> list[Act]:
    """What happened to a ticket, oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT at, actor, act, about FROM quality.ticket_act WHERE ticket = %s ORDER BY id",
            [id],
        ).fetchall()
    return [Act(**row) for row in rows]


def _where(
    contract: str | None, sender: str | None, province: str | None, show: Show, today: date
) -> tuple[str, dict[str, Any]]:
    conditions = [f"({SHOWS[show].format(due=DUE)})"]
    values: dict[str, Any] = {"today": today}
    for name, value in (("contract", contract), ("sender", sender), ("province", province)):
        if value:
            conditions.append(f"{name} = %({name})s")
            values[name] = value
    return " AND ".join(conditions), values


def listed(
    conn: psycopg.Connection[Any],
    *,
    today: date,
    contract: str | None = None,
    sender: str | None = None,
    province: str | None = None,
    show: Show = "active",
    start: int = 0,
    limit: int = 50,
) -> list[Ticket]:
    """Tickets by urgency: alerts first, then by the last day for what is owed, then by rows. `start` skips so many."""
    where, values = _where(contract, sender, province, show, today)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM quality.ticket WHERE {where}"  # noqa: S608
            f" ORDER BY state = 'closed', alert DESC, {DUE}, open_rows DESC, id LIMIT %(limit)s OFFSET %(start)s",
            values | {"limit": limit, "start": start},
        ).fetchall()
    return [msgspec.convert(row, Ticket) for row in rows]


def numbers(
    conn: psycopg.Connection[Any],
    *,
    today: date,
    contract: str | None = None,
    sender: str | None = None,
    province: str | None = None,
) -> Numbers:
    """The counters above a list."""
    where, values = _where(contract, sender, province, "all", today)
    shown = {name: condition.format(due=DUE) for name, condition in SHOWS.items()}
    row = conn.execute(
        "SELECT "  # noqa: S608
        + ", ".join(
            f"count(*) FILTER (WHERE {shown[name]})"
            for name in ("active", "late", "alert", "planned", "closed")
        )
        + f", coalesce(sum(open_rows), 0)::bigint FROM quality.ticket WHERE {where}",
        values,
    ).fetchone()
    assert row is not None
    return Numbers(
        active=row[0], late=row[1], alert=row[2], planned=row[3], closed=row[4], rows=row[5]
    )
