"""What a rule says, also one that the newest contract no longer has: records may still be kept that broke it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg

from lienthong.quality.explain import known_rules
from lienthong.records.store.rulesets import RuleSaid

Cause = tuple[str, str, str]
"""contract, table, rule with the field it blames (`X-1|A`)."""


def said(conn: psycopg.Connection[Any], causes: Iterable[Cause]) -> dict[Cause, RuleSaid]:
    """The rules of these causes, each as the newest ruleset that has it; reasons of reader and store are in none."""
    known = known_rules(conn)
    wanted = set(causes)
    found = {cause: known[cause] for cause in wanted if cause in known}
    lacking = sorted(wanted - set(found))
    if not lacking:
        return found
    rows = conn.execute(
        "SELECT DISTINCT ON (w.contract, w.tbl, w.key) w.contract, w.tbl, w.key, r.rule"
        " FROM unnest(%s::text[], %s::text[], %s::text[]) AS w(contract, tbl, key)"
        " JOIN records.ruleset s ON s.contract = w.contract AND s.table_name = w.tbl"
        " CROSS JOIN LATERAL jsonb_array_elements(s.rules) AS r(rule)"
        " WHERE (r.rule ->> 'id') || '|' || (r.rule ->> 'field') = w.key"
        " ORDER BY w.contract, w.tbl, w.key, s.id DESC",
        [list(column) for column in zip(*lacking, strict=True)],
    )
    return found | {
        (contract, table, key): msgspec.convert(rule, RuleSaid)
        for contract, table, key, rule in rows
    }
