"""What the rules of a contract say of invented rows: the generated rules of the program, asked while inventing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Rule
from lienthong.contracts.rules.cache import cached_contract, cached_python
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking.moments import ago
from lienthong.records.formats.told import out_of_envelopes
from lienthong.synthetic.filling import cell
from lienthong.synthetic.lines import Row

Said = tuple[str, int, Rule]
"""Table, row from 0, and the rule that it breaks."""


class Judge:
    """The rules of one contract with the code lists of the program (and of a folder of own lists)."""

    def __init__(self, contract: str | Path, codes: Codes | None = None) -> None:
        compiled = cached_contract(contract)
        self.contract: Contract = compiled.contract
        self.codes = codes or Codes()
        self._engine = RecordEngine(compiled, self.codes, cached_python(compiled))
        self._rules = {table.name: table.rules for table in compiled.tables}

    def said(
        self,
        tables: Mapping[str, Sequence[Row]],
        sent: datetime,
        sender: str = "",
        only: frozenset[str] = frozenset(),
    ) -> list[Said]:
        """What a receipt at `sent` (Vietnam local time) would say of these rows; `only`: of these tables."""
        full = {name: self.full(name, rows, sender) for name, rows in tables.items()}
        absent = {name for name in self._rules if name not in full}
        if any(table.xml for table in self.contract.tables if full.get(table.name)):
            # An envelope speaks of every table that one can hold.
            absent &= out_of_envelopes(self.contract)
        answers = self._engine.check(
            full, received=sent.replace(tzinfo=clock.VIETNAM), ago=ago, absent=absent
        )
        return [
            (name, row, self._rules[name][position].rule)
            for name, those in answers.items()
            if not only or name in only
            for row, answer in enumerate(those)
            for position in answer.failed
        ]

    def full(
        self, table: str, rows: Sequence[Row], sender: str = ""
    ) -> list[Mapping[str, str | None]]:
        """Rows as they are sent: every field of the contract, None where there is nothing to say."""
        found = self.contract.table(table)
        assert found is not None, table
        return [
            {field.name: cell(field, row) or None for field in found.fields} | {"_sender": sender}
            for row in rows
        ]


@lru_cache(maxsize=32)
def judge(contract: str | Path) -> Judge:
    """The judge of a contract by name or file, with the code lists of the program."""
    return Judge(contract)
