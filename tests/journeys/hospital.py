"""A hospital's files for the journeys: invented visits, right but for the cell that a test empties."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from lienthong import clock
from lienthong.contracts.reading import read_contract
from lienthong.synthetic.country import Country
from lienthong.synthetic.envelope import Writer
from lienthong.synthetic.visits import Visit

Wrong = Mapping[int, tuple[str, str, str]]
"""Ordinal of the visit to (table, field, value) that it gets in its first row of the table."""


@cache
def now() -> datetime:
    """When the hospital sends: when the tests began, so that the same visits are the same bytes a minute later too; and
    in the first hours of a day the evening before, for a visit of a morning that has not been would end after its
    receipt."""
    moment = clock.local(clock.now())
    if moment.hour >= 4:
        return moment
    return (moment - timedelta(days=1)).replace(hour=23, minute=0)


def own_keys(visit: Visit, seed: int, at: int) -> Visit:
    """Give the visit a key that no other seed has, so that tests do not send versions of one another's visits."""
    for rows in visit.tables.values():
        for row in rows:
            if "MA_LK" in row:
                row["MA_LK"] = row["MA_LK"][:-7] + f"{seed:04d}{at:03d}"
    return visit


def one_visit(seed: int) -> dict[str, list[dict[str, str]]]:
    """One visit as a program posts it: tables with rows."""
    country = Country(seed=seed, visits=1, until=now(), per_file=1, faults=False)
    visit = next(iter(country.clean(next(iter(country.sendings())))))
    return {name: rows for name, rows in own_keys(visit, seed, 0).tables.items() if rows}


def envelope(seed: int, visits: int, wrong: Wrong | None = None) -> bytes:
    """A GIAMDINHHS file of hospital 01999 with so many visits."""
    country = Country(seed=seed, visits=visits, until=now(), per_file=visits, faults=False)
    sending = next(iter(country.sendings()))
    made = [own_keys(visit, seed, at) for at, visit in enumerate(country.clean(sending))]
    for at, (table, field, value) in (wrong or {}).items():
        made[at].tables[table][0][field] = value
    out = io.BytesIO()
    for _ in Writer(read_contract("care")).write(
        out, sending.facility.code, sending.sent, iter(made), visits
    ):
        pass
    return out.getvalue()
