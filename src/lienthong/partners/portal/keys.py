"""Keys of the link with the Portal: files of 32 bytes in HOME/keys that only the owner may read, made when missing."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def key(home: Path, name: str) -> bytes:
    """The key of that name."""
    path = home / "keys" / f"{name}.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_name(f".{name}-{secrets.token_hex(4)}.key")
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another program was faster: its key holds
            os.link(own, path)
        own.unlink()
    return bytes.fromhex(path.read_text().strip())
