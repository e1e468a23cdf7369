"""The day of the event a row tells of, by which the version of the contract is chosen: yyyymmdd as a number.

Rows of a visit have the day of the visit (of the root's row, found by the link), else their own; a row whose day
cannot be read is judged by what is in force on the day of receipt. SQL and Python give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.rules import python_casts as casts

DAY = "_day"
"""The reserved column that dated rules compare."""
EARLIEST, LATEST = 10000101, 99991231


class Form(NamedTuple):
    """An older version that is still accepted: a day from `first` to `accepted` counts as `day` where the row has
    the field `sign`, which only that version has."""

    sign: str
    first: int
    accepted: int
    day: int


class Days(NamedTuple):
    """Where the day of a table's rows stands: in the root's row found by `link`, then in their own `field`."""

    table: str
    field: Field | None
    forms: tuple[Form, ...] = ()
    root: str | None = None
    root_field: Field | None = None
    link: str | None = None


def days_of(contract: Contract, table: Table) -> Days:
    """Where the day of a table's rows stands."""
    own = table.field(table.event) if table.event else None
    root = contract.table(table.root) if table.root and table.root != table.name else None
    event = root.field(root.event) if root is not None and root.event else None
    link = table.link
    if root is None or event is None or link is None or root.field(link) is None:
        return Days(table.name, own, _forms(contract, table))
    return Days(table.name, own, _forms(contract, root), root.name, event, link)


def _forms(contract: Contract, table: Table) -> tuple[Form, ...]:
    return tuple(
        Form(version.sign, version.last + 1, version.accepted, version.last)
        for version in contract.versions
        if version.sign and version.accepted > version.last and table.field(version.sign)
    )


def formed_sql(forms: tuple[Form, ...], day: str, column: Callable[[str], str]) -> str:
    """The day of a root's row, moved back where the row has the form of an older version that is still accepted."""
    for form in forms:
        day = (
            f"CASE WHEN {column(form.sign)} IS NOT NULL AND ({day}) BETWEEN {form.first} AND {form.accepted}"
            f" THEN {form.day} ELSE {day} END"
        )
    return day


def day_sql(field: Field, column: str) -> str:
    """The day of a typed column (given as SQL), NULL when it tells none."""
    if field.type in ("date", "timestamp"):
        text = f"STRFTIME({column}, '%Y%m%d')"
    elif field.type == "string":
        text = f"SUBSTR(REPLACE({column}, '-', ''), 1, 8)"
    else:
        return "NULL::BIGINT"
    number = f"soft_integer({text})"
    return f"CASE WHEN {number} BETWEEN {EARLIEST} AND {LATEST} THEN {number} END"


def day_number(field: Field, value: Any) -> int | None:
    """The day of a typed cell, as `day_sql` gives it."""
    if isinstance(value, datetime | date):
        return value.year * 10000 + value.month * 100 + value.day
    if not isinstance(value, str) or field.type != "string":
        return None
    number = casts.to_integer(value.replace("-", "")[:8])
    return number if number is not None and EARLIEST <= number <= LATEST else None


class DayTeller:
    """Gives typed rows of the Python engine their day."""

    def __init__(self, days: Days, layouts: Any) -> None:
        at = layouts[days.table].at
        self._day = at[DAY]
        self._own = (days.field, at[days.field.name]) if days.field else None
        self._root: tuple[str, Field, int, int, int] | None = None
        roots = layouts[days.root].at if days.root else at
        self._forms = [(form, roots[form.sign]) for form in days.forms]
        if days.root and days.root_field and days.link:
            there = layouts[days.root].at
            self._root = (
                days.root,
                days.root_field,
                there[days.root_field.name],
                there[days.link],
                at[days.link],
            )

    def tell(self, row: list[Any], rows: Any, received: int) -> None:
        """Writes the day into the row."""
        row[self._day] = self._of_root(row, rows) or self._of_row(row) or received

    def _of_root(self, row: list[Any], rows: Any) -> int | None:
        if self._root is None:
            return None
        root, field, event, link, own = self._root
        found = [
            self._formed(day_number(field, one[event]), one)
            for one in rows.find(root, link, row[own])
        ]
        return max((day for day in found if day is not None), default=None)

    def _of_row(self, row: list[Any]) -> int | None:
        if self._own is None:
            return None
        day = day_number(self._own[0], row[self._own[1]])
        return self._formed(day, row) if self._root is None else day

    def _formed(self, day: int | None, row: list[Any]) -> int | None:
        for form, at in self._forms:
            if day is not None and row[at] is not None and form.first <= day <= form.accepted:
                day = form.day
        return day


def received_day(received: datetime, ago: Callable[..., str]) -> int:
    """The day of receipt in Viet Nam."""
    return int(ago(received, 0, "days", "date8"))
