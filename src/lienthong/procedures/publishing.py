"""Publishing and ending as an editor may: by a decision, not for a day that is past, and knowing what is missing.

An import publishes through `catalogue` itself: it brings in what was in force already.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong import audit, clock
from lienthong.errors import Refused
from lienthong.procedures import catalogue
from lienthong.procedures.catalogue import Version
from lienthong.procedures.procedure import Decision


def publish(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    valid_from: date,
    decision: Decision,
    *,
    incomplete: bool = False,
) -> Version:
    """Publish the draft by a decision; `incomplete` says that the missing parts of Art. 8 were seen.

    Raises Refused without a decision, for a day before today when a version is there already, and for parts that are
    missing unseen; NotFound and Conflict as `catalogue.publish`.
    """
    draft = catalogue.draft_of(conn, code)
    _decided(decision.number)
    if catalogue.before(conn, draft) is not None:
        _not_past(valid_from)
    if draft.procedure.missing() and not incomplete:
        raise Refused(
            "PROCEDURE-INCOMPLETE",
            "Parts that Decree 63/2010 Art. 8 asks are missing; confirm that you publish without them.",
        )
    effective = decision.effective or valid_from
    whole = msgspec.structs.replace(decision, effective=effective)
    return catalogue.publish(conn, actor, code, valid_from, whole)


def abolish(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    from_day: date,
    decision: str,
    *,
    successor: str = "",
) -> Version:
    """End a procedure by a decision. Raises Refused without one or for a day before today; else as `catalogue`."""
    _decided(decision)
    _not_past(from_day)
    return catalogue.abolish(
        conn, actor, code, from_day, successor=successor.strip(), decision=decision.strip()
    )


def _decided(number: str) -> None:
    if not number.strip():
        raise Refused("PROCEDURE-DECISION", "The number of the decision is needed.")


def _not_past(day: date) -> None:
    if day < clock.today():
        raise Refused(
            "PROCEDURE-PAST",
            "That day is past: what was in force then stays as it was. Choose today or a later day.",
        )
