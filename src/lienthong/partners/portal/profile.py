"""The Portal's contract as data: services, addresses, numbers of states and channels, limits of fields.

One profile is one contract the Portal has had. What a word of ours is called over there stands in
declared/partners/portal-<profile>.yaml and nowhere in code.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service: its name on the wire and the endpoint it is called at."""

    name: str = ""
    endpoint: str
    evidence: str = "attested"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One contract of the Portal."""

    profile: str
    endpoints: dict[str, str]
    timeout_seconds: float
    chunk: int
    accepted: dict[str, Any]
    exists_words: tuple[str, ...]
    session_words: tuple[str, ...]
    services: dict[str, Service]
    channel: dict[str, str]
    states: dict[str, str]
    applicant: dict[str, str]
    identity: dict[str, str]
    hand_over: dict[str, str]
    filed_at: dict[str, str]
    limits: dict[str, int]

    def is_accepted(self, code: int | None) -> bool:
        """Whether a code of an answer means that the message was taken."""
        return code in self.accepted["codes"]

    def exists(self, message: str) -> bool:
        """Whether an answer says that the dossier is there already."""
        return any(word in message.lower() for word in self.exists_words)

    def expired(self, code: int | None, message: str) -> bool:
        """Whether an answer looks like one to a session that is over (no code for it is known)."""
        return not self.is_accepted(code) and any(
            word in message.lower() for word in self.session_words
        )


@lru_cache(maxsize=4)
def profile(name: str = "adapter-v1") -> Profile:
    """The declared profile of that name."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "partners", f"portal-{name}.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Profile)
