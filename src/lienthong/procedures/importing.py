"""Bringing procedures into the catalogue: what is not there yet is published, what differs is proposed as a draft."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import audit
from lienthong.errors import NotFound
from lienthong.procedures import catalogue
from lienthong.procedures.comparing import Difference, compare
from lienthong.procedures.described import Described
from lienthong.procedures.procedure import Procedure


class Brought(msgspec.Struct, frozen=True):
    """How many were published, were there already, have no national code."""

    published: int
    there: int
    uncoded: int


def publish_new(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    procedures: Iterable[Procedure],
    origin: str,
    valid_from: date,
) -> Brought:
    """Draft and publish from a day on; a procedure that has a version already is not touched."""
    there = {
        code for (code,) in conn.execute("SELECT DISTINCT code FROM procedures.version").fetchall()
    }
    published = known = uncoded = 0
    for procedure in procedures:
        if not procedure.code:
            uncoded += 1
        elif procedure.code in there:
            known += 1
        else:
            catalogue.draft(conn, actor, procedure, origin)
            catalogue.publish(conn, actor, procedure.code, valid_from)
            published += 1
    return Brought(published, known, uncoded)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What another system says of a procedure beside what we published.

    `status`: `same` (nothing to do), `drafted` (a draft to compare was written), `waiting` (it differs, but somebody
    is writing a draft, which was left alone).
    """

    code: str
    status: Literal["same", "drafted", "waiting"]
    differences: tuple[Difference, ...] = ()
    version: int | None = None


def publish_described(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, descriptions: Iterable[Described]
) -> Brought:
    """Publish descriptions over what the list says of their codes, each once; without a code none is published.

    What is published for a later day, or is being drafted, is left alone.
    """
    published = known = uncoded = 0
    for one in descriptions:
        code = one.procedure.code
        if not code or one.valid_from is None:
            uncoded += 1
            continue
        there = catalogue.versions(conn, code)
        begun = max((old.valid_from for old in there if old.valid_from), default=None)
        later = begun is not None and begun >= one.valid_from
        if later or any(old.status == "draft" or old.origin == one.origin for old in there):
            known += 1
        else:
            catalogue.draft(conn, actor, one.procedure, one.origin)
            catalogue.publish(conn, actor, code, one.valid_from)
            published += 1
    return Brought(published, known, uncoded)


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
    """Ours with the parts that the other side sends; how sure our replaced parts were is no longer said."""
    empty = Procedure(name={})
    sent = {
        name: value
        for name in told.__struct_fields__
        if (value := getattr(told, name)) != getattr(empty, name)
    }
    sent["name"] = ours.name | told.name
    return msgspec.structs.replace(ours, **sent)
