"""Quarantine: what was not fit to keep waits here, as it was sent, until somebody mends or abandons it."""

from lienthong.records.quarantine.entries import (
    Cause,
    Entry,
    Settled,
    causes,
    entries,
    entry,
    findings,
    history,
    settled,
)
from lienthong.records.quarantine.mending import abandon, mend
from lienthong.records.quarantine.replaying import Replayed, mend_by_file, replay

__all__ = [
    "Cause",
    "Entry",
    "Replayed",
    "Settled",
    "abandon",
    "causes",
    "entries",
    "entry",
    "findings",
    "history",
    "mend",
    "mend_by_file",
    "replay",
    "settled",
]
