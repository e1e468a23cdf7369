"""Reading one dossier quickly: its applicant as it is kept, and the terms of procedure versions read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.dossiers.dossier import Dossier, terms_of
from lienthong.dossiers.history import Terms
from lienthong.errors import Failure, NotFound
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
        raise _not_found(code)
    found = Dossier(**dict(zip(_NAMES, row[:-2], strict=True)))
    return found, row[-2].encode(), row[-1].encode()


_READ = (
    "SELECT code, (to_jsonb(d) - 'applicant' - 'form')::text, applicant::text, form::text"
    " FROM dossiers.dossier d WHERE code = ANY(%s)"
)
_decode = msgspec.json.Decoder(Dossier).decode
Whole = tuple[Dossier, bytes, bytes]
"""A dossier, and its applicant and form as JSON."""


def read(conn: psycopg.Connection[Any], codes: Sequence[str]) -> list[Whole | Failure]:
    """As `with_applicant` for some dossiers at once, in their order; NotFound stands for one that is not here.

    Behind the gate, in the line of readings, which writes down who reads.
    """
    found = {
        code: (_decode(dossier), applicant.encode(), form.encode())
        for code, dossier, applicant, form in conn.execute(_READ, [[*codes]]).fetchall()
    }
    return [found.get(code) or _not_found(code) for code in codes]


def _not_found(code: str) -> NotFound:
    return NotFound("DOSSIER-NOT-FOUND", "There is no dossier %(number)s here.", number=code)


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
