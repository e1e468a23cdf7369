"""Writes a country's submissions into a folder: the files, a list of what to send when, and the truth
about planted faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from lienthong.synthetic import register_faults, registers
from lienthong.synthetic.chance import chance
from lienthong.synthetic.country import Country, Register, Sending
from lienthong.synthetic.envelope import Writer
from lienthong.synthetic.faults import plant_in
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.lines import Row
from lienthong.synthetic.promises import promised
from lienthong.synthetic.tables_out import (
    ENCODINGS,
    fields,
    write_csv,
    write_json_lines,
    write_parquet,
    write_xlsx,
)
from lienthong.synthetic.visits import Visit

LEDGER, LIST = "truth.jsonl", "submissions.jsonl"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was written. `sent` is Vietnam local time in ISO form; `rows` counts rows by table, `again` those
    of records that were sent before and that it replaces."""

    name: str
    contract: str
    sender: str
    province: str
    sent: str
    units: int
    rows: dict[str, int]
    faults: int
    posted: bool = False
    again: dict[str, int] = {}


def read_list(path: Path) -> list[Written]:
    """The submissions of a list that was written."""
    decode = msgspec.json.Decoder(Written).decode
    return [decode(line) for line in path.read_bytes().splitlines()]


def write_country(
    country: Country, folder: Path, progress: Callable[[int], None] = lambda done: None
) -> Iterator[Written]:
    """Write all submissions of a country in the order of their sending; memory holds one visit or one register.

    `progress` is called with the number of visits or registers finished. The folder also gets LEDGER and LIST.
    """
    encode = msgspec.json.encode
    writer = Writer(promised("care"))
    with (folder / LEDGER).open("wb") as ledger, (folder / LIST).open("wb") as listed:
        for sending in country.everything():
            faults: list[Fault] = []
            if isinstance(sending, Sending):
                written = _write_visits(country, writer, sending, folder, faults, progress)
            else:
                written = _write_register(country, sending, folder, faults)
                progress(1)
            ledger.writelines(encode(fault) + b"\n" for fault in faults)
            listed.write(encode(written) + b"\n")
            yield written


def _write_visits(
    country: Country,
    writer: Writer,
    sending: Sending,
    folder: Path,
    faults: list[Fault],
    progress: Callable[[int], None],
) -> Written:
    rows: Counter[str] = Counter()
    with (folder / sending.name).open("wb") as out:
        visits = _with_faults(country, sending, rows, faults)
        for _ in writer.write(out, sending.facility.code, sending.sent, visits, sending.count):
            progress(1)
    return _written(sending, "care", sending.count, dict(rows), faults)


def _with_faults(
    country: Country, sending: Sending, rows: Counter[str], faults: list[Fault]
) -> Iterator[Visit]:
    """The visits of one file with their faults; counts rows by table so that the ledger names positions in the file."""
    for visit in country.clean(sending):
        if country.faults:
            faults += plant_in(visit, sending, country, rows)
        rows.update({name: len(table) for name, table in visit.tables.items()})
        yield visit


def _write_register(
    country: Country, sending: Register, folder: Path, faults: list[Fault]
) -> Written:
    tables = register_tables(country, sending)
    if country.faults:
        random = chance(country.seed, f"register faults/{sending.name}")
        share = 0.15 if country.kinds else 0.02 * sending.facility.factor
        faults += register_faults.plant(
            sending.contract, sending.name, tables, random, share, country.kinds
        )
    contract = promised(sending.contract)
    path = folder / sending.name
    table, rows = next(iter(tables.items()))
    if path.suffix == ".xlsx":
        write_xlsx(path, contract, tables)
    elif path.suffix == ".jsonl":
        write_json_lines(path, fields(contract, table), rows)
    elif path.suffix == ".parquet":
        write_parquet(path, fields(contract, table), rows)
    else:
        encoding = ENCODINGS[int(sending.facility.code[:2]) % len(ENCODINGS)]
        write_csv(path, fields(contract, table), rows, encoding)
    counts = {name: len(those) for name, those in tables.items()}
    return _written(sending, sending.contract, sum(counts.values()), counts, faults)


def register_tables(country: Country, sending: Register) -> dict[str, list[Row]]:
    """The rows of a register before any fault is planted."""
    if sending.contract == "practice":
        return registers.practice(country.seed, sending.facility)
    make = registers.births if sending.table == "birth_certificates" else registers.deaths
    as_of = country.until.date()
    return {
        sending.table: make(
            country.seed, sending.facility, sending.sent, sending.first, sending.count, as_of
        )
    }


def _written(
    sending: Sending | Register,
    contract: str,
    units: int,
    rows: dict[str, int],
    faults: list[Fault],
) -> Written:
    return Written(
        name=sending.name, contract=contract, sender=sending.facility.code, province=sending.facility.province,
        sent=sending.sent.isoformat(), units=units, rows=rows, faults=len(faults),
    )  # fmt: skip
