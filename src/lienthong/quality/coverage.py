"""Which of the twenty-four fields of health data (Decree 102/2025, Art. 5) a database covers, whose it is, since when.

The fields stand in declared/health_data_fields.yaml; what a database covers is said by its own contract
(customProperty healthDataFields), so that a thirteenth database needs no word here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.contract import Contract
from lienthong.findings import Text

PROPERTY = "healthDataFields"


class HealthDataField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the decree. A field without a name is one that could not be read in any public text."""

    number: int
    vi: str = ""
    en: str = ""
    fr: str = ""
    evidence: str = "unknown"
    cut: bool = False

    @property
    def label(self) -> Text:
        """The name in three languages; empty when it is not known."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr} if self.vi else {}


class HealthDataFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of declared/health_data_fields.yaml, completed to `count` fields."""

    law: str
    in_force: date
    source: str
    count: int
    fields: tuple[HealthDataField, ...]


class Covering(msgspec.Struct, frozen=True, kw_only=True):
    """A database that says it covers a field: its owner, the first day with rows, how many rows there are now."""

    contract: str
    label: Text
    owner: Text
    evidence: str
    since: date | None
    rows: int


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """One field with the databases that cover it.

    `state`: living = rows are there; declared = a database covers it, nothing has arrived; none = no database
    covers it; unknown = what the field is could not be read.
    """

    number: int
    label: Text
    evidence: str
    cut: bool
    state: str
    databases: tuple[Covering, ...]


@lru_cache(maxsize=1)
def health_data_fields() -> HealthDataFields:
    """The declared fields; numbers that are not declared stand as unknown."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "health_data_fields.yaml")
    declared = msgspec.convert(
        yaml.safe_load(path.read_text("utf-8")), HealthDataFields, strict=False
    )
    known = {field.number: field for field in declared.fields}
    fields = tuple(
        known.get(number, HealthDataField(number=number)) for number in range(1, declared.count + 1)
    )
    return msgspec.structs.replace(declared, fields=fields)


def coverage(conn: psycopg.Connection[Any], contracts: Iterable[Contract]) -> list[Covered]:
    """Every field of the decree in its order, with what covers it."""
    kept = _kept(conn)
    covering: dict[int, list[Covering]] = {}
    for contract in contracts:
        since, rows = kept.get(contract.name, (None, 0))
        for item in contract.properties.get(PROPERTY) or ():
            covering.setdefault(int(item["field"]), []).append(
                Covering(
                    contract=contract.name,
                    label=contract.label or {"vi": contract.name},
                    owner=contract.owner_label or {"vi": contract.owner},
                    evidence=str(item.get("evidence", "inferred")),
                    since=since,
                    rows=rows,
                )
            )
    return [
        Covered(
            number=field.number,
            label=field.label,
            evidence=field.evidence,
            cut=field.cut,
            state=_state(field, covering.get(field.number, [])),
            databases=tuple(covering.get(field.number, [])),
        )
        for field in health_data_fields().fields
    ]


def _state(field: HealthDataField, covering: list[Covering]) -> str:
    if not field.label and not covering:
        return "unknown"
    if not covering:
        return "none"
    return "living" if any(one.rows for one in covering) else "declared"


def _kept(conn: psycopg.Connection[Any]) -> Mapping[str, tuple[date | None, int]]:
    """Contract to (first day of reception, rows now kept or waiting)."""
    rows = conn.execute(
        "SELECT contract, min(day) FILTER (WHERE day > '-infinity' AND row_count > 0),"
        " coalesce(sum(row_count) FILTER (WHERE day = '-infinity'), 0)::bigint"
        " FROM quality.daily GROUP BY contract"
    ).fetchall()
    return {name: (since, number) for name, since, number in rows}
