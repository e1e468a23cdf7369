"""The differences that are followed: who owns them, until when, and how the Office closes one by decision."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.lists import comparing
from lienthong.procedures.lists.bringing import unit_named

Show = Literal["open", "late", "closed", "all"]
LEAST_REASON = 5


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `state`: open; agreed (the lists now say the same); decided (with a reason); replaced.

    A decision is replaced when a unit says something else than when it was taken.
    """

    id: int
    code: str
    kind: str
    said: dict[str, Any]
    state: str
    owner: str
    due: date
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    decision: Any = None
    reason: str | None = None

    def late(self, today: date) -> int:
        """Working days past the last one; 0 while there is time or when it is closed."""
        if self.state != "open" or today <= self.due:
            return 0
        return clock.working_days_between(self.due, today)


_SELECT: LiteralString = (
    "SELECT id, code, kind, said, state, owner, due, opened_at, closed_at, closed_by, decision, reason"
    " FROM office.difference WHERE "
)


def listed(
    conn: psycopg.Connection[Any],
    today: date,
    *,
    show: Show = "open",
    owner: str = "",
    kind: str = "",
    code: str = "",
) -> list[Difference]:
    """Differences, the most urgent first."""
    where: dict[str, LiteralString] = {
        "open": "state = 'open'",
        "late": "state = 'open' AND due < %(today)s",
        "closed": "state <> 'open'",
        "all": "true",
    }
    with conn.cursor(row_factory=class_row(Difference)) as cursor:
        return cursor.execute(
            sql.SQL(_SELECT)
            + sql.SQL(where[show])
            + sql.SQL(
                " AND (%(owner)s = '' OR owner = %(owner)s) AND (%(kind)s = '' OR kind = %(kind)s)"
                " AND (%(code)s = '' OR code = %(code)s)"
                " ORDER BY (state = 'open') DESC, CASE WHEN state = 'open' THEN due END, closed_at DESC, code, kind"
            ),
            {"today": today, "owner": owner, "kind": kind, "code": code},
        ).fetchall()


def one(conn: psycopg.Connection[Any], id: int) -> Difference:
    """One difference; raises NotFound."""
    with conn.cursor(row_factory=class_row(Difference)) as cursor:
        found = cursor.execute(sql.SQL(_SELECT) + sql.SQL("id = %s"), [id]).fetchone()
    if found is None:
        raise NotFound("LIST-DIFFERENCE", "There is no difference %(number)s.", number=id)
    return found


def choices(given: Difference) -> list[Any]:
    """What may be decided: what some unit says; for a missing procedure whether it belongs in the list."""
    if given.kind == comparing.MISSING:
        return [comparing.HERE, comparing.ABSENT]
    seen: dict[Any, Any] = {}
    for value in given.said.values():
        seen.setdefault(comparing.key_of(given.kind, value), value)
    return list(seen.values())


def decide(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int, value: Any, reason: str
) -> Difference:
    """The Office decides for one of the values, with its reason. Raises Refused, Conflict when it is closed already."""
    given = one(conn, id)
    if given.state != "open":
        raise Conflict("LIST-CLOSED", "This difference is closed already.")
    if value not in choices(given):
        raise Refused("LIST-DECISION", "Choose one of the values that the units say.")
    if len(reason.strip()) < LEAST_REASON:
        raise Refused("LIST-REASON", "Say in a sentence why it is decided so.")
    conn.execute(
        "UPDATE office.difference SET state = 'decided', decision = %s, reason = %s, closed_at = %s, closed_by = %s"
        " WHERE id = %s AND state = 'open'",
        [Jsonb(value), reason.strip(), clock.now(), _id(actor), id],
    )
    audit.write(
        conn,
        actor,
        "office.difference_decided",
        {"difference": id, "code": given.code, "kind": given.kind},
    )
    return one(conn, id)


def assign(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int, owner: str, due: date
) -> Difference:
    """Give an open difference to a unit until a day. Raises NotFound for another unit, Conflict when it is closed."""
    unit_named(owner)
    given = one(conn, id)
    if given.state != "open":
        raise Conflict("LIST-CLOSED", "This difference is closed already.")
    conn.execute(
        "UPDATE office.difference SET owner = %s, due = %s, assigned = true WHERE id = %s",
        [owner, due, id],
    )
    audit.write(
        conn, actor, "office.difference_assigned",
        {"difference": id, "owner": owner, "due": due.isoformat(), "owner_before": given.owner},
    )  # fmt: skip
    return one(conn, id)


def reopen(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int, reason: str
) -> Difference:
    """Take a decision back, with a reason; the difference is open again."""
    given = one(conn, id)
    if given.state != "decided":
        raise Conflict("LIST-NOT-DECIDED", "Only a decision can be taken back.")
    if len(reason.strip()) < LEAST_REASON:
        raise Refused("LIST-REASON", "Say in a sentence why it is decided so.")
    conn.execute(
        "UPDATE office.difference SET state = 'open', decision = NULL, reason = NULL, closed_at = NULL,"
        " closed_by = NULL WHERE id = %s",
        [id],
    )
    audit.write(
        conn, actor, "office.difference_reopened",
        {"difference": id, "decision": given.decision, "reason": reason.strip()[:200]},
    )  # fmt: skip
    return one(conn, id)


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
