"""Catalogues of the Portal: agencies, fields, the list of procedures and each procedure in full.

Nothing over there says what changed, so the whole list is compared each time; what is no longer listed is marked with
the day and never deleted. What a procedure says there becomes one of ours in `procedures_in`, decided by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong.errors import Refused
from lienthong.partners.portal import mending
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.envelope import opened

KEYS = {
    "agencies": ("MADONVI", "TENDONVI"),
    "fields": ("MALINHVUC", "TENLINHVUC"),
    "procedures": ("MATTHC", "TENTTHC"),
}
"""Which member is the code and which the name of a line."""
IN_FULL = 50
"""Procedures that are fetched in full at once, of those that are new, changed or were fetched longest ago."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a catalogue has that it had not, has otherwise, or has no more."""

    new: list[str] = []
    changed: list[str] = []
    gone: list[str] = []

    @property
    def count(self) -> int:
        """How many lines."""
        return len(self.new) + len(self.changed) + len(self.gone)


def fetch_all(conn: psycopg.Connection[Any], client: Client, now: datetime) -> int:
    """Fetch every catalogue; returns how many lines changed. A service that the profile lacks is left out."""
    changed = 0
    for kind in KEYS:
        if kind not in client.profile.services:
            continue
        changed += keep(conn, kind, client.listed(kind), now).count
        if kind == "procedures":
            changed += _in_full(conn, client, now)
    if changed:
        mending.release(conn, "MaLinhVuc")  # a catalogue may have brought what was missing
    return changed


def keep(
    conn: psycopg.Connection[Any], kind: str, lines: Sequence[Mapping[str, Any]], now: datetime
) -> Changes:
    """Compare a whole list with what is kept and write down what is new, other or gone.

    An empty list is taken for a fault of the line, not for the end of everything: raises Refused.
    """
    code_of, name_of = KEYS[kind]
    there = {str(line[code_of]).strip(): dict(line) for line in lines if line.get(code_of)}
    if not there:
        raise Refused(
            "portal.empty",
            "The Portal's list of %(kind)s is empty; nothing was changed.",
            kind=kind,
        )
    kept = {
        code: (body, gone)
        for code, body, gone in conn.execute(
            "SELECT code, body, gone_at FROM portal.catalogue WHERE kind = %s", [kind]
        ).fetchall()
    }
    changes = Changes(
        new=[code for code in there if code not in kept],
        changed=[
            code
            for code in there
            if code in kept and (kept[code][0] != there[code] or kept[code][1])
        ],
        gone=[code for code, (_, gone) in kept.items() if code not in there and gone is None],
    )
    with conn.transaction():
        for code in [*changes.new, *changes.changed]:
            _write(conn, kind, code, str(there[code].get(name_of) or ""), there[code], now)
        conn.execute(
            "UPDATE portal.catalogue SET gone_at = %s WHERE kind = %s AND code = ANY(%s)",
            [now, kind, changes.gone],
        )
    return changes


def _in_full(conn: psycopg.Connection[Any], client: Client, now: datetime) -> int:
    """Procedures in full: first those whose line is newer than what we have, then the ones fetched longest ago."""
    rows = conn.execute(
        "SELECT l.code, l.name FROM portal.catalogue l LEFT JOIN portal.catalogue f ON f.kind = 'procedure'"
        " AND f.code = l.code WHERE l.kind = 'procedures' AND l.gone_at IS NULL"
        " ORDER BY coalesce(f.changed_at, '-infinity') >= l.changed_at, f.changed_at NULLS FIRST, l.code LIMIT %s",
        [IN_FULL],
    ).fetchall()
    done = 0
    for code, name in rows:
        found = described(client, code)
        if found is not None:
            before = document(conn, code)
            _write(conn, "procedure", code, name, found, now)
            done += before != found
    return done


def described(client: Client, code: str) -> dict[str, Any] | None:
    """LayThuTuc: one procedure in full as the Portal says it, or None."""
    found = [opened(one) for one in client.listed("procedure", maTTHC=code)]
    told = next((one for one in found if isinstance(one, Mapping)), None)
    return cast(dict[str, Any], _storable(told)) if told else None


def _storable(value: Any) -> Any:
    """A value that jsonb takes: without NUL, which would stop the fetching of all others."""
    if isinstance(value, Mapping):
        return {str(name).replace("\0", " "): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value.replace("\0", " ") if isinstance(value, str) else value


def document(conn: psycopg.Connection[Any], code: str) -> dict[str, Any] | None:
    """A procedure in full as it was last fetched."""
    row = conn.execute(
        "SELECT body FROM portal.catalogue WHERE kind = 'procedure' AND code = %s", [code]
    ).fetchone()
    return row[0] if row else None


def _write(
    conn: psycopg.Connection[Any],
    kind: str,
    code: str,
    name: str,
    body: Mapping[str, Any],
    now: datetime,
) -> None:
    conn.execute(
        "INSERT INTO portal.catalogue (kind, code, name, body, since, changed_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (kind, code) DO UPDATE SET name = excluded.name, body = excluded.body,"
        " changed_at = excluded.changed_at, gone_at = NULL",
        [kind, code, name, Jsonb(dict(body)), now, now],
    )
