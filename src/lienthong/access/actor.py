"""Whoever acts: a person who signed in, a facility's program with its token, or the operator at the server."""

from __future__ import annotations

from typing import Literal

import msgspec


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """One actor with the roles that decide what it may do and the facility or province that bounds it."""

    id: str
    kind: Literal["person", "sender", "system"]
    roles: tuple[str, ...]
    name: str = ""
    facility: str | None = None
    province: str | None = None
    language: str = "vi"
    contracts: tuple[str, ...] | None = None
    """The databases to which a token is narrowed; None: it is not."""


def operator() -> Actor:
    """Whoever runs commands on the machine itself, named by the operating system."""
    import getpass

    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "unknown"
    return Actor(id=f"operator:{who}", kind="system", roles=("operator",), name=who)
