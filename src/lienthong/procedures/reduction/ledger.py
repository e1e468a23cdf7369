"""The ledger of cuts: what was planned, what was done and by which document; nothing in it is erased."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import errors, sql
from psycopg.rows import class_row

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.procedure import CODE
from lienthong.procedures.reduction.shares import shares

MOST = 1000


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """One cut. `central`: the procedure was settled by the Ministry. Days are working days of settling."""

    id: int = 0
    code: str
    kind: str
    central: bool
    basis: str
    planned: date | None = None
    done: date | None = None
    given_up: date | None = None
    note: str = ""
    days_before: Decimal | None = None
    days_after: Decimal | None = None
    origin: str = ""
    demo: bool = False
    written_by: str = ""
    written_at: datetime | None = None

    @property
    def state(self) -> str:
        """planned, done or given up."""
        return "given_up" if self.given_up else "done" if self.done else "planned"

    @property
    def time_rate(self) -> Decimal | None:
        """(before - after) / before; None when a number is missing."""
        if not self.days_before or self.days_after is None:
            return None
        return (self.days_before - self.days_after) / self.days_before

    def late(self, today: date) -> int:
        """Working days past the planned one."""
        if self.state != "planned" or self.planned is None or today <= self.planned:
            return 0
        return clock.working_days_between(self.planned, today)


_SELECT: LiteralString = (
    "SELECT id, code, kind, central, basis, planned, done, given_up, note, days_before, days_after, origin, demo,"
    " written_by, written_at FROM office.cut WHERE "
)


def cuts(conn: psycopg.Connection[Any], code: str = "") -> list[Cut]:
    """The ledger, by day."""
    with conn.cursor(row_factory=class_row(Cut)) as cursor:
        return cursor.execute(
            sql.SQL(_SELECT)
            + sql.SQL(
                "(%(code)s = '' OR code = %(code)s) ORDER BY coalesce(done, planned), code, id"
            ),
            {"code": code},
        ).fetchall()


def cut(conn: psycopg.Connection[Any], id: int) -> Cut:
    """One cut; raises NotFound."""
    with conn.cursor(row_factory=class_row(Cut)) as cursor:
        found = cursor.execute(sql.SQL(_SELECT) + sql.SQL("id = %s"), [id]).fetchone()
    if found is None:
        raise NotFound("CUT-NOT-FOUND", "There is no cut %(number)s.", number=id)
    return found


def write(conn: psycopg.Connection[Any], actor: audit.Acting | str, given: Cut) -> Cut:
    """Add a cut. Raises Refused for what is missing, Conflict when the procedure leaves the centre already."""
    _check(given)
    try:
        with conn.transaction():
            row = conn.execute(
                "INSERT INTO office.cut (code, kind, central, basis, planned, done, note, days_before, days_after,"
                " origin, demo, written_by, written_at) VALUES (%(code)s, %(kind)s, %(central)s, %(basis)s,"
                " %(planned)s, %(done)s, %(note)s, %(days_before)s, %(days_after)s, %(origin)s, %(demo)s, %(by)s,"
                " %(at)s) RETURNING id",
                {name: getattr(given, name) for name in given.__struct_fields__}
                | {"by": _id(actor), "at": clock.now(), "basis": given.basis.strip()},
            ).fetchone()
    except errors.UniqueViolation as wrong:
        raise Conflict(
            "CUT-TWICE", "Procedure %(number)s stands in the ledger already as one that leaves.", number=given.code
        ) from wrong  # fmt: skip
    assert row
    audit.write(
        conn, actor, "office.cut_written", {"cut": row[0], "code": given.code, "kind": given.kind}
    )
    return cut(conn, row[0])


def _check(given: Cut) -> None:
    if not CODE.match(given.code):
        raise Refused(
            "PROCEDURE-CODE", "“%(written)s” is no procedure code; it looks like 1.012279.", written=given.code[:40]
        )  # fmt: skip
    if given.kind not in shares().kinds:
        raise Refused("CUT-KIND", "Choose one of: %(states)s.", states=", ".join(shares().kinds))
    if given.planned is None and given.done is None:
        raise Refused(
            "CUT-DAY", "Give the day for which it is planned, or the day on which it was done."
        )
    if len(given.basis.strip()) < 3:
        raise Refused("CUT-BASIS", "Name the document or plan behind it.")
    if max(len(given.basis), len(given.note)) > MOST:
        raise Refused("CUT-LONG", "Write at most %(most)s characters.", most=MOST)
    days = (given.days_before, given.days_after)
    if any(day is not None and day < 0 for day in days):
        raise Refused("CUT-TIME", "Days cannot be less than none.")


def finish(conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int, day: date) -> Cut:
    """Say on which day a planned cut was done. Raises Conflict when it is not planned any more."""
    _planned(conn, id)
    if day > clock.today():
        raise Refused("CUT-FUTURE", "The day on which it was done cannot lie in the future.")
    conn.execute(
        "UPDATE office.cut SET done = %s, changed_by = %s, changed_at = %s WHERE id = %s",
        [day, _id(actor), clock.now(), id],
    )
    audit.write(conn, actor, "office.cut_done", {"cut": id, "day": day.isoformat()})
    return cut(conn, id)


def give_up(conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int, reason: str) -> Cut:
    """Give a planned cut up, with the reason. Raises Conflict when it is not planned any more."""
    given = _planned(conn, id)
    if len(reason.strip()) < 5:
        raise Refused("CUT-REASON", "Say in a sentence why it is decided so.")
    note = f"{given.note}\n{reason.strip()}".strip()
    conn.execute(
        "UPDATE office.cut SET given_up = %s, note = %s, changed_by = %s, changed_at = %s WHERE id = %s",
        [clock.today(), note[: 2 * MOST], _id(actor), clock.now(), id],
    )
    audit.write(conn, actor, "office.cut_given_up", {"cut": id})
    return cut(conn, id)


def _planned(conn: psycopg.Connection[Any], id: int) -> Cut:
    given = cut(conn, id)
    if given.state != "planned":
        raise Conflict("CUT-STATE", "This cut is not planned any more.")
    return given


def decimal_of(text: str | None) -> Decimal | None:
    """A number of a form (10, 0,5 or 0.5); None when empty. Raises Refused."""
    written = (text or "").strip().replace(",", ".")
    if not written:
        return None
    try:
        found = Decimal(written)
    except InvalidOperation:
        raise Refused("CUT-NUMBER", "“%(text)s” is no number.", text=written[:40]) from None
    if not found.is_finite() or abs(found) > Decimal(10) ** 15:
        raise Refused("CUT-NUMBER", "“%(text)s” is no number.", text=written[:40])
    return found


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
