"""Writes a country's submissions into a folder: the files, a list of what to send when, and the truth
about planted faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from lienthong.contracts.reading import read_contract
from lienthong.synthetic.country import Country, Sending
from lienthong.synthetic.envelope import Writer
from lienthong.synthetic.faults import plant_in
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.visits import Visit

LEDGER, LIST = "truth.jsonl", "submissions.jsonl"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was written. `sent` is Vietnam local time in ISO form; `rows` counts rows by table."""

    name: str
    contract: str
    sender: str
    province: str
    sent: str
    units: int
    rows: dict[str, int]
    faults: int


def write_care(
    country: Country, folder: Path, progress: Callable[[int], None] = lambda done: None
) -> Iterator[Written]:
    """Write the envelopes of `country` one after the other; memory holds one visit. The ledger is appended
    as files are finished."""
    writer = Writer(read_contract("care"))
    encode = msgspec.json.encode
    with (folder / LEDGER).open("ab") as ledger, (folder / LIST).open("ab") as listed:
        for sending in country.sendings():
            rows: Counter[str] = Counter()
            faults: list[Fault] = []
            with (folder / sending.name).open("wb") as out:
                visits = _with_faults(country, sending, rows, faults)
                for _ in writer.write(
                    out, sending.facility.code, sending.sent, visits, sending.count
                ):
                    progress(1)
            written = Written(
                name=sending.name, contract="care", sender=sending.facility.code, province=sending.facility.province,
                sent=sending.sent.isoformat(), units=sending.count, rows=dict(rows), faults=len(faults),
            )  # fmt: skip
            ledger.writelines(encode(fault) + b"\n" for fault in faults)
            listed.write(encode(written) + b"\n")
            yield written


def _with_faults(
    country: Country, sending: Sending, rows: Counter[str], faults: list[Fault]
) -> Iterator[Visit]:
    """The visits of one file with their faults; counts rows by table so that the ledger names positions in the file."""
    for visit in country.clean(sending):
        if country.faults:
            faults += plant_in(visit, sending, country, rows)
        rows.update({name: len(table) for name, table in visit.tables.items()})
        yield visit
