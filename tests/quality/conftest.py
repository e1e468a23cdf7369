"""Rows with masks, counted as the store counts them, for tests of scores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from lienthong.findings import Criterion, Severity
from lienthong.records.store.counts import Deltas
from lienthong.records.store.rulesets import RuleSaid, Ruleset

DAY = date(2026, 11, 20)

RULES = (
    RuleSaid("C-1", "A", Criterion.CORRECT, Severity.ERROR),
    RuleSaid("C-2", "B", Criterion.CORRECT, Severity.WARNING),
    RuleSaid("C-3", "C", Criterion.CORRECT, Severity.ERROR),
    RuleSaid("S-1", "A", Criterion.SUFFICIENT, Severity.ERROR),
    RuleSaid("S-2", "B", Criterion.SUFFICIENT, Severity.WARNING),
    RuleSaid("K-1", "A", Criterion.CLEAN, Severity.WARNING),
    RuleSaid("L-1", "T", Criterion.ALIVE, Severity.WARNING),
    RuleSaid("I-1", "T", Criterion.CORRECT, Severity.INFORMATION),
)
RULESET = Ruleset(1, "care", "1.0.0", "XML1", RULES)

Row = tuple[str, str, int, int]
"""sender, province, mask of failed rules, mask of unknown rules."""


def count(
    conn: Any, rows: Iterable[Row], *, day: date = DAY, contract: str = "care", sign: int = 1
) -> None:
    """Write the counts of rows, as an intake does."""
    deltas = Deltas()
    for sender, province, failed, unknown in rows:
        deltas.add(RULESET, sender, province, day, sign, failed & ~unknown, unknown)
    deltas.write(conn, contract)


def remember_rules(conn: Any, contract: str = "care") -> None:
    """Record what the rules say, as an intake does."""
    import msgspec
    from psycopg.types.json import Jsonb

    conn.execute(
        "INSERT INTO records.ruleset (contract, version, digest, table_name, unknown, rules)"
        " VALUES (%s, '1.0.0', 'test', 'XML1', '0', %s) ON CONFLICT DO NOTHING",
        [contract, Jsonb(msgspec.to_builtins(RULES))],
    )


@pytest.fixture(scope="session")
def counting() -> SimpleNamespace:
    """The functions and values of this file, for tests of this folder."""
    return SimpleNamespace(count=count, remember_rules=remember_rules, RULES=RULES, DAY=DAY)
