"""Fields that identify people, facilities and records: right in every row (letter 4856), so that one fault alarms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract
from lienthong.findings import Severity
from lienthong.quality.criteria import criteria
from lienthong.quality.explain import known_rules
from lienthong.quality.sums import Slice


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One identifying field: `checked` and `failed` are those of its worst rule; `senders` broke any of its rules."""

    contract: str
    table: str
    field: str
    role: str
    rule: str
    checked: int
    failed: int
    senders: int

    @property
    def share(self) -> float:
        """Rows that are right."""
        return 1 - self.failed / self.checked if self.checked else 1.0

    @property
    def alarm(self) -> bool:
        """Whether the share is below what identity keys must reach."""
        return self.share < criteria().identity.least


def identity_keys(
    conn: psycopg.Connection[Any], contracts: Iterable[Contract], slice: Slice | None = None
) -> list[Key]:
    """The identifying fields of the slice that were checked, alarms first, the worst of them first.

    Which roles identify is declared in criteria.yaml. Rules that only inform are left out.
    """
    roles = criteria().identity.roles
    fields = {
        (contract.name, table.name, field.name): field.identity_role
        for contract in contracts
        for table in contract.tables
        for field in table.fields
        if field.identity_role in roles
    }
    if not fields:
        return []
    where, values = (slice or Slice()).where()
    names = list(zip(*fields, strict=True))
    informing = {
        key
        for (_, _, key), rule in known_rules(conn).items()
        if rule.severity is Severity.INFORMATION
    }
    rows = conn.execute(
        sql.SQL(
            "SELECT DISTINCT ON (contract, table_name, field) contract, table_name, field, rule, checked, failed,"
            " max(senders) OVER (PARTITION BY contract, table_name, field)"
            " FROM (SELECT contract, table_name, split_part(rule, '|', 2) AS field, split_part(rule, '|', 1) AS rule,"
            " sum(checked)::bigint AS checked, sum(failed)::bigint AS failed,"
            " count(DISTINCT sender) FILTER (WHERE failed > 0) AS senders"
            " FROM records.count WHERE rule COLLATE \"C\" > '-' AND rule <> ALL(%s) AND {where}"
            " AND (contract, table_name, split_part(rule, '|', 2)) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])) GROUP BY 1, 2, 3, 4) per_rule"
            " WHERE checked > 0 ORDER BY contract, table_name, field, failed::float / checked DESC, rule"
        ).format(where=where),
        [sorted(informing), *values, *map(list, names)],
    )
    found = [
        Key(
            contract=row[0],
            table=row[1],
            field=row[2],
            role=str(fields[row[0], row[1], row[2]]),
            rule=row[3],
            checked=row[4],
            failed=row[5],
            senders=row[6],
        )  # fmt: skip
        for row in rows
    ]
    return sorted(found, key=lambda key: (key.share, key.contract, key.table, key.field))
