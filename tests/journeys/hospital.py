"""A hospital's files for the journeys: invented visits, right but for the cell that a test empties."""

from __future__ import annotations

import io
from collections.abc import Mapping

from lienthong import clock
from lienthong.contracts.reading import read_contract
from lienthong.synthetic.country import Country
from lienthong.synthetic.envelope import Writer

Wrong = Mapping[int, tuple[str, str, str]]
"""Ordinal of the visit to (table, field, value) that it gets in its first row of the table."""


def envelope(seed: int, visits: int, wrong: Wrong | None = None) -> bytes:
    """A GIAMDINHHS file of hospital 01999 with so many visits."""
    country = Country(
        seed=seed, visits=visits, until=clock.local(clock.now()), per_file=visits, faults=False
    )
    sending = next(iter(country.sendings()))
    made = list(country.clean(sending))
    for at, (table, field, value) in (wrong or {}).items():
        made[at].tables[table][0][field] = value
    out = io.BytesIO()
    for _ in Writer(read_contract("care")).write(
        out, sending.facility.code, sending.sent, iter(made), visits
    ):
        pass
    return out.getvalue()
