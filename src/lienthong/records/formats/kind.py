"""What is said of one thing that can be wrong with a file: its rule, its weight and its sentences."""

from __future__ import annotations

import msgspec

from lienthong.findings import Criterion, Severity


class Kind(msgspec.Struct, frozen=True):
    """One thing that can be wrong with a file. `sentence` and `remedy` are gettext message ids."""

    code: str
    rule: str
    criterion: Criterion
    severity: Severity
    sentence: str
    remedy: str


def kinds(*said: tuple[str, str, Criterion, Severity, str, str]) -> dict[str, Kind]:
    """Kinds by their code."""
    return {one[0]: Kind(*one) for one in said}
