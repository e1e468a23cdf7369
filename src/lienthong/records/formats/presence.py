"""Names that a file lacks, judged by the version in force on the days of its rows: a field that this version does
not have is missed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from lienthong.contracts.contract import Contract, Field
from lienthong.records.formats.faults import Fault

KINDS = ("name-missing", "column-missing")


def split(contract: Contract, faults: Iterable[Fault]) -> tuple[list[Fault], list[Fault]]:
    """The faults that hold whatever the days of the rows, and those of names that only some versions have."""
    sure: list[Fault] = []
    dated: list[Fault] = []
    for fault in faults:
        (sure if dated_field(contract, fault) is None else dated).append(fault)
    return sure, dated


def settle_names(
    contract: Contract, reading: Any, days: Callable[[str], Mapping[int, int]]
) -> None:
    """Puts among the faults of a reading those names that the version in force on the days of its rows has."""
    dated = getattr(reading, "dated", None)
    if dated:
        reading.dated = []
        reading.faults = [*reading.faults, *in_force(contract, dated, days)]


def in_force(
    contract: Contract, faults: Iterable[Fault], days: Callable[[str], Mapping[int, int]]
) -> list[Fault]:
    """The faults without those of names that no row of their table should have.

    `days` gives for a table the number of rows of each day (yyyymmdd).
    """
    counted: dict[str, Mapping[int, int]] = {}
    kept = []
    for fault in faults:
        field = dated_field(contract, fault)
        if field is None:
            kept.append(fault)
            continue
        table = fault.table or ""
        if table not in counted:
            counted[table] = days(table)
        outside = sum(rows for day, rows in counted[table].items() if not _has(field, day))
        inside = sum(counted[table].values()) - outside
        if fault.kind == "column-missing":
            if inside or not counted[table]:
                kept.append(fault)
            continue
        # Rows of other versions lack the name rightly: what is left over is lacked wrongly.
        lacking = min(inside, int(fault.params["count"]) - outside)
        if lacking > 0:
            kept.append(replace(fault, params={**fault.params, "count": lacking}))
    return kept


def dated_field(contract: Contract, fault: Fault) -> Field | None:
    """The field of a missing name that only some versions have."""
    if fault.kind not in KINDS or fault.field is None:
        return None
    table = contract.table(fault.table or "")
    field = table.field(fault.field) if table else None
    return field if field is not None and not field.always else None


def _has(field: Field, day: int) -> bool:
    return any(period.first <= day <= period.last for period in field.periods if not period.absent)
