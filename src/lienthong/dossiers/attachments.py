"""Papers of a dossier: taken in, told by their content, checked, kept under their SHA-256, given out through the gate.

The bytes are files of the data folder, flushed to disk and renamed into place before the transaction can commit; the
database keeps what is known of them. A file that was not checked for malware is never said to be clean.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args
from urllib.parse import quote

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock
from lienthong.dossiers import malware, naming
from lienthong.dossiers.signed import signature
from lienthong.dossiers.sniffing import allowed, media_type
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused, Unavailable

Kind = Literal["component", "supplement", "result", "other"]
Form = Literal["electronic", "original", "certified", "copy", "digitised"]
"""What was handed in: born electronic, a paper original, a certified copy, a plain copy, or digitised at reception."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one file; `malware` is passed, not_checked or refused (found later: it is given out no more),
    `removed_at` when it counts no more.

    `signature` is valid, untrusted, invalid, unsigned or not_checked; `signature_why` a code of signed.WHY.
    """

    id: int
    dossier: str
    kind: Kind
    component: str
    form: Form
    name: str
    media_type: str
    sha256: str
    bytes: int
    malware: str
    signature: str
    signature_why: str
    signed_by: str
    added_by: str
    added_at: datetime
    removed_by: str | None = None
    removed_at: datetime | None = None
    removed_why: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether it could not be checked when it came, or nobody vouched for its signer: to be looked at again."""
        return self.removed_at is None and (
            self.malware == "not_checked" or self.signature in ("not_checked", "untrusted")
        )


_COLUMNS = ", ".join(Attachment.__struct_fields__)


def attach(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    dossier: str,
    data: bytes,
    *,
    name: str,
    home: Path,
    kind: str = "component",
    component: str = "",
    form: str = "electronic",
    check: str | None = None,
) -> Attachment:
    """Keep a file with a dossier. `check` is the command that looks for malware (setting attachment_check).

    Raises Refused for a file that is too large, of no allowed type or that the check refuses, Conflict for the same
    file twice, Unavailable when the check does not answer or the disk does not take it.
    """
    rules = allowed(home)
    if kind not in get_args(Kind) or form not in get_args(Form):
        raise Refused(
            "ATTACHMENT-KIND", "Unknown kind of attachment: %(kind)s", kind=f"{kind}/{form}"[:40]
        )
    if len(data) > rules.most_bytes:
        raise Refused("ATTACHMENT-LARGE", "A file has at most %(most)s MiB.", most=rules.most_mib)
    found = media_type(data, rules)
    sha256 = hashlib.sha256(data).hexdigest()
    _room(conn, dossier, sha256, rules.most_files)
    aside = _aside(data, home)
    try:
        looked = malware.ask(aside, check, rules.check_seconds)
        if looked == "refused":
            raise Refused(
                "ATTACHMENT-MALWARE",
                "The check for malware refuses this file; it was not kept.",
            )
        said = signature(data, found, home)
        _settle(aside, path_of(home, sha256))
    finally:
        aside.unlink(missing_ok=True)
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "INSERT INTO dossiers.attachment (dossier, kind, component, form, name, media_type, sha256, bytes, malware,"  # noqa: S608
            " signature, signature_why, signed_by, added_by, added_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            f" RETURNING {_COLUMNS}",
            [
                dossier, kind, component[:80], form, plain_name(name, found, rules.types[found].ends), found, sha256,
                len(data), looked, said.state, said.why, said.by, _id(actor), clock.now(),
            ],
        ).fetchone()  # fmt: skip
    assert row
    about = {"dossier": dossier, "attachment": row["id"], "sha256": sha256, "malware": looked}
    audit.write(conn, actor, "dossier.attached", about)
    return Attachment(**row)


def keep_bytes(home: Path, sha256: str, data: bytes) -> None:
    """Put bytes into the data folder under their SHA-256, whole or not at all."""
    aside = _aside(data, home)
    try:
        _settle(aside, path_of(home, sha256))
    finally:
        aside.unlink(missing_ok=True)


def attachments(conn: psycopg.Connection[Any], dossier: str) -> list[Attachment]:
    """All files of a dossier in the order in which they came, those that were taken away too."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM dossiers.attachment WHERE dossier = %s ORDER BY id",  # noqa: S608
            [dossier],
        ).fetchall()
    return [Attachment(**row) for row in rows]


def attachment(conn: psycopg.Connection[Any], dossier: str, id: int) -> Attachment:
    """One of them. Raises NotFound."""
    found = next((one for one in attachments(conn, dossier) if one.id == id), None)
    if found is None:
        raise NotFound("ATTACHMENT-NOT-FOUND", "The dossier has no such attachment.")
    return found


def by_content(conn: psycopg.Connection[Any], dossier: str, data: bytes) -> Attachment | None:
    """The file of a dossier with these very bytes, if it counts."""
    sha256 = hashlib.sha256(data).hexdigest()
    held = attachments(conn, dossier)
    return next((one for one in held if one.sha256 == sha256 and one.removed_at is None), None)


def content(home: Path, one: Attachment) -> bytes:
    """The bytes, behind the gate. Raises NotFound when they are not there or are no more what they were.

    Raises NotAllowed for a file that the check for malware refused after it had been kept.
    """
    if one.malware == "refused":
        raise NotAllowed(
            "attachment.malware",
            "The check for malware refuses this file; it is kept as evidence and not given out.",
        )
    return bytes_of(home, one.sha256)


def bytes_of(home: Path, sha256: str) -> bytes:
    """The bytes with that SHA-256. Raises NotFound when they are not there or are no more what they were."""
    path = path_of(home, sha256)
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise NotFound("blob.missing", "The bytes %(sha256)s are not here.", sha256=sha256)
    return data


def remove(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, dossier: str, id: int, why: str
) -> None:
    """A file counts no more; it and its bytes stay for whoever asks later. Raises Refused without a reason."""
    if not why.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    done = conn.execute(
        "UPDATE dossiers.attachment SET removed_by = %s, removed_at = %s, removed_why = %s"
        " WHERE id = %s AND dossier = %s AND removed_at IS NULL",
        [_id(actor), clock.now(), why.strip()[:500], id, dossier],
    )
    if not done.rowcount:
        raise NotFound("ATTACHMENT-NOT-FOUND", "The dossier has no such attachment.")
    audit.write(conn, actor, "dossier.attachment_removed", {"dossier": dossier, "attachment": id})


def path_of(home: Path, sha256: str) -> Path:
    """Where the bytes stand in the data folder."""
    return home / "attachments" / sha256[:2] / sha256[2:]


def plain_name(name: str, found: str, ends: tuple[str, ...]) -> str:
    """A name for people: no path, no control characters, and the ending of what the file really is."""
    base = re.sub(r"[\x00-\x1f\x7f\"\\/:*?<>|]", "_", PurePosixPath(name.replace("\\", "/")).name)
    stem, _, end = base.rpartition(".")
    if end.lower() not in ends:
        base = f"{base}.{ends[0]}" if base.strip("._ ") else f"attachment.{ends[0]}"
    elif not stem.strip("._ "):
        base = f"attachment.{end}"
    return base if len(base) <= 150 else f"{base[:140]}.{ends[0]}"


def disposition(name: str) -> str:
    """The header that makes a browser keep a file under a name in any script (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _room(conn: psycopg.Connection[Any], dossier: str, sha256: str, most: int) -> None:
    held = [one for one in attachments(conn, dossier) if one.removed_at is None]
    if any(one.sha256 == sha256 for one in held):
        raise Conflict("ATTACHMENT-TWICE", "The dossier holds this very file already.")
    if len(held) >= most:
        raise Refused("ATTACHMENT-MANY", "A dossier has at most %(most)s files.", most=most)


def _aside(data: bytes, home: Path) -> Path:
    """Write the bytes aside and flush them, so that a name under a SHA-256 always stands for whole bytes."""
    folder = home / "attachments" / "incoming"
    path = folder / secrets.token_hex(16)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _no_disk(error) from error
    return path


def _settle(aside: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(target)
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise _no_disk(error) from error


def _no_disk(error: OSError) -> Unavailable:
    return Unavailable(
        "blob.disk",
        "The bytes could not be written to the data folder (%(why)s). Nothing was taken; make room and send again.",
        why=error.strerror or type(error).__name__,
    )


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
