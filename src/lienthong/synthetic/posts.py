"""Single records as a hospital's program posts them when a visit ends, a child is born or a person dies:
JSON, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from lienthong.synthetic import registers
from lienthong.synthetic.chance import chance
from lienthong.synthetic.country import Country
from lienthong.synthetic.facilities import Facility
from lienthong.synthetic.faults import plant_in
from lienthong.synthetic.lines import Row

FIRST_PAPER = 50_000
"""Number of the first birth or death that is posted; those in files are numbered from 0."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One record on its way: `sent` is Vietnam local time, `body` an object of tables with their rows."""

    contract: str
    sender: str
    province: str
    sent: datetime
    body: bytes


def posts(country: Country, papers: int) -> Iterator[Post]:
    """All visits of the country and `papers` births and deaths of each hospital, hospital by hospital."""
    for place, hospital in enumerate(country.senders):
        for sending in country.sendings():
            if sending.facility.code != hospital.code:
                continue
            for visit in country.clean(sending):
                if country.faults:
                    plant_in(visit, sending, country, Counter())
                yield _post("care", hospital, sending.sent, visit.tables)
        for at in range(papers):
            yield _paper(country, hospital, place, at, FIRST_PAPER + place * papers + at)


def _paper(country: Country, hospital: Facility, place: int, at: int, number: int) -> Post:
    random = chance(country.seed, f"papers/{place}", at)
    back = timedelta(days=random.randrange(country.days), minutes=random.randint(10, 60))
    sent, as_of = country.until - back, country.until.date()
    make = registers.births if at % 3 else registers.deaths
    table = "birth_certificates" if at % 3 else "death_notices"
    rows = make(country.seed, hospital, sent, number, 1, as_of)
    return _post("vital_events", hospital, sent, {table: rows})


def _post(contract: str, hospital: Facility, sent: datetime, tables: dict[str, list[Row]]) -> Post:
    content = {
        name: [{field: cell or None for field, cell in row.items()} for row in rows]
        for name, rows in tables.items()
    }
    return Post(
        contract=contract,
        sender=hospital.code,
        province=hospital.province,
        sent=sent,
        body=msgspec.json.encode(content),
    )
