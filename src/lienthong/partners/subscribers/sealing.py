"""Secrets of subscriptions in the database: sealed with a key that stands in the data folder, so that a copy of the
database alone signs nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lienthong.errors import Unavailable


class Seal:
    """Seals and opens with HOME/keys/subscribers.key (readable by the owner only), made when it is missing."""

    def __init__(self, home: Path) -> None:
        self._cipher = AESGCM(_key(home))

    def close(self, secret: str, subscription: str) -> bytes:
        """The secret as the database keeps it, bound to its subscription."""
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), subscription.encode())

    def open(self, kept: bytes, subscription: str) -> str:
        """The secret again; raises Unavailable when the key is another one."""
        try:
            return self._cipher.decrypt(kept[:12], kept[12:], subscription.encode()).decode()
        except InvalidTag as error:
            raise Unavailable(
                "subscription.key",
                "The key file keys/subscribers.key does not open this subscription's secret.",
            ) from error


def _key(home: Path) -> bytes:
    path = home / "keys" / "subscribers.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_name(f".subscribers-{secrets.token_hex(4)}.key")
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(32).hex())
        with contextlib.suppress(FileExistsError):  # another program was faster: its key holds
            os.link(own, path)
        own.unlink()
    return bytes.fromhex(path.read_text().strip())
