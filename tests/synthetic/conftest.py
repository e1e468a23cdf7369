"""Invented countries written once for the tests that look at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.contracts.reading import read_contract
from lienthong.records.checking.engine import check
from lienthong.records.formats.reading import read
from lienthong.synthetic.country import Country
from lienthong.synthetic.files import LEDGER, Written, write_country
from lienthong.synthetic.ledger import Fault, read_ledger

UNTIL = datetime(2026, 11, 20, 16, 0)


@dataclass
class Made:
    """A country on disk."""

    country: Country
    folder: Path
    written: list[Written]
    ledger: dict[str, list[Fault]]

    def findings(self, one: Written, workdir: Path) -> list[object]:
        """What the real check says of one file at the moment it was sent."""
        contract = read_contract(one.contract)
        received = datetime.fromisoformat(one.sent).replace(tzinfo=clock.VIETNAM)
        with read(self.folder / one.name, contract, workdir=workdir) as reading:
            checked = check(contract, reading, received=received, codes=Codes(), sender=one.sender)
            return list(checked.findings())


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """Writes a country (once for each set of arguments) and gives back its files and its ledger."""

    @cache
    def made(**more: object) -> Made:
        folder = tmp_path_factory.mktemp("country")
        country = Country(
            **({"seed": 7, "visits": 60, "until": UNTIL, "days": 1, "per_file": 60} | more)
        )
        written = list(write_country(country, folder))
        ledger: dict[str, list[Fault]] = {one.name: [] for one in written}
        for fault in read_ledger(folder / LEDGER):
            ledger[fault.submission].append(fault)
        return Made(country, folder, written, ledger)

    return made
