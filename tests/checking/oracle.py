"""What a plain contract says of a table, told slowly: cell by cell in Python, by no code of the program.

It knows the rules that properties declare, over cells as text (None: no cell). It is to be read, not to be fast.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from datetime import date, datetime
from typing import Any

Row = dict[str, str | None]


def rows_of_csv(text: str, separator: str) -> list[Row]:
    """The rows of a well quoted CSV: short rows lack their last cells, what a row has too many is lost."""
    header, *rest = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    return [
        dict(zip(header, [*cells, *[None] * len(header)], strict=False)) for cells in rest if cells
    ]


def sent(cell: str | None) -> str | None:
    """The cell, None when there is nothing to see in it."""
    return None if cell is None or not cell.strip(" \t\r\n\v\f") else cell


def value(kind: str, cell: str) -> Any:
    """The cell as its type, None when it is none."""
    try:
        return READERS[kind](cell)
    except ValueError:
        return None


def whole(cell: str) -> int:
    number = int(matched(r" *[+-]?[0-9]+ *", cell))
    if not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def real(cell: str) -> float:
    number = float(matched(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", cell))
    if not math.isfinite(number):
        raise ValueError
    return number


def truth(cell: str) -> bool:
    return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[
        matched("(?i)true|false|t|f|1|0", cell).lower()
    ]


def day(cell: str) -> date:
    return date.fromisoformat(matched(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell))


def moment(cell: str) -> datetime:
    return datetime.fromisoformat(
        matched(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?", cell)
    )


def matched(pattern: str, cell: str) -> str:
    if not re.fullmatch(pattern, cell, re.ASCII):
        raise ValueError(cell)
    return cell


READERS = {
    "string": str,
    "integer": whole,
    "number": real,
    "boolean": truth,
    "date": day,
    "timestamp": moment,
}


def wrong_rows(table: dict[str, Any], rows: list[Row]) -> dict[str, list[int]]:
    """Rule id to the positions of the rows that break it, for one ODCS schema object."""
    found: dict[str, list[int]] = {}
    keys = [item["name"] for item in table["properties"] if item.get("primaryKey")]
    for item in table["properties"]:
        name, kind = item["name"], item["logicalType"]
        cells = [sent(row.get(name)) for row in rows]
        values = [None if cell is None else value(kind, cell) for cell in cells]
        place = f"{table['name']}.{name}"
        if kind != "string":
            pairs = enumerate(zip(cells, values, strict=True))
            found[f"{place}.type"] = [at for at, (cell, v) in pairs if cell and v is None]
        if item.get("required") or item.get("primaryKey"):
            found[f"{place}.required"] = [at for at, cell in enumerate(cells) if cell is None]
        for rule, test in tests_of(item, kind).items():
            found[f"{place}.{rule}"] = [
                at for at, v in enumerate(values) if v is not None and test(v)
            ]
        if item.get("unique") or keys == [name]:
            found[f"{place}.unique"] = shared([(v,) for v in values])
    if len(keys) > 1:
        kinds = {item["name"]: item["logicalType"] for item in table["properties"]}
        parts = [
            tuple(None if (c := sent(row.get(k))) is None else value(kinds[k], c) for k in keys)
            for row in rows
        ]
        found[f"{table['name']}.{'+'.join(keys)}.unique"] = shared(parts)
    return found


def tests_of(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Rule word to what is true for a wrong value."""
    options = item.get("logicalTypeOptions") or {}

    def bound(name: str) -> Any:
        text = options.get(name)
        return None if text is None else value(kind, str(text))

    low, high = options.get("minLength"), options.get("maxLength")
    least, above = bound("minimum"), bound("exclusiveMinimum")
    most, below = bound("maximum"), bound("exclusiveMaximum")
    listed = {value(kind, entry["value"]) for entry in item.get("enum") or ()}
    tests: dict[str, Any] = {}
    if low is not None or high is not None:
        tests["length"] = lambda v: len(v) < (low or 0) or (high is not None and len(v) > high)
    if options.get("pattern"):
        expression = re.compile(options["pattern"].replace("$", r"\Z"), re.ASCII)
        tests["pattern"] = lambda v: not expression.search(v)
    if least is not None or above is not None:
        tests["minimum"] = lambda v: (
            (least is not None and v < least) or (above is not None and v <= above)
        )
    if most is not None or below is not None:
        tests["maximum"] = lambda v: (
            (most is not None and v > most) or (below is not None and v >= below)
        )
    if listed:
        tests["enum"] = lambda v: v not in listed
    return tests


def shared(keys: list[tuple[Any, ...]]) -> list[int]:
    """The positions of the keys that occur more than once; a key with a missing part shares nothing."""
    counted = Counter(key for key in keys if None not in key)
    return [at for at, key in enumerate(keys) if counted[key] > 1]


def key_of(table: dict[str, Any], row: Row) -> str | None:
    """The key as findings name it: its cells as sent."""
    keys = [item["name"] for item in table["properties"] if item.get("primaryKey")]
    return "|".join(sent(row.get(key)) or "" for key in keys) if keys else None
