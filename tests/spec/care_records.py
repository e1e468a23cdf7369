"""Care visits for the tests: read from the two tables beside this page, written as CSV and checked in one go."""

from __future__ import annotations

import copy
import csv
import functools
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from lienthong.clock import VIETNAM
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking.engine import Checked, check
from lienthong.records.checking.moments import ago
from lienthong.records.formats.reading import read

HERE = Path(__file__).parent
NOW = "2026-03-05 09:00"
Tables = dict[str, list[dict[str, Any]]]
_PLACE = re.compile(r"(?P<plus>\+?)(?P<table>XML\d+)(\[(?P<row>\d+)\])?(\.(?P<field>\w+))?")


@dataclass
class Visit:
    """One visit as it is sent: its tables, and what was changed in a right one."""

    name: str
    tables: Tables
    changes: dict[str, Any] = field(default_factory=dict)
    received: str = NOW
    number: int = 0


@dataclass
class Case:
    """A rule, the cell it names, visits that break it and visits that only come close."""

    rule: str
    at: str
    also: tuple[str, ...]
    wrong: list[Visit]
    right: list[Visit]
    others: list[Visit]


def label(case: Case) -> str:
    """A test's name."""
    return f"{case.rule}-{case.at}"


@functools.cache
def _visits() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((HERE / "care_visits.yaml").read_text(encoding="utf-8"))["visits"]


def visit_tables(name: str) -> Tables:
    """The tables of a right visit."""
    said = _visits()[name]
    tables = visit_tables(said["from"]) if "from" in said else {}
    tables |= {key: copy.deepcopy(rows) for key, rows in said.items() if key.startswith("XML")}
    return changed(tables, said.get("set", {}))


def changed(tables: Tables, changes: dict[str, Any]) -> Tables:
    """The tables with the changes of a case made in them."""
    for place, value in changes.items():
        match = _PLACE.fullmatch(place)
        assert match, place
        table, row = match["table"], int(match["row"] or 0)
        if match["plus"]:
            for added in value if isinstance(value, list) else [value]:
                like = tables[table][added["like"]] if "like" in added else {}
                cells = {key: cell for key, cell in added.items() if key != "like"}
                tables.setdefault(table, []).append({**like, **cells})
        elif match["field"]:
            tables[table][row][match["field"]] = value
        elif match["row"]:
            tables[table][row] = {}
        else:
            del tables[table]
    return {table: [row for row in rows if row] for table, rows in tables.items()}


@functools.cache
def clean_visits() -> list[Visit]:
    """Every visit of the table of right visits."""
    visits = [Visit(name, visit_tables(name)) for name in _visits()]
    for number, visit in enumerate(visits, 1):
        visit.number = number
    return visits


@functools.cache
def cases() -> list[Case]:
    """Every case, its visits numbered after the right ones."""
    number = len(clean_visits())
    made = []
    for said in yaml.safe_load((HERE / "care_cases.yaml").read_text(encoding="utf-8"))["cases"]:
        case = Case(said["rule"], said["at"], tuple(said.get("also", ())), [], [], [])
        for kind in ("wrong", "right"):
            for changes in said[kind] if isinstance(said[kind], list) else [said[kind]]:
                for visits, made_of in _twins(said, changes, getattr(case, kind), case.others):
                    number += 1
                    name = said.get("from", "inpatient")
                    tables = changed(visit_tables(name), made_of)
                    visits.append(Visit(name, tables, made_of, said.get("received", NOW), number))
        made.append(case)
    return made


def _twins(
    said: dict[str, Any], changes: dict[str, Any], own: list[Visit], others: list[Visit]
) -> list[Any]:
    """A contradiction between visits needs two: the same change in both, or another in the other one."""
    twins = said.get("twins")
    if not twins:
        return [(own, changes)]
    return [(own, changes), (own, changes) if twins is True else (others, twins)]


def every_visit() -> list[Visit]:
    """The right visits and those of all cases."""
    return clean_visits() + [
        visit for case in cases() for visit in (*case.wrong, *case.right, *case.others)
    ]


def cells(visit: Visit, row: dict[str, Any]) -> dict[str, str]:
    """The cells of a row with the visit's number written in."""
    numbers = {"{n}": f"{visit.number:06}", "{bed}": f"{visit.number % 1000:03}"}
    return {
        name: functools.reduce(
            lambda text, mark: text.replace(mark, numbers[mark]), numbers, str(cell)
        )
        for name, cell in row.items()
        if cell is not None
    }


def write_tables(
    contract: Contract, visits: Iterable[Visit], folder: Path
) -> dict[str, tuple[Path, list[int]]]:
    """One CSV for each table that has rows: (its path, the visit of each row)."""
    rows: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for visit in visits:
        for table, held in visit.tables.items():
            rows[table] += [(visit.number, cells(visit, row)) for row in held]
    written = {}
    for table in contract.tables:
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [each.name for each in table.fields])
            writer.writeheader()
            writer.writerows(row for _, row in rows[table.name])
        written[table.name] = (path, [number for number, _ in rows[table.name]])
    return written


def moment_of(received: str) -> datetime:
    """A moment on Viet Nam's clocks."""
    return datetime.strptime(received, "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)


def record_engine(contract: Contract) -> RecordEngine:
    """The engine that checks one record at a time."""
    return RecordEngine(compile_contract(contract), Codes())


def check_record(engine: RecordEngine, visit: Visit) -> set[str]:
    """What is found in a visit that is sent by itself, as `RULE TABLE.FIELD`."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [cells(visit, row) for row in visit.tables.get(name, ())] for name in engine.engines
    }
    answers = engine.check(tables, received=moment_of(visit.received), ago=ago)
    return {
        f"{rule.id} {name}.{rule.fields[0] if rule.fields else None}"
        for name, rows in answers.items()
        for answer in rows
        for position in answer.failed
        for rule in (engine.engines[name].table.rules[position].rule,)
    }


def check_tables(
    contract: Contract, written: dict[str, Any], folder: Path, received: str = NOW
) -> Checked:
    """The check of the tables that were written, as if they had arrived at that moment in Viet Nam."""
    moment = moment_of(received)
    reading = read(
        [(table, path) for table, (path, _) in written.items()], contract, workdir=folder
    )
    return check(contract, reading, received=moment, codes=Codes())


def check_visits(contract: Contract, visits: list[Visit], folder: Path) -> dict[int, set[str]]:
    """Number of each visit -> `RULE TABLE.FIELD` of what was found in it."""
    found: dict[int, set[str]] = {visit.number: set() for visit in visits}
    moments: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        moments[visit.received].append(visit)
    for place, (received, group) in enumerate(moments.items()):
        below = folder / str(place)
        below.mkdir()
        written = write_tables(contract, group, below)
        for finding in check_tables(contract, written, below, received).findings():
            if finding.row is not None:
                number = written[finding.table][1][finding.row]
                found[number].add(f"{finding.rule} {finding.table}.{finding.field}")
    return found
