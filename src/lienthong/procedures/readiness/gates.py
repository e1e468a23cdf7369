"""The gates, states and reasons of readiness, as data."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import msgspec

from lienthong.findings import Text


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be ready."""

    name: str
    label: Text
    about: Text = {}


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/readiness.yaml."""

    gates: tuple[Gate, ...]
    states: dict[str, Text]
    services: dict[str, Text]
    reasons: dict[str, Text]
    reasons_basis: str
    reasons_evidence: str
    priorities: tuple[int, ...]
    priorities_evidence: str
    criteria: tuple[Text, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The gates in their order."""
        return tuple(gate.name for gate in self.gates)


@lru_cache(maxsize=1)
def gates() -> Gates:
    """The gates as declared."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "procedures", "readiness.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Gates, strict=False)
