"""What was typed into the editor of procedures: fields, rows of repeated parts, and what is wrong with which field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from lienthong.clock import VIETNAM
from lienthong.procedures.procedure import CODE, TimeLimit
from lienthong.web.procedure_fields import BY_NAME, Field

WHOLE_UNITS = ("days", "months")

Row = dict[str, str]


class Form:
    """What was typed: single fields and rows of repeated parts, and what is wrong with which field."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = {name: value.replace("\r\n", "\n") for name, value in typed.items()}
        self.problems: dict[str, tuple[str, dict[str, object]]] = {}

    def one(self, section: str, field: str) -> str:
        """A single field, trimmed."""
        return self.typed.get(f"{section}.{field}", "").strip()

    def indexes(self, section: str) -> list[int]:
        """Numbers of the rows there are, in order."""
        found = re.compile(rf"^{section}\.(\d{{1,4}})\.")
        return sorted({int(match[1]) for name in self.typed if (match := found.match(name))})

    def rows(self, section: str) -> list[tuple[str, Row]]:
        """(prefix, fields) of every row in which somebody typed something."""
        made = []
        for index in self.indexes(section):
            prefix = f"{section}.{index}"
            row = {
                field.name: self.typed.get(f"{prefix}.{field.name}", "").strip()
                for field in BY_NAME[section].fields
            }
            if any(row[field.name] for field in BY_NAME[section].fields if _telling(field)):
                made.append((prefix, row))
        return made

    def wrong(self, name: str, sentence: str, **values: object) -> None:
        """Say what is wrong with a field; the first thing said stays."""
        self.problems.setdefault(name, (sentence, values))


def _telling(field: Field) -> bool:
    """Whether a field that is filled makes its row a row: a choice with a default says nothing by itself."""
    return field.kind != "choice" or "" in field.choices


def added(typed: Mapping[str, str], section: str) -> dict[str, str]:
    """What was typed with an empty row more in a repeated part."""
    form = Form(typed)
    number = max(form.indexes(section), default=-1) + 1
    fields = BY_NAME[section].fields
    return form.typed | {f"{section}.{number}.{field.name}": _default(field) for field in fields}


def removed(typed: Mapping[str, str], section: str, index: int) -> dict[str, str]:
    """What was typed without one row of a repeated part."""
    prefix = f"{section}.{index}."
    return {name: value for name, value in typed.items() if not name.startswith(prefix)}


def raised(typed: Mapping[str, str], section: str, index: int) -> dict[str, str]:
    """What was typed with one row of a repeated part before the row above it."""
    rows = Form(typed).indexes(section)
    place = rows.index(index) if index in rows else 0
    if not place:
        return dict(typed)
    other = rows[place - 1]
    swapped = {
        f"{section}.{index}.": f"{section}.{other}.",
        f"{section}.{other}.": f"{section}.{index}.",
    }
    return {
        next((new + name.removeprefix(old) for old, new in swapped.items() if name.startswith(old)), name): value
        for name, value in typed.items()
    }  # fmt: skip


def _default(field: Field) -> str:
    return field.choices[0] if field.choices else ""


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def codes(form: Form, name: str, text: str) -> tuple[str, ...]:
    codes = lines(text)
    for one in codes:
        if not CODE.match(one):
            form.wrong(
                name,
                "“%(written)s” is no procedure code; it looks like 1.012279.",
                written=one[:20],
            )
    return codes


def whole(form: Form, name: str, text: str) -> int | None:
    """A whole number as people write it (1.500.000); None when empty."""
    digits = re.sub(r"[\s.\u00a0\u202f]", "", text)
    if not digits:
        return None
    if not digits.isdecimal() or len(digits) > 15:
        form.wrong(name, "“%(text)s” is no whole number.", text=text[:20])
        return None
    return int(digits)


def number(form: Form, name: str, text: str) -> float | None:
    try:
        found = float(text.replace(",", ".")) if text else None
    except ValueError:
        found = -1.0
    if found is not None and not 0 <= found <= 10_000:
        form.wrong(
            name,
            "“%(text)s” is no number of days or hours; halves are written 0,5.",
            text=text[:20],
        )
        return None
    return found


def day(form: Form, name: str, text: str) -> date | None:
    """A day from the browser (2026-11-22) or as people write it (22/11/2026)."""
    for shape in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=VIETNAM).date()
        except ValueError:
            continue
    if text:
        form.wrong(name, "“%(text)s” is no day; write it like 22/11/2026.", text=text[:20])
    return None


def span(
    form: Form, prefix: str, value: str, unit: str, *, names: tuple[str, str] = ("value", "unit")
) -> TimeLimit | None:
    """A time limit of two fields; None when both are empty."""
    if not value and not unit:
        return None
    where, unit_where = f"{prefix}.{names[0]}", f"{prefix}.{names[1]}"
    count = number(form, where, value)
    if not unit:
        form.wrong(unit_where, "Choose the unit of this time.")
    elif unit == "immediate":
        if count:
            form.wrong(where, "“At once” has no number.")
    elif count is None and where not in form.problems:
        form.wrong(where, "How many? Write a number.")
    elif count is not None and unit in WHOLE_UNITS and count != int(count):
        form.wrong(where, "Calendar days and months are whole; half days are working days.")
    return TimeLimit(value=count or 0, unit=cast(Any, unit or "working_days"))
