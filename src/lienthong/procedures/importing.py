"""Bringing a list of procedures into the catalogue: those with a code that are not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.procedures import catalogue
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
