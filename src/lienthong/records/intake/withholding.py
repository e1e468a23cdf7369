"""Records whose identity keys break a rule are kept and not passed on, until a right version arrives (letter 4856).

They stand in records.withheld with the rules that withhold them, written in the transaction that keeps them; the
feed of changes leaves them out. What is so wrong that it waits in quarantine is passed on to nobody anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import psycopg

from lienthong.contracts.rules.casts import literal, quoted
from lienthong.records.checking.checked import WORD, Checked
from lienthong.records.intake.units import Batch, Group, own
from lienthong.records.intake.verdicts import verdict
from lienthong.records.store.rulesets import Ruleset
from lienthong.records.store.withheld import withholds

if TYPE_CHECKING:
    from lienthong.records.intake.single.settling import Place, Rulesets

PART = 10_000
"""Lines written with one statement."""

Line = tuple[str, str, str, str, str, str, str]
"""contract, table, key, sender, province, receipt, rules (joined with line ends)."""


def reasons(conn: psycopg.Connection[Any], contract: str, key: str, sender: str) -> list[str]:
    """The rules for which a kept record is not passed on; none for most."""
    rows = conn.execute(
        "SELECT unnest(rules) FROM records.withheld WHERE contract = %s AND key = %s AND sender = %s",
        [contract, key, sender],
    )
    return [row[0] for row in rows]


def withheld(group: Group) -> str:
    """The relation (_root, rules) that `withhold_batch` leaves for the records of a group."""
    return quoted(f"withheld_{group.root.name}")


def withhold_batch(
    conn: psycopg.Connection[Any],
    batch: Batch,
    checked: Checked,
    rules: dict[str, Ruleset],
    *,
    sender: str,
    receipt: str,
) -> None:
    """Withhold the new and changed records of a batch that break such a rule; makes `withheld` for every group."""
    for group in batch.groups:
        _mark(batch, checked, group, rules)
        cursor = batch.con.execute(
            f"SELECT r._key, r._province, w.rules FROM {withheld(group)} w JOIN {group.record} r USING (_root)"
            f" JOIN {verdict(group)} v ON v._root = r._root AND v.state <> 'unchanged'"
        )
        while part := cursor.fetchmany(PART):
            place = batch.contract.name, group.root.name
            _write(conn, [(*place, key, sender, where, receipt, why) for key, where, why in part])


def _mark(batch: Batch, checked: Checked, group: Group, rules: dict[str, Ruleset]) -> None:
    parts = []
    for table in group.tables:
        at = [place for place, rule in enumerate(rules[table.name].rules) if withholds(rule)]
        if not at:
            continue
        whose = "m._row AS _root" if table is group.root else "o._root"
        joined = "" if table is group.root else f" JOIN {own(table)} o ON o._row = m._row"
        named = ", ".join(
            f"CASE WHEN m.f{place // WORD} & {1 << place % WORD} <> 0"
            f" THEN {literal(rules[table.name].rules[place].key)} END"
            for place in at
        )
        marked = " OR ".join(f"m.f{place // WORD} & {1 << place % WORD} <> 0" for place in at)
        parts.append(
            f"SELECT {whose}, unnest([{named}]) AS rule FROM {checked.mask_relation(table.name)} m{joined}"
            f" WHERE {marked}"
        )
    rows = " UNION ALL ".join(parts) or "SELECT NULL::BIGINT AS _root, '' AS rule WHERE false"
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {withheld(group)} AS SELECT _root, string_agg(DISTINCT rule, chr(10)) AS rules"
        f" FROM ({rows}) WHERE rule IS NOT NULL AND _root IS NOT NULL GROUP BY _root"
    )


def withhold_places(
    conn: psycopg.Connection[Any], places: Iterable[Place], rules: Rulesets
) -> None:
    """Withhold the new and changed ones among units in memory that break such a rule, and mark them."""
    lines: list[Line] = []
    for place in places:
        given = place.unit
        if place.state not in ("new", "changed") or given.key is None:
            continue
        place.withheld = _reasons(place, rules)
        if place.withheld:
            why = "\n".join(place.withheld)
            name = given.contract.name, given.root.name
            lines.append((*name, given.key, given.sender, given.province, place.receipt, why))
    _write(conn, lines)


def _reasons(place: Place, rules: Rulesets) -> tuple[str, ...]:
    found = {
        rule.key
        for table, answers in place.unit.answers.items()
        for answer in answers
        if answer.failed
        for at in answer.failed
        for rule in [rules.of(place.unit, table).rules[at]]
        if withholds(rule)
    }
    return tuple(sorted(found))


def _write(conn: psycopg.Connection[Any], lines: list[Line]) -> None:
    if not lines:
        return
    conn.execute(
        "INSERT INTO records.withheld AS w (contract, table_name, key, sender, province, receipt, rules)"
        " SELECT contract, tbl, key, sender, province, receipt, string_to_array(rules, E'\\n') FROM unnest("
        "%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
        " AS u(contract, tbl, key, sender, province, receipt, rules) ORDER BY key"
        " ON CONFLICT (contract, table_name, key, sender) DO UPDATE SET rules = excluded.rules,"
        " receipt = excluded.receipt, province = excluded.province",
        [list(column) for column in zip(*lines, strict=True)],
    )
