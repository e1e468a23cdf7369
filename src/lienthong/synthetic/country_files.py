"""The files of a large country: one submission for each database, province, day and sender, a catchment at a time.

Every file appears whole or not at all, and a catchment that is done is told of by its list, written last: what was
interrupted is taken up where it stopped.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from lienthong.synthetic.envelope import Writer
from lienthong.synthetic.files import Written
from lienthong.synthetic.households import Catchment
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.nation import Nation
from lienthong.synthetic.parcel_files import encoding_of
from lienthong.synthetic.parcels import Parcel, Tables
from lienthong.synthetic.resent import Resent
from lienthong.synthetic.tables_out import fields, write_csv, write_json_lines, write_parquet
from lienthong.synthetic.visits import Visit

LISTS, TRUTH, ASIDE = "submissions", "truth", ".aside"
FORMS = ("parquet", "csv", "jsonl")


@dataclasses.dataclass
class Day:
    """What one sender sends under one contract on one day, put together from its parcels."""

    first: Parcel
    tables: Tables = dataclasses.field(default_factory=dict)
    visits: list[Visit] = dataclasses.field(default_factory=list)
    faults: list[Fault] = dataclasses.field(default_factory=list)

    def add(self, parcel: Parcel, faults: list[Fault]) -> None:
        """Append a parcel; the places of its faults move behind the rows that are there already."""
        before = Counter({name: len(rows) for name, rows in self.tables.items()})
        for fault in faults:
            also = tuple(
                (table, row + before[table], field, rule) for table, row, field, rule in fault.also
            )
            self.faults.append(replace(fault, row=fault.row + before[fault.table], also=also))
        for name, rows in parcel.tables.items():
            if rows:
                self.tables.setdefault(name, []).extend(rows)
        visits = parcel.facts.get("visits")
        self.visits += visits if isinstance(visits, list) else []
        if parcel.sent > self.first.sent:
            self.first = dataclasses.replace(self.first, sent=parcel.sent)


def is_done(folder: Path, catchment: Catchment) -> bool:
    """Whether all files of a catchment are there."""
    return _list(folder, catchment).is_file()


def _list(folder: Path, catchment: Catchment) -> Path:
    return folder / LISTS / f"{catchment.place:06d}.jsonl"


def write_catchment(nation: Nation, place: int, folder: Path, form: str) -> int:
    """Write everything of one catchment; returns the number of rows."""
    catchment = nation.catchments[place]
    aside = folder / ASIDE / f"{place:06d}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    written, truth, resent = [], [], Resent()
    for name, day in _days(nation, catchment):
        path = _write(nation, day, aside, name, form)
        final = folder / path.relative_to(aside)
        final.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.rmtree(final, ignore_errors=True)
        path.replace(final)
        shown = str(final.relative_to(folder))
        rows = {table: len(rows) for table, rows in day.tables.items()}
        whole = dataclasses.replace(day.first, tables=day.tables)
        written.append(
            Written(
                name=shown, contract=day.first.contract, sender=day.first.sender, province=day.first.province,
                sent=day.first.sent.isoformat(), units=nation.units(whole),
                rows=rows, faults=len(day.faults), again=resent.of(whole, nation.contract(whole.contract)),
            )
        )  # fmt: skip
        truth += [replace(fault, submission=shown) for fault in day.faults]
    _lines(folder / TRUTH / f"{place:06d}.jsonl", aside, truth)
    _lines(_list(folder, catchment), aside, written)
    shutil.rmtree(aside, ignore_errors=True)
    return sum(sum(one.rows.values()) for one in written)


def _lines(final: Path, aside: Path, structs: list[Written] | list[Fault]) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    held = aside / "lines"
    held.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in structs))
    held.replace(final)


def _days(nation: Nation, catchment: Catchment) -> Iterator[tuple[str, Day]]:
    """The submissions of a catchment with their paths. Parcels come database by database, so one is held at a time."""
    days: dict[tuple[str, str, str, str], Day] = {}
    used: Counter[str] = Counter()

    def put_together() -> Iterator[tuple[str, Day]]:
        for (contract, sender, day, service), held in days.items():
            name = f"{contract}/{held.first.province}/{day}-{sender}{service}"
            used[name] += 1
            yield (name if used[name] == 1 else f"{name}-{used[name]}"), held
        days.clear()

    for parcel, faults in nation.parcels(catchment):
        # What hospitals send beside their visits goes in a file of its own: an envelope holds visits.
        beside = nation.contract(parcel.contract).tables[0].xml and not parcel.facts.get("visits")
        service = "-" + "-".join(parcel.tables) if beside else ""
        key = (parcel.contract, parcel.sender, f"{parcel.sent:%Y%m%d}", service)
        if days and next(iter(days))[0] != parcel.contract:
            yield from put_together()
        if key not in days:
            days[key] = Day(dataclasses.replace(parcel, facts={}))
        days[key].add(parcel, faults)
    yield from put_together()


def _write(nation: Nation, day: Day, folder: Path, name: str, form: str) -> Path:
    contract = nation.contract(day.first.contract)
    if day.visits and contract.tables[0].xml:
        path = folder / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for _ in Writer(contract).write(
                out, day.first.sender, day.first.sent, day.visits, len(day.visits)
            ):
                pass
        return path
    if len(day.tables) == 1:
        path = folder / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        path = folder / name
        path.mkdir(parents=True, exist_ok=True)
    for table, rows in day.tables.items():
        file = path / f"{table}.{form}" if path.is_dir() else path
        columns = fields(contract, table)
        if form == "parquet":
            write_parquet(file, columns, rows)
        elif form == "jsonl":
            write_json_lines(file, columns, rows)
        else:
            write_csv(file, columns, rows, encoding_of(day.first.sender))
    return path
