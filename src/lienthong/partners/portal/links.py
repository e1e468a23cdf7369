"""Links under which the Portal fetches a file of ours: signed for one paper of one dossier, and only for a while."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from pathlib import Path

from lienthong.errors import NotAllowed
from lienthong.partners.portal.keys import key

LIFE = timedelta(days=7)
"""How long a link holds. The Portal is thought to fetch at once; it may be down for days."""
PATH = "/api/v1/portal/files"


class Links:
    """Makes and checks links with the key of the data folder; `base` is our address as others reach it."""

    def __init__(self, home: Path, base: str | None) -> None:
        self._key, self._base = key(home, "portal-links"), (base or "").rstrip("/")

    def paper(self, dossier: str, attachment: int, now: datetime) -> str | None:
        """The link of a paper; None when nobody outside can reach us: then none is sent."""
        if not self._base:
            return None
        until = int((now + LIFE).timestamp())
        signed = self._sign(dossier, attachment, until)
        return f"{self._base}{PATH}/{dossier}/{attachment}?until={until}&signature={signed}"

    def check(
        self, dossier: str, attachment: int, until: int, signature: str, now: datetime
    ) -> None:
        """Raises NotAllowed for a link that we did not make, or that is over."""
        right = hmac.compare_digest(
            self._sign(dossier, attachment, until).encode(), signature.encode()
        )
        if not right or until < now.timestamp():
            raise NotAllowed("portal.link", "This link is not valid or no longer valid.")

    def _sign(self, dossier: str, attachment: int, until: int) -> str:
        said = f"{dossier}\n{attachment}\n{until}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()
