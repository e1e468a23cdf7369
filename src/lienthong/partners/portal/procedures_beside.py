"""The Portal's procedures beside ours: what each side says of a code, and the draft that would follow the Portal.

Nothing is decided here: an editor looks at the differences, takes them into a draft or leaves them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import audit
from lienthong.errors import NotFound, Refused
from lienthong.partners.portal.catalogues import document
from lienthong.partners.portal.procedures_in import Told, read
from lienthong.procedures import catalogue
from lienthong.procedures.comparing import Difference, compare
from lienthong.procedures.procedure import Procedure
from lienthong.procedures.proposing import Proposal, over, propose

ORIGIN = "portal"

Standing = Literal["same", "adds", "differs", "only_there", "unread", "not_fetched"]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One code of the Portal beside ours.

    `standing`: the same, the Portal only says more, something differs, we have nothing in force, the Portal's answer
    cannot be read (`problem` says why), or it was not fetched in full yet. `gone_at`: when it was listed no longer.
    """

    code: str
    name: str
    standing: Standing
    gone_at: datetime | None = None
    fetched_at: datetime | None = None
    differences: tuple[Difference, ...] = ()
    unread: tuple[str, ...] = ()
    public: bool | None = None
    problem: Refused | None = None


def beside(conn: psycopg.Connection[Any], on: date) -> list[Beside]:
    """Every procedure that the Portal lists or listed, by code, beside what is in force here on a day."""
    ours = {one.code: one.procedure for one in catalogue.all_in_force(conn, on)}
    rows = conn.execute(
        "SELECT l.code, l.name, l.gone_at, f.body, f.changed_at FROM portal.catalogue l LEFT JOIN portal.catalogue f"
        " ON f.kind = 'procedure' AND f.code = l.code WHERE l.kind = 'procedures' ORDER BY l.code"
    ).fetchall()
    return [_beside(ours, *row) for row in rows]


def one(conn: psycopg.Connection[Any], code: str, on: date) -> Beside:
    """One code; raises NotFound when the Portal never listed it."""
    for found in beside(conn, on):
        if found.code == code:
            return found
    raise NotFound(
        "PROCEDURE-NOT-FOUND", "Procedure %(number)s is not there in that form.", number=code[:20]
    )


def take_over(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, on: date
) -> Proposal:
    """Propose what the Portal says of a code as a draft of ours. Raises NotFound, Refused."""
    body = document(conn, code)
    if body is None:
        raise NotFound(
            "PROCEDURE-NOT-FOUND",
            "Procedure %(number)s is not there in that form.",
            number=code[:20],
        )
    return propose(conn, actor, _of(code, body).procedure, ORIGIN, on)


def _of(code: str, body: dict[str, Any]) -> Told:
    """What an answer says of the code that was asked for; Refused when it speaks of another one."""
    told = read(body)
    if told.procedure.code != code[:8]:
        raise Refused(
            "PROCEDURE-TOLD-OTHER",
            "The Portal was asked for %(asked)s and answered with %(told)s.",
            asked=code,
            told=told.procedure.code,
        )
    return told


def _beside(
    ours: dict[str, Procedure],
    code: str,
    name: str,
    gone_at: datetime | None,
    body: dict[str, Any] | None,
    fetched_at: datetime | None,
) -> Beside:
    found = Beside(code=code, name=name, standing="not_fetched", gone_at=gone_at)
    if body is None:
        return found
    replaced = msgspec.structs.replace(found, fetched_at=fetched_at)
    try:
        told: Told = _of(code, body)
    except Refused as problem:
        return msgspec.structs.replace(replaced, standing="unread", problem=problem)
    mine = ours.get(told.procedure.code)
    laid = over(mine, told.procedure) if mine else told.procedure
    differences = compare(mine, laid)
    return msgspec.structs.replace(
        replaced,
        standing=_standing(mine, laid) if differences else "same",
        differences=differences,
        unread=told.unread,
        public=told.public,
    )


def _standing(mine: Procedure | None, laid: Procedure) -> Standing:
    """Whether the Portal says otherwise or only more: then ours, laid over both, changes nothing."""
    if mine is None:
        return "only_there"
    back = over(laid, msgspec.structs.replace(mine, marks={}))
    return (
        "adds"
        if msgspec.structs.replace(back, marks={}) == msgspec.structs.replace(laid, marks={})
        else "differs"
    )
