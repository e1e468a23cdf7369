"""What the findings of kept records name: read beside the masks when a record is shown, and the life of a finding."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec.structs import replace
from psycopg.rows import dict_row

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.others import Named
from lienthong.findings import Finding, OtherRecord
from lienthong.records.checking.naming import named_sentence


class NamedOn(msgspec.Struct, frozen=True):
    """The records of other databases that the findings on the rows of one record name."""

    contract: Contract
    table: Table
    others: dict[tuple[int, str, str], tuple[OtherRecord, ...]]

    def told(self, found: Finding, row: int) -> Finding:
        """The finding with the records that it names, when its rule looks at other databases."""
        others = self.others.get((row, found.rule, found.field or ""))
        rule = next((one for one in self.table.rules if one.id == found.rule and one.other), None)
        if others is None or rule is None:
            return found
        names = [Named(f"{one.contract}.{one.table}", one.key, one.sender) for one in others]
        return replace(found, message=named_sentence(rule, self.contract, names), others=others)


def named_on(
    conn: psycopg.Connection[Any], contract: Contract, table: Table, row: dict[str, Any]
) -> NamedOn:
    """What the findings on the rows of a table of one record name; `row` is any of its rows as kept.

    Who may read the nation's records is told all of it, others what the record's own sender may know.
    """
    if not any(rule.other for rule in table.rules):
        return NamedOn(contract, table, {})
    rows = conn.execute(
        "SELECT row, rule, field, others, current_setting('lienthong.scope', true) = 'all'"
        " FROM records.crossing WHERE contract = %s AND table_name = %s"
        " AND key = %s AND sender = %s AND version = %s AND (until IS NULL OR ended_by = 'replaced')",
        [contract.name, table.name, row["_key"], row["_sender"], row["_version"]],
    ).fetchall()
    return NamedOn(
        contract,
        table,
        {
            (place, rule, field): tuple(
                one if everywhere else one.known_to(row["_sender"])
                for one in msgspec.convert(others, tuple[OtherRecord, ...])
            )
            for place, rule, field, others, everywhere in rows
        },
    )


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A finding on a kept record that began, or ended, because another database changed after it was received."""

    table_name: str
    key: str
    rule: str
    others: tuple[OtherRecord, ...]
    since: datetime
    until: datetime | None


def found_later(conn: psycopg.Connection[Any], receipt: str, limit: int = 100) -> list[Later]:
    """Findings across databases on the records of a receipt that changed after it was processed, newest first.

    Of records of others they tell only what the receipt's sender may know, whoever reads: nobody gave a purpose.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT c.table_name, c.key, c.rule, c.others, c.since, c.until, c.sender AS whose"
            " FROM records.submission s"
            " JOIN records.crossing c ON c.contract = s.contract AND c.sender = s.sender"
            " AND (c.since > s.finished_at OR c.until IS NOT NULL AND c.ended_by <> 'replaced')"
            " WHERE s.receipt = %(receipt)s AND c.receipt = %(receipt)s"
            " ORDER BY coalesce(c.until, c.since) DESC, c.id DESC LIMIT %(limit)s",
            {"receipt": receipt, "limit": limit},
        ).fetchall()
    found = []
    for row in rows:
        sender, later = row.pop("whose"), msgspec.convert(row, Later, from_attributes=False)
        found.append(replace(later, others=tuple(one.known_to(sender) for one in later.others)))
    return found
