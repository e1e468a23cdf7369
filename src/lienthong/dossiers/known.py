"""Reading one dossier quickly: its applicant as it is kept, and the terms of procedure versions read once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.access import Actor, Permit
from lienthong.dossiers.dossier import Dossier, terms_of
from lienthong.dossiers.history import Terms
from lienthong.errors import NotFound
from lienthong.procedures import catalogue

_NAMES = Dossier.__struct_fields__
_ONE = (
    sql.SQL("SELECT {}, applicant::text, form::text FROM dossiers.dossier WHERE code = %s")
    .format(sql.SQL(", ").join(map(sql.Identifier, _NAMES)))
    .as_bytes(None)
)
"""Written out once: a thousand of these come in a second."""


def with_applicant(conn: psycopg.Connection[Any], code: str) -> tuple[Dossier, bytes, bytes]:
    """The dossier, and its applicant and form as JSON; behind the gate. Raises NotFound."""
    row = conn.execute(_ONE, [code]).fetchone()
    if row is None:
        raise NotFound("DOSSIER-NOT-FOUND", "There is no dossier %(number)s here.", number=code)
    found = Dossier(**dict(zip(_NAMES, row[:-2], strict=True)))
    return found, row[-2].encode(), row[-1].encode()


_READ = "SELECT * FROM dossiers.read_one(%s, %s, %s, %s, %s, %s, %s, %s)"
_decode = msgspec.json.Decoder(Dossier).decode


def read_logged(
    conn: psycopg.Connection[Any], actor: Actor, permit: Permit, code: str, moment: datetime
) -> tuple[Dossier, bytes, bytes]:
    """As `with_applicant`, narrowed to what the gate permitted and with its line in the read log, in one turn.

    `permit` is the gate's answer for dossier.read; `conn` may be in autocommit, for the statement is one transaction.
    Raises NotFound, and then nothing was read.
    """
    scope = "facility" if permit.facility else "province" if permit.province else "all"
    row = conn.execute(
        _READ,
        [
            scope, permit.facility or "", permit.province or "", code, moment, actor.id, actor.facility or "",
            permit.purpose or "",
        ],
    ).fetchone()  # fmt: skip
    if row is None:
        raise NotFound("DOSSIER-NOT-FOUND", "There is no dossier %(number)s here.", number=code)
    return _decode(row[0]), row[1].encode(), row[2].encode()


class Known:
    """The terms of procedure versions that were asked for; a published version is never edited, so they stay true."""

    MOST = 5_000

    def __init__(self) -> None:
        self._terms: dict[tuple[str, int, str, str, str], Terms] = {}

    def of(self, conn: psycopg.Connection[Any], dossier: Dossier) -> Terms:
        """What its procedure version sets for a dossier."""
        rest = (dossier.channel, dossier.case_name, dossier.clock_name)
        key = (dossier.procedure, dossier.procedure_version, *rest)
        found = self._terms.get(key)
        if found is None:
            if len(self._terms) >= self.MOST:
                self._terms.clear()
            version = catalogue.version(conn, dossier.procedure, dossier.procedure_version)
            found = self._terms[key] = terms_of(version.procedure, *rest)
        return found
