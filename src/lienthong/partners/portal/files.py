"""Papers of dossiers as the Portal fetches them: by a link that we signed, each fetch written down."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg

from lienthong import audit
from lienthong.dossiers import attachments
from lienthong.errors import NotFound

ACTOR = "portal"


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One paper with its bytes. `quoted` is its name as a header takes it."""

    content: bytes
    media_type: str
    sha256: str
    quoted: str


def fetched(
    conn: psycopg.Connection[Any], home: Path, dossier: str, attachment: int, now: datetime
) -> Paper:
    """The paper of that dossier, and a line that it was fetched. Raises NotFound also when it was taken away."""
    found = next(
        (one for one in attachments.attachments(conn, dossier) if one.id == attachment), None
    )
    if found is None or found.removed_at is not None:
        raise NotFound("portal.no-paper", "There is no such paper.")
    content = attachments.content(home, found)
    conn.execute(
        "INSERT INTO portal.fetched (dossier, file, at, bytes) VALUES (%s, %s, %s, %s)",
        [dossier, str(attachment), now, found.bytes],
    )
    audit.write(conn, ACTOR, "portal.fetched", {"dossier": dossier, "attachment": attachment})
    return Paper(
        content=content, media_type=found.media_type, sha256=found.sha256, quoted=quote(found.name[:200], safe=""),
    )  # fmt: skip
