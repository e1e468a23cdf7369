"""Sums of counts for a part of the data: from the counts of senders and tables, or from the sums that stand ready.

quality.daily holds the sums over senders and tables by contract, province and day, and under the day -infinity those
over all days; quality.sender those of each sender. Triggers keep them in the transaction that changes the counts. A
nation's page reads some hundred lines.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.access import Permit
from lienthong.findings import Criterion
from lienthong.quality.old_provinces import OldProvinces


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What part of the counts is meant; None means all. Days are days of reception, both ends included.

    With `old` the former province of each sender is known too: `old_province` is asked, and may be grouped by.
    """

    contract: str | None = None
    table: str | None = None
    province: str | None = None
    sender: str | None = None
    since: date | None = None
    until: date | None = None
    old: OldProvinces | None = None
    old_province: str | None = None

    def source(self, name: str) -> tuple[sql.Composable, list[Any]]:
        """The relation to read in place of a table of counts, and its values."""
        table = sql.Identifier(*name.split("."))
        return self.old.over(table) if self.old else (table, [])

    def where(self) -> tuple[sql.Composed, list[Any]]:
        """The condition over records.count and its values."""
        tests = {
            "contract = %s": self.contract, "table_name = %s": self.table, "province = %s": self.province,
            "sender = %s": self.sender, "day >= %s": self.since, "day <= %s": self.until,
            "old_province = %s": self.old_province,
        }  # fmt: skip
        given = {test: value for test, value in tests.items() if value is not None}
        parts = [sql.SQL(test) for test in given] or [sql.SQL("true")]
        return sql.SQL(" AND ").join(parts), list(given.values())


def permitted(permit: Permit, **asked: Any) -> Slice:
    """The slice that is asked for, narrowed to what a permit covers."""
    own = {"sender": permit.facility, "province": permit.province}
    return Slice(**{**asked, **{name: value for name, value in own.items() if value is not None}})


Sums = dict[str, tuple[int, int, int]]
"""Pseudo rule to checked, failed, unknown."""

Answer = tuple[dict[tuple[Any, ...], Sums], dict[tuple[Any, ...], tuple[str, ...]]]
"""Group to its sums, and group to the contract versions whose rules spoke."""


def counted(conn: psycopg.Connection[Any], slice: Slice, by: tuple[str, ...]) -> Answer:
    """From records.count: any slice, any grouping."""
    where, values = slice.where()
    source, given = slice.source("records.count")
    columns = sql.SQL(", ").join(map(sql.Identifier, (*by, "rule")))
    rows = conn.execute(
        sql.SQL(
            "SELECT {columns}, sum(checked)::bigint, sum(failed)::bigint, sum(unknown)::bigint,"
            " array_agg(DISTINCT version) FROM {source}"
            " WHERE rule COLLATE \"C\" < '-' AND {where} GROUP BY {columns}"
        ).format(columns=columns, where=where, source=source),
        [*given, *values],
    ).fetchall()
    found: dict[tuple[Any, ...], Sums] = {}
    versions: dict[tuple[Any, ...], set[str]] = {}
    width = len(by)
    for row in rows:
        found.setdefault(row[:width], {})[row[width]] = row[width + 1 : width + 4]
        versions.setdefault(row[:width], set()).update(row[width + 4])
    return found, {key: tuple(sorted(those)) for key, those in versions.items()}


_COLUMNS = ["row_count", "row_failed"] + [
    f"{criterion}_{what}"
    for criterion in Criterion
    for what in ("broken", "checked", "failed", "unknown")
]


def is_summed(slice: Slice, by: tuple[str, ...]) -> bool:
    """Whether the sums that stand ready answer: over tables always, over days too where senders are told apart."""
    known = {"contract", "province", "old_province", "sender", "day"}
    if slice.table is not None or not set(by) <= known:
        return False
    return not (_of_senders(slice, by) and (slice.since or slice.until or "day" in by))


def summed(conn: psycopg.Connection[Any], slice: Slice, by: tuple[str, ...]) -> Answer:
    """From quality.daily or quality.sender, for what `is_summed`; versions are those in force now."""
    where, values = slice.where()
    source: sql.Composable
    given: list[Any] = []
    source, whole = sql.SQL("quality.daily"), sql.SQL("day > '-infinity'")
    if _of_senders(slice, by):
        (source, given), whole = slice.source("quality.sender"), sql.SQL("true")
    elif slice.since is None and slice.until is None and "day" not in by:
        whole = sql.SQL("day = '-infinity'")
    columns = [sql.Identifier(name) for name in by]
    sums = [sql.SQL("sum({})::bigint").format(sql.Identifier(name)) for name in _COLUMNS]
    query = sql.SQL("SELECT {} FROM {} WHERE {} AND {}").format(
        sql.SQL(", ").join([*columns, *sums]), source, whole, where
    )
    if by:
        query += sql.SQL(" GROUP BY {}").format(sql.SQL(", ").join(columns))
    query += sql.SQL(" HAVING sum(row_count) > 0")
    found = {
        row[: len(by)]: _sums(row[len(by) :]) for row in conn.execute(query, [*given, *values])
    }
    latest = _versions(conn, slice.contract)
    return found, {key: _spoken(latest, dict(zip(by, key, strict=True))) for key in found}


def _of_senders(slice: Slice, by: tuple[str, ...]) -> bool:
    return slice.sender is not None or "sender" in by or slice.old is not None


def _sums(row: tuple[int, ...]) -> Sums:
    rows = row[0]
    sums: Sums = {"*": (rows, row[1], 0)}
    for place, criterion in enumerate(Criterion):
        broken, checked, failed, unknown = row[2 + place * 4 : 6 + place * 4]
        sums[f"*{criterion}"] = (rows, broken, 0)
        sums[f"+{criterion}"] = (checked, failed, unknown)
    return sums


def _versions(conn: psycopg.Connection[Any], contract: str | None) -> dict[str, str]:
    rows = conn.execute(
        "SELECT DISTINCT ON (contract) contract, version FROM records.contract_version"
        " WHERE %(contract)s::text IS NULL OR contract = %(contract)s ORDER BY contract, number DESC",
        {"contract": contract},
    )
    return dict(rows.fetchall())


def _spoken(latest: dict[str, str], group: dict[str, Any]) -> tuple[str, ...]:
    contract = group.get("contract")
    those = (
        latest.values() if contract is None else [latest[contract]] if contract in latest else []
    )
    return tuple(sorted(set(those)))
