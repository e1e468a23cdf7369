"""Faults that rows of any contract can have: one mistake in one row, and every rule of the contract that it breaks.

What a mistake breaks is asked of the generated rules (the engine for single records), so the ledger of these holds
the batch engine and the store to that answer; where no rule would see a mistake, none is planted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import NamedTuple

from lienthong.contracts.contract import Field, Table
from lienthong.findings import Severity
from lienthong.synthetic.chance import declared
from lienthong.synthetic.judging import Judge, Said
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.lines import Row
from lienthong.synthetic.parcels import Parcel

MOST = 3
"""Faults in one parcel at most."""


class Change(NamedTuple):
    """What a cell becomes."""

    field: str
    cell: str


Mistake = Callable[[Table, Row, Random], "Change | None"]


def _free(table: Table) -> list[Field]:
    """Fields whose change makes no other record of the row, and of which no other database has something to say."""
    asked = {name for rule in table.rules if rule.other for name in rule.fields}
    return [
        one for one in table.fields
        if one.name not in table.key and one.name != table.link
        and (one.name not in asked or one.identity_role in ("person_number", "sex"))
    ]  # fmt: skip


def _one(fields: list[Field], random: Random) -> Field | None:
    return random.choice(fields) if fields else None


def _missing(table: Table, row: Row, random: Random) -> Change | None:
    one = _one([one for one in _free(table) if one.required and row.get(one.name)], random)
    return Change(one.name, "") if one else None


def _outside(table: Table, row: Row, random: Random) -> Change | None:
    fields = [
        one for one in _free(table) if (one.values or one.maximum is not None) and row.get(one.name)
    ]
    one = _one(fields, random)
    if one is None:
        return None
    return Change(one.name, "Z" if one.values else str(int(one.maximum) * 10 + 7))


def _date_local(table: Table, row: Row, random: Random) -> Change | None:
    fields = [
        one for one in _free(table)
        if (one.format or "").startswith("date") and len(row.get(one.name) or "") >= 8
    ]  # fmt: skip
    one = _one(fields, random)
    if one is None:
        return None
    day = row[one.name]
    return Change(one.name, f"{day[6:8]}/{day[4:6]}/{day[:4]}")


def _zero_lost(table: Table, row: Row, random: Random) -> Change | None:
    fields = [
        one for one in _free(table)
        if one.identity_role == "person_number" and (row.get(one.name) or "").startswith("0")
    ]  # fmt: skip
    one = _one(fields, random)
    return Change(one.name, row[one.name].lstrip("0")) if one else None


def _code_unknown(table: Table, row: Row, random: Random) -> Change | None:
    fields = [
        one for one in _free(table)
        if one.code_list and row.get(one.name) and one.code_list != "facilities"
    ]  # fmt: skip
    one = _one(fields, random)
    return Change(one.name, "ZZZ99"[: one.max_length or 5]) if one else None


def _sex_against_number(table: Table, row: Row, random: Random) -> Change | None:
    one = next(
        (
            one
            for one in _free(table)
            if one.identity_role == "sex" and row.get(one.name) in ("1", "2")
        ),
        None,
    )
    return (
        Change(one.name, "3" if row[one.name] == "" else "12".replace(row[one.name], ""))
        if one
        else None
    )


def _years_apart(table: Table, row: Row, random: Random) -> Change | None:
    """Two dates of one row in the wrong order: one of them goes back twenty years."""
    fields = [
        one for one in _free(table)
        if (one.format or "").startswith("date") and len(row.get(one.name) or "") >= 8
    ]  # fmt: skip
    if len(fields) < 2:
        return None
    one = random.choice(fields)
    day = row[one.name]
    return Change(one.name, f"{int(day[:4]) - 20}{day[4:]}")


KINDS: dict[str, tuple[int, Mistake]] = {
    "value_missing": (1, _missing),
    "value_outside": (2, _outside),
    "day_as_people_write": (4, _date_local),
    "zero_lost": (4, _zero_lost),
    "code_unknown": (5, _code_unknown),
    "sex_not_of_number": (6, _sex_against_number),
    "years_apart": (6, _years_apart),
}
"""Name to group and mistake; beside these: `row_twice` (3) and `told_late` (7)."""
TWICE, LATE = "row_twice", "told_late"
NAMES = (*KINDS, TWICE, LATE)


def plant(
    parcel: Parcel, judge: Judge, random: Random, share: float, kinds: tuple[str, ...] = ()
) -> list[Fault]:
    """Plant faults in a share (0 to 1) of the rows of the tables that nothing else refers to (changed in place)."""
    faults: list[Fault] = []
    touched: set[tuple[str, int]] = set()
    for name in open_tables(parcel):
        for at in range(len(parcel.tables[name])):
            if len(faults) >= MOST or random.random() >= share:
                continue
            fault = _plant_one(parcel, judge, random, name, at, kinds, touched)
            if fault:
                faults.append(fault)
                touched |= {(name, at)} | {(place[0], place[1]) for place in fault.also}
    return faults


def open_tables(parcel: Parcel) -> list[str]:
    """The tables of a parcel in which a fault leaves no other record without what it refers to."""
    known = declared("error_rates")["open"]
    return [
        name for name, rows in parcel.tables.items()
        if rows and name in known.get(parcel.contract, parcel.tables)
    ]  # fmt: skip


def _plant_one(parcel: Parcel, judge: Judge, random: Random, name: str, at: int, kinds: tuple[str, ...],
               touched: set[tuple[str, int]]) -> Fault | None:  # fmt: skip
    table = judge.contract.table(name)
    assert table is not None
    names = [
        one for one in NAMES if one != LATE and (not kinds or kinds == ("all",) or one in kinds)
    ]
    random.shuffle(names)
    row = parcel.tables[name][at]
    before = _places(judge, parcel)
    for kind in names:
        if kind == TWICE:
            found = None if parcel.posted else _twice(parcel, judge, table, at, before)
        else:
            found = _changed(parcel, judge, table, at, KINDS[kind][1](table, row, random), before)
        if found and not touched & {(place[0], place[1]) for place in found}:
            group = 3 if kind == TWICE else KINDS[kind][0]
            return _fault(parcel, table, kind, group, found)
        if found:
            return None
    return None


def _places(judge: Judge, parcel: Parcel) -> set[tuple[str, int, str, str]]:
    return {
        _place(said) for said in judge.said(parcel.tables, parcel.sent, parcel.sender)
        if said[2].severity is not Severity.INFORMATION
    }  # fmt: skip


def _place(said: Said) -> tuple[str, int, str, str]:
    table, row, rule = said
    return table, row, rule.fields[0] if len(rule.fields) == 1 else "", rule.id


def _changed(
    parcel: Parcel, judge: Judge, table: Table, at: int, change: Change | None,
    before: set[tuple[str, int, str, str]],
) -> list[tuple[str, int, str, str]] | None:  # fmt: skip
    if change is None:
        return None
    row = parcel.tables[table.name][at]
    held = row[change.field]
    row[change.field] = change.cell
    new = _places(judge, parcel) - before
    main = sorted(place for place in new if place[:2] == (table.name, at))
    main.sort(key=lambda place: place[2] != change.field)
    if not main:
        row[change.field] = held
        return None
    return [main[0], *sorted(new - {main[0]})]


def _twice(
    parcel: Parcel, judge: Judge, table: Table, at: int, before: set[tuple[str, int, str, str]]
) -> list[tuple[str, int, str, str]] | None:
    rows = parcel.tables[table.name]
    rows.append(dict(rows[at]))
    new = _places(judge, parcel) - before
    main = sorted(place for place in new if place[:2] == (table.name, len(rows) - 1))
    if not main:
        rows.pop()
        return None
    return [main[0], *sorted(new - {main[0]})]


def _fault(
    parcel: Parcel, table: Table, kind: str, group: int, found: list[tuple[str, int, str, str]]
) -> Fault:
    _, row, field, rule = found[0]
    cells = parcel.tables[table.name][row]
    return Fault(
        submission=parcel.name, table=table.name, row=row, field=field, rule=rule, kind=kind, group=group,
        key="|".join(cells.get(name) or "" for name in table.key), also=tuple(found[1:]),
    )  # fmt: skip


def late(
    parcel: Parcel, judge: Judge, until: timedelta, days: int
) -> list[tuple[str, int, str, str]]:
    """What the rules say more when a parcel is sent `days` later; nothing when less than that (`until`) is left."""
    if timedelta(days=days) > until:
        return []
    before = _places(judge, parcel)
    said = judge.said(parcel.tables, parcel.sent + timedelta(days=days), parcel.sender)
    new = {_place(one) for one in said if one[2].severity is not Severity.INFORMATION} - before
    return sorted(new)


def told_late(parcel: Parcel, judge: Judge, found: list[tuple[str, int, str, str]]) -> Fault:
    """The line of the ledger for a parcel that came late."""
    table = judge.contract.table(found[0][0])
    assert table is not None
    return _fault(parcel, table, LATE, 7, found)
