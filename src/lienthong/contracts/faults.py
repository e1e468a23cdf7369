"""What can be wrong with a contract file, told with file, line and what is allowed instead."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lienthong.errors import Refused


class ContractError(msgspec.Struct, frozen=True):
    """One mistake in a contract file. `line` counts from 1; `allowed` says what would be right."""

    file: str
    line: int
    wrong: str
    allowed: str = ""

    def __str__(self) -> str:
        hint = f" ({self.allowed})" if self.allowed else ""
        return f"{self.file}:{self.line}: {self.wrong}{hint}"


class ContractErrors(Refused):
    """All mistakes of one contract file together."""

    def __init__(self, errors: Iterable[ContractError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.file, error.line)))
        super().__init__("CONTRACT-INVALID", "\n".join(str(error) for error in self.errors))
