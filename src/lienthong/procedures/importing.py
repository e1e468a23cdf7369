"""Bringing procedures into the catalogue: those with a code that are not there yet, and what describes them in full."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.procedures import catalogue
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
