"""What can be wrong with a contract file, told with file, line and what is allowed instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lienthong.errors import Refused
from lienthong.words import say


class ContractError(msgspec.Struct, frozen=True):
    """One mistake in a contract file.

    `line` counts from 1; `wrong` and `allowed` are English sentences (the gettext keys) whose
    places `values` fill; `allowed` says what would be right.
    """

    file: str
    line: int
    wrong: str
    allowed: str = ""
    values: Mapping[str, object] = {}

    def said(self, language: str = "en") -> str:
        """The mistake as one line: file:line: what is wrong (what is allowed)."""
        wrong = say(self.wrong, language, **self.values)
        allowed = say(self.allowed, language) if self.allowed else ""
        return f"{self.file}:{self.line}: {wrong}" + (f" ({allowed})" if allowed else "")

    def __str__(self) -> str:
        return self.said()


class ContractProblem(msgspec.Struct, frozen=True):
    """A mistake in the shape that the command line prints: where, the gettext key, its values."""

    variable: str
    sentence: str
    values: Mapping[str, object]


class ContractErrors(Refused):
    """All mistakes of one contract file together."""

    def __init__(self, errors: Iterable[ContractError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.file, error.line)))
        super().__init__(
            "CONTRACT-INVALID", "The contract has %(count)s mistakes:", count=len(self.errors)
        )

    @property
    def problems(self) -> tuple[ContractProblem, ...]:
        """The mistakes as the command line tells problems: a place and a sentence."""
        return tuple(
            ContractProblem(f"{error.file}:{error.line}", error.wrong, error.values)
            for error in self.errors
        )

    def said(self, language: str = "en") -> str:
        """Every mistake, one a line."""
        return "\n".join(error.said(language) for error in self.errors)
