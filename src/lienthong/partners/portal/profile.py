"""The Portal's contract as data: services, addresses, numbers of states and channels, limits of fields.

One profile is one contract the Portal has had, or a relay between it and us that changes the envelope. What a word of
ours is called over there stands in declared/partners/portal-<profile>.yaml and nowhere in code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import msgspec


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service: its name on the wire, the endpoint it is called at, what a relay takes from the query instead.

    `query` maps a name in the query to a parameter of the call, or to `=text` for a constant.
    """

    name: str = ""
    endpoint: str
    method: Literal["POST", "GET"] = "POST"
    query: dict[str, str] = {}
    evidence: str = "attested"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One contract of the Portal."""

    profile: str
    endpoints: dict[str, str]
    envelope: Literal["session", "bare"] = "session"
    """session: session, madonvi, service and parameters; bare: only the data, the rest in the query."""
    generation: int = 2
    timeout_seconds: float
    settle_seconds: float = 60.0
    chunk: int
    accepted: dict[str, Any]
    exists_words: tuple[str, ...]
    session_words: tuple[str, ...]
    absent_words: tuple[str, ...] = ()
    services: dict[str, Service]
    mandatory: dict[str, str]
    second_generation: frozenset[str] = frozenset()
    channel: dict[str, str]
    states: dict[str, str]
    applicant: dict[str, str]
    identity: dict[str, str]
    hand_over: dict[str, str]
    filed_at: dict[str, str]
    paid: dict[str, str]
    databases: dict[str, str]
    limits: dict[str, int]
    payment: dict[str, Any] = {}

    @property
    def left_out(self) -> frozenset[str]:
        """Fields that this generation does not know."""
        return self.second_generation if self.generation == 1 else frozenset()

    def is_accepted(self, code: int | None) -> bool:
        """Whether a code of an answer means that the message was taken."""
        return code in self.accepted["codes"]

    def exists(self, message: str) -> bool:
        """Whether an answer says that the dossier is there already."""
        return _says(message, self.exists_words)

    def absent(self, message: str) -> bool:
        """Whether an answer to a look-up says that there is no such dossier."""
        return _says(message, self.absent_words)

    def expired(self, code: int | None, message: str) -> bool:
        """Whether an answer looks like one to a session that is over (no code for it is known)."""
        return not self.is_accepted(code) and _says(message, self.session_words)


def _says(message: str, words: tuple[str, ...]) -> bool:
    """Whether a message holds one of the words; accents may be written as marks of their own (NFD)."""
    said = unicodedata.normalize("NFC", message).lower()
    return any(word in said for word in words)


@lru_cache(maxsize=8)
def profile(name: str = "adapter-v1") -> Profile:
    """The declared profile of that name; `extends` takes over what it does not say itself."""
    return msgspec.convert(_read(name), Profile)


def profiles() -> list[str]:
    """The names of all declared profiles."""
    folder = resources.files("lienthong").joinpath("declared", "partners")
    names = [entry.name for entry in folder.iterdir() if entry.name.startswith("portal-")]
    return sorted(name.removeprefix("portal-").removesuffix(".yaml") for name in names)


def _read(name: str) -> dict[str, Any]:
    import yaml

    path = resources.files("lienthong").joinpath("declared", "partners", f"portal-{name}.yaml")
    said = yaml.safe_load(path.read_text("utf-8"))
    base = said.pop("extends", None)
    return _over(_read(base), said) if base else said


def _over(base: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said over what stands below it, one map inside the other."""
    out = dict(base)
    for name, value in said.items():
        below = out.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        out[name] = _over(below, value) if both else value  # type: ignore[arg-type]
    return out
