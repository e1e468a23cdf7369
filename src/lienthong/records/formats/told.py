"""Of which tables a submission speaks: what it says nothing of is unknown, what it leaves empty is empty."""

from __future__ import annotations

from lienthong.contracts.contract import Contract
from lienthong.records.formats.reading import Reading


def out_of_envelopes(contract: Contract) -> frozenset[str]:
    """Tables that no message can hold, beside those that one can; none where no table comes in messages."""
    messages = {table.name for table in contract.tables if table.xml}
    if not messages:
        return frozenset()
    return frozenset(
        table.name
        for table in contract.tables
        if table.name not in messages and (table.root or table.name) not in messages
    )


def untold(contract: Contract, reading: Reading) -> frozenset[str]:
    """Tables of which a reading says nothing: of a file those that it lacks, of an envelope those it cannot hold."""
    told = frozenset(reading.sources)
    if reading.units is None:
        return frozenset(table.name for table in contract.tables) - told
    return (getattr(reading, "unsaid", frozenset()) | out_of_envelopes(contract)) - told
