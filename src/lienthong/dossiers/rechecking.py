"""Files that nobody could check when they came are looked at again: a scanner was set up, a certificate is trusted now.

What can be checked with is told by a fingerprint that stands beside each file, so that nothing is looked at twice with
the same. A file that the scanner refuses now stays as evidence and is given out no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.dossiers import attachments, malware
from lienthong.dossiers.signed import signature, trusted
from lienthong.dossiers.sniffing import allowed
from lienthong.errors import NotFound, Unavailable

MOST = 20
"""Contents in one round of the worker."""
CLOCK = "clock"


class Rechecked(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were looked at again, how many are told otherwise now, how many the scanner refuses."""

    looked_at: int = 0
    changed: int = 0
    refused: int = 0
    silent: bool = False
    """The scanner did not answer: the rest waits."""


def checker(home: Path, check: str | None) -> str:
    """The fingerprint of the scanner and the trusted certificates. Raises Unavailable for an unreadable certificate."""
    said = "\n".join([check or "", *sorted(trusted(home))])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


_DOUBT = (
    "removed_at IS NULL AND (malware = 'not_checked' OR signature IN ('not_checked', 'untrusted'))"
)


def waiting(conn: psycopg.Connection[Any], home: Path, check: str | None) -> int:
    """How many files could be looked at again with what is there now."""
    row = conn.execute(
        f"SELECT count(*) FROM dossiers.attachment WHERE {_DOUBT} AND checked_with <> %s",  # noqa: S608
        [checker(home, check)],
    ).fetchone()
    assert row
    return int(row[0])


def round_of(
    conn: psycopg.Connection[Any],
    home: Path,
    check: str | None,
    actor: audit.Acting | str = CLOCK,
    *,
    most: int = MOST,
) -> Rechecked:
    """Look again at what was not yet looked at with this scanner and these certificates; each content once."""
    using = checker(home, check)
    rows = conn.execute(
        "SELECT sha256, min(media_type) FROM dossiers.attachment"  # noqa: S608
        f" WHERE {_DOUBT} AND checked_with <> %s GROUP BY sha256 ORDER BY min(id) LIMIT %s",
        [using, most],
    ).fetchall()
    return _look(conn, actor, rows, home, check, using)


def of_dossier(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    home: Path,
    check: str | None,
) -> Rechecked:
    """Look again at the doubtful files of one dossier, whatever they were looked at with; behind the gate."""
    rows = conn.execute(
        f"SELECT DISTINCT sha256, media_type FROM dossiers.attachment WHERE dossier = %s AND {_DOUBT}",  # noqa: S608
        [code],
    ).fetchall()
    done = _look(conn, actor, rows, home, check, checker(home, check), code)
    if done.silent:
        raise Unavailable(
            "ATTACHMENT-SILENT",
            "The check for malware does not answer; the files stay as they are, try again in a moment.",
        )
    return done


def _look(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    rows: Iterable[tuple[str, str]],
    home: Path,
    check: str | None,
    using: str,
    code: str | None = None,
) -> Rechecked:
    done = Rechecked()
    for sha256, media_type in rows:
        try:
            with conn.transaction():
                one = _one(conn, actor, sha256, media_type, home, check, using, code)
        except Unavailable:
            return msgspec.structs.replace(done, silent=True)
        done = Rechecked(
            looked_at=done.looked_at + one.looked_at,
            changed=done.changed + one.changed,
            refused=done.refused + one.refused,
        )
    return done


def _one(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    sha256: str,
    media_type: str,
    home: Path,
    check: str | None,
    using: str,
    code: str | None,
) -> Rechecked:
    """One content, wherever it is attached (or in one dossier)."""
    try:
        data = attachments.bytes_of(home, sha256)
    except NotFound:
        found, said = None, None  # whoever fetches it is told; there is nothing to look at
    else:
        path = attachments.path_of(home, sha256)
        found = malware.ask(path, check, allowed(home).check_seconds)
        said = signature(data, media_type, home)
    rows = conn.execute(
        "UPDATE dossiers.attachment a SET checked_with = %(using)s,"  # noqa: S608
        " malware = CASE WHEN %(found)s::text IN ('passed', 'refused') THEN %(found)s ELSE a.malware END,"
        " signature = coalesce(%(state)s, a.signature), signature_why = coalesce(%(why)s, a.signature_why),"
        " signed_by = coalesce(%(by)s, a.signed_by)"
        " FROM (SELECT id, malware, signature, signature_why FROM dossiers.attachment"
        f"  WHERE sha256 = %(sha256)s AND (%(code)s::text IS NULL OR dossier = %(code)s) AND {_DOUBT}"
        "  ORDER BY id FOR UPDATE) b WHERE a.id = b.id"
        " RETURNING a.dossier, a.id, a.malware,"
        "  (a.malware, a.signature, a.signature_why) <> (b.malware, b.signature, b.signature_why)",
        {
            "using": using, "found": found, "state": said and said.state, "why": said and said.why,
            "by": said and said.by, "sha256": sha256, "code": code,
        },
    ).fetchall()  # fmt: skip
    changed = [row for row in rows if row[3]]
    for dossier, id, now, _ in changed:
        audit.write(
            conn, actor, "dossier.attachment_checked",
            {"dossier": dossier, "attachment": id, "sha256": sha256, "malware": now,
             "signature": said.state if said else ""},
        )  # fmt: skip
    refused = sum(now == "refused" for _, _, now, _ in changed)
    return Rechecked(looked_at=len(rows), changed=len(changed), refused=refused)
