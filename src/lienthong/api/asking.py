"""What the parameters of a request mean: names of contracts, limits, moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lienthong import clock
from lienthong.contracts.contract import Contract
from lienthong.errors import NotFound

MOST = 1000


def contract_named(contracts: Mapping[str, Contract], name: str) -> Contract:
    """The contract, or NotFound with the names there are."""
    if name not in contracts:
        raise NotFound(
            "CONTRACT-NOT-FOUND",
            "No contract '%(name)s'. It must be a file or one of: %(choices)s",
            name=name,
            choices=", ".join(contracts),
        )
    return contracts[name]


def limited(limit: int) -> int:
    """A page of at least one line and at most MOST."""
    return max(1, min(limit, MOST))


def aware(moment: datetime | None) -> datetime | None:
    """The moment with a zone; one without is Vietnam's."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=clock.VIETNAM)
