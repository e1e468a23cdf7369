"""What another system says of a procedure, laid over ours: what differs is proposed as a draft, never published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import audit
from lienthong.errors import NotFound
from lienthong.procedures import catalogue
from lienthong.procedures.comparing import Difference, compare
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit
from lienthong.procedures.searching import plain


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What another system says of a procedure beside what we published.

    `status`: `same` (nothing to do), `drafted` (a draft to compare was written), `waiting` (it differs, but somebody
    is writing a draft, which was left alone).
    """

    code: str
    status: Literal["same", "drafted", "waiting"]
    differences: tuple[Difference, ...] = ()
    version: int | None = None


def propose(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    told: Procedure,
    origin: str,
    on: date,
) -> Proposal:
    """Compare what another system says with what is in force, and write the draft that would follow it.

    Parts that the other side does not send stay as they are. Nothing is published. Raises Refused without a code.
    """
    code = told.code
    try:
        ours: Procedure | None = catalogue.in_force(conn, code, on).procedure
    except NotFound:
        ours = None
    wanted = over(ours, told) if ours else told
    differences = compare(ours, wanted)
    if not differences:
        return Proposal(code=code, status="same")
    waiting = [one for one in catalogue.versions(conn, code) if one.status == "draft"]
    if waiting and waiting[0].origin != origin:
        return Proposal(
            code=code, status="waiting", differences=differences, version=waiting[0].version
        )
    if waiting and waiting[0].procedure == wanted:
        return Proposal(
            code=code, status="drafted", differences=differences, version=waiting[0].version
        )
    made = catalogue.draft(conn, actor, wanted, origin)
    return Proposal(code=code, status="drafted", differences=differences, version=made.version)


def over(ours: Procedure, told: Procedure) -> Procedure:
    """Ours with the parts that the other side sends, row by row; what it does not say stays.

    A part that changes loses its mark of evidence: the source that it names no longer says it.
    """
    sent = _said(told)
    sent["name"] = ours.name | told.name
    for part in ("components", "steps", "results", "competent"):
        if part in sent:
            sent[part] = tuple(_row(getattr(ours, part), row, _called) for row in sent[part])
    if "manners" in sent:
        sent["manners"] = _manners(ours.manners, sent["manners"])
    laid = msgspec.structs.replace(ours, **sent)
    changed = {mark for one in compare(ours, laid) for mark in MARKS.get(one.part, (one.part,))}
    kept = {part: mark for part, mark in ours.marks.items() if part not in changed}
    return msgspec.structs.replace(laid, marks=kept)


MARKS = {"manners": ("limit", "manner", "fees"), "competent": ("authority",), "limit_text": ()}
"""Marks of a part that have another name than it."""


def _said(one: Any) -> dict[str, Any]:
    """The fields of a struct that say something: those that differ from their default."""
    empty = msgspec.convert({"name": {}, "agency": "", "amount": 0}, type(one))
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return {name: value for name, value in fields.items() if value != getattr(empty, name)}


def _row(ours: tuple[Any, ...], told: Any, called: Callable[[Any], Any]) -> Any:
    """The told row over our row of the same name and case; alone when we have none."""
    mine = next((one for one in ours if called(one) == called(told)), None)
    if mine is None:
        return told
    said = _said(told)
    if "name" in said:
        said["name"] = mine.name | told.name
    return msgspec.structs.replace(mine, **said)


def _called(row: Any) -> tuple[str, str]:
    name = getattr(row, "name", None)
    return plain(name.get("vi", "") if name else getattr(row, "agency", "")), getattr(
        row, "case", ""
    )


def _manners(ours: tuple[Manner, ...], told: tuple[Manner, ...]) -> tuple[Manner, ...]:
    """The told channels over ours; ours stay beside a side that does not tell channels apart."""
    laid = tuple(_manner(ours, one) for one in told)
    if any(one.channel != "any" for one in told):
        return laid
    return laid + tuple(one for one in ours if one.channel != "any")


def _manner(ours: tuple[Manner, ...], told: Manner) -> Manner:
    """The told channel over ours.

    Limits that say the same keep our basis. Stages and parallel clocks, which the other side cannot say, stay beside
    what it says.
    """
    mine = next((one for one in ours if one.channel == told.channel), None)
    if mine is None:
        return told
    unsayable = tuple(one for one in mine.limits if one.stage or one.clock != "normal")
    sayable = tuple(one for one in mine.limits if one not in unsayable)
    same = not told.limits or [_span(one) for one in sayable] == [_span(one) for one in told.limits]
    return msgspec.structs.replace(
        mine,
        limits=mine.limits if same else told.limits + unsayable,
        fees=mine.fees if told.fees is None else told.fees,
    )


def _span(limit: TimeLimit) -> tuple[Any, ...]:
    return limit.value, limit.unit, limit.case
