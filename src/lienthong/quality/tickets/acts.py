"""What people do to a ticket: the sender says cause and plan, the database's owner decides on a check in the field.

Nobody at the ministry edits a record: the only way to close a ticket is to send right records. Every act is kept
with the ticket and in the audit trail; texts stand with the ticket only.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, Refused
from lienthong.quality.tickets.ticket import Ticket, one

LEAST, MOST = 5, 1000
"""Characters of a cause, a plan or a reason."""


def plan(
    conn: psycopg.Connection[Any], id: int, cause: str, plan: str, actor: str, *, field: str = ""
) -> Ticket:
    """The sender states why it is wrong and what it will do; `field` is the reason for a check in the field.

    A check in the field is only asked for here: the longer time runs when the owner of the database grants it.
    Raises NotFound, Conflict (closed), Refused (a text is missing or too long).
    """
    given = _active(conn, id)
    texts = {"cause": _text(cause), "plan": _text(plan)}
    asked = _text(field) if field.strip() else None
    check = given.field_check
    if asked and check is None:
        check = "asked"
    now = clock.now()
    conn.execute(
        "UPDATE quality.ticket SET state = 'planned', cause = %s, plan = %s, planned_by = %s, planned_at = %s,"
        " field_check = %s, field_reason = coalesce(%s, field_reason),"
        " level = CASE WHEN state = 'open' THEN 0 ELSE level END WHERE id = %s",
        [texts["cause"], texts["plan"], actor, now, check, asked, id],
    )
    late = max(0, given.late(clock.today())) if given.state == "open" else 0
    about = {**texts, **({"field": asked} if asked else {}), **({"late": late} if late else {})}
    _told(conn, given, actor, "planned", about)
    return one(conn, id)


def decide(conn: psycopg.Connection[Any], id: int, grant: bool, reason: str, actor: str) -> Ticket:
    """The owner of the database grants or refuses the longer time for a check in the field.

    Raises NotFound, Conflict (closed, or nothing was asked), Refused (no reason).
    """
    given = _active(conn, id)
    if given.field_check != "asked":
        raise Conflict("ticket.not-asked", "No check in the field was asked for on this ticket.")
    said, answer = _text(reason), "granted" if grant else "refused"
    conn.execute(
        "UPDATE quality.ticket SET field_check = %s, level = CASE WHEN %s THEN 0 ELSE level END WHERE id = %s",
        [answer, grant, id],
    )
    _told(conn, given, actor, f"field.{answer}", {"reason": said})
    return one(conn, id)


def note(conn: psycopg.Connection[Any], id: int, text: str, actor: str) -> None:
    """Write down what was said or done about it: a call, a reminder, an answer. It changes no clock.

    Raises NotFound, Conflict (closed), Refused (too short or too long).
    """
    given = _active(conn, id)
    _told(conn, given, actor, "noted", {"text": _text(text)})


def _active(conn: psycopg.Connection[Any], id: int) -> Ticket:
    given = one(conn, id, lock=True)
    if given.state == "closed":
        raise Conflict("ticket.closed", "The ticket is closed: corrected records have arrived.")
    return given


def _text(given: str) -> str:
    text = " ".join(given.split())
    if not LEAST <= len(text) <= MOST:
        raise Refused(
            "ticket.text",
            "Write between %(least)s and %(most)s characters.",
            least=LEAST,
            most=MOST,
        )
    return text


def _told(
    conn: psycopg.Connection[Any], given: Ticket, actor: str, act: str, about: dict[str, Any]
) -> None:
    conn.execute(
        "INSERT INTO quality.ticket_act (ticket, at, actor, act, about) VALUES (%s, %s, %s, %s, %s)",
        [given.id, clock.now(), actor, act, Jsonb(about)],
    )
    audit.write(
        conn,
        actor,
        f"ticket.{act}",
        {"ticket": given.id, "contract": given.contract, "sender": given.sender},
    )
