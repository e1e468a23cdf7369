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
Show = Literal["active", "late", "told", "alert", "open", "planned", "closed", "all"]

SHOWS: dict[str, str] = {
    "active": "state <> 'closed'",
    "late": "state <> 'closed' AND {due} < %(today)s",
    "told": "state <> 'closed' AND level > 0",
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

    @property
    def cause_key(self) -> tuple[str, str, str]:
        """What it shares with tickets of other senders: contract, table, rule."""
        return self.contract, self.table_name, self.rule_key

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
    told: int
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


class Among(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets are meant; what is None or empty does not narrow. `rule` is the rule with its field (`X-1|A`)."""

    contract: str | None = None
    sender: str | None = None
    province: str | None = None
    table_name: str | None = None
    rule: str | None = None

    def where(self, show: Show, today: date) -> tuple[str, dict[str, Any]]:
        """The condition of a statement and its values."""
        conditions = [f"({SHOWS[show].format(due=DUE)})"]
        values: dict[str, Any] = {"today": correction.judged(today)}
        for name in ("contract", "sender", "province", "table_name"):
            if given := getattr(self, name):
                conditions.append(f"{name} = %({name})s")
                values[name] = given
        if self.rule:
            conditions.append("rule = %(rule)s AND field = %(field)s")
            values["rule"], _, values["field"] = self.rule.partition("|")
        return " AND ".join(conditions), values


def listed(
    conn: psycopg.Connection[Any],
    among: Among | None = None,
    *,
    today: date,
    show: Show = "active",
    start: int = 0,
    limit: int = 50,
) -> list[Ticket]:
    """Tickets by urgency: alerts first, then by the last day for what is owed, then by rows. `start` skips so many."""
    where, values = (among or Among()).where(show, today)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM quality.ticket WHERE {where}"  # noqa: S608
            f" ORDER BY state = 'closed', alert DESC, {DUE}, open_rows DESC, id LIMIT %(limit)s OFFSET %(start)s",
            values | {"limit": limit, "start": start},
        ).fetchall()
    return [msgspec.convert(row, Ticket) for row in rows]


def numbers(conn: psycopg.Connection[Any], among: Among | None = None, *, today: date) -> Numbers:
    """The counters above a list."""
    where, values = (among or Among()).where("all", today)
    row = conn.execute(
        f"SELECT {_counters()} FROM quality.ticket WHERE {where}",  # noqa: S608
        values,
    ).fetchone()
    assert row is not None
    return Numbers(**dict(zip(Numbers.__struct_fields__, row, strict=True)))


def _counters() -> str:
    shown = [
        f"count(*) FILTER (WHERE {SHOWS[name].format(due=DUE)})"
        for name in ("active", "late", "told", "alert", "planned", "closed")
    ]
    return ", ".join([*shown, "coalesce(sum(open_rows), 0)::bigint"])


By = Literal["cause", "sender", "province"]
GROUPS: dict[str, tuple[str, ...]] = {
    "cause": ("contract", "table_name", "rule", "field"),
    "sender": ("sender",),
    "province": ("province",),
}


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets that share a cause, a sender or a province; `senders` is how many have one that is not closed."""

    contract: str = ""
    table_name: str = ""
    rule: str = ""
    field: str = ""
    sender: str = ""
    province: str = ""
    senders: int
    due: date | None
    numbers: Numbers

    @property
    def rule_key(self) -> str:
        """The rule as lists of tickets take it."""
        return f"{self.rule}|{self.field}"

    @property
    def cause_key(self) -> tuple[str, str, str]:
        """Contract, table and rule of a group by cause."""
        return self.contract, self.table_name, self.rule_key


def groups(
    conn: psycopg.Connection[Any],
    by: By,
    among: Among | None = None,
    *,
    today: date,
    show: Show = "active",
    start: int = 0,
    limit: int = 50,
) -> list[Group]:
    """Tickets of a list by what they share: with alerts first, then by open rows. `due` is the nearest last day."""
    where, values = (among or Among()).where(show, today)
    names = GROUPS[by]
    whose = "DISTINCT sender" if by == "province" else "*"  # a sender has one ticket for a cause
    rows = conn.execute(
        f"SELECT {', '.join(names)}, count({whose}) FILTER (WHERE state <> 'closed'),"  # noqa: S608
        f" min({DUE}) FILTER (WHERE state <> 'closed'), {_counters()} FROM quality.ticket WHERE {where}"
        f" GROUP BY {', '.join(names)} ORDER BY count(*) FILTER (WHERE state <> 'closed' AND alert) > 0 DESC,"
        f" sum(open_rows) DESC, {', '.join(names)} LIMIT %(limit)s OFFSET %(start)s",
        values | {"limit": limit, "start": start},
    ).fetchall()
    width = len(names)
    return [
        Group(
            **dict(zip(names, row[:width], strict=True)), senders=row[width], due=row[width + 1],
            numbers=Numbers(**dict(zip(Numbers.__struct_fields__, row[width + 2 :], strict=True))),
        )
        for row in rows
    ]  # fmt: skip
