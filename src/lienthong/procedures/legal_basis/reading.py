"""Every citation of this moment, counted once for each state of the catalogue, of the register and of the contracts.

Thousands of texts are read for it, and they change a few times a month: what was read is kept in memory until one of
the three is another.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from threading import Lock
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.contract import Contract
from lienthong.procedures import catalogue
from lienthong.procedures.legal_basis.register import Register, register
from lienthong.procedures.legal_basis.touching import Reference, references

State = tuple[str, str, tuple[tuple[str, str], ...]]
KEPT = 4
"""States in memory: today's, and those of a change that is just being made."""
_read: OrderedDict[State, tuple[Reference, ...]] = OrderedDict()
_lock = Lock()


def reading(
    conn: psycopg.Connection[Any], contracts: Mapping[str, Contract], today: date
) -> tuple[Register, list[Reference]]:
    """The register and every citation of this moment."""
    known = register(conn)
    state = _state(conn, known, contracts, today)
    with _lock:
        found = _read.get(state)
    if found is None:
        procedures = [one.procedure for one in catalogue.all_in_force(conn, today)]
        found = tuple(references(known, procedures, contracts))
        with _lock:
            _read[state] = found
            while len(_read) > KEPT:
                _read.popitem(last=False)
    return known, list(found)


def _state(
    conn: psycopg.Connection[Any], known: Register, contracts: Mapping[str, Contract], today: date
) -> State:
    documents = msgspec.json.encode(list(known.by_key.values()), order="sorted")
    return (
        catalogue.state(conn, today),
        hashlib.sha256(documents).hexdigest(),
        tuple(sorted((name, one.digest) for name, one in contracts.items())),
    )
