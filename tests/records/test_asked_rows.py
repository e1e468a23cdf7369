"""Records that are asked again are read with no more cells than is looked at, and with none less."""

from __future__ import annotations

import pytest

from lienthong.contracts.keys import key_of
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.days import days_of
from lienthong.records.crossing.asked_rows import needed
from lienthong.records.store import layout
from lienthong.records.store.rulesets import load


@pytest.mark.parametrize("name", sorted(declared_contracts()))
def test_what_the_rules_and_their_days_look_at_is_read(name):
    compiled = compile_contract(read_contract(name))
    contract = compiled.contract
    rules = {
        table.name: {at: rule for at, rule in enumerate(table.rules) if rule.crossing}
        for table in compiled.tables
    }
    others = {
        one.table.partition(".")[0]
        for rows in rules.values()
        for rule in rows.values()
        for one in rule.crossing
    }
    for about in (None, *sorted(others)):
        wanted = needed(compiled, rules, about)
        for table, position in wanted.rules:
            rule = rules[table][position]
            own = {(table, key_of(key).field) for one in rule.crossing for key in one.row_keys}
            own |= {(where, field) for where, field in rule.reads if contract.table(where)}
            days = days_of(contract, contract.table(table))
            own |= {(table, days.link)} if days.link else set()
            own |= {(table, days.field.name)} if days.field else set()
            if days.root:
                own |= {(days.root, days.root_field.name), (days.root, days.link)}
            own |= {(days.root or table, form.sign) for form in days.forms}
            lacking = {
                (where, field)
                for where, field in own
                if not field.startswith("_") and field not in wanted.fields[where]
            }
            assert lacking == set(), (rule.rule.id, about)
            assert layout.root_of(contract, contract.table(table)).name in wanted.fields
        asked = {one for one in wanted.rules}
        assert asked == {
            (table, at)
            for table, those in rules.items()
            for at, rule in those.items()
            if about is None or about in {one.table.partition(".")[0] for one in rule.crossing}
        }


def test_few_cells_of_a_visit_are_read():
    compiled = compile_contract(read_contract("care"))
    rules = {
        table.name: {at: rule for at, rule in enumerate(table.rules) if rule.crossing}
        for table in compiled.tables
    }
    wanted = needed(compiled, rules, None)
    every = sum(len(table.fields) for table in compiled.contract.tables)
    assert sum(map(len, wanted.fields.values())) * 5 < every
    assert set(needed(compiled, rules, "medicines").fields) == {"XML1", "XML2"}


def test_a_ruleset_is_read_once(db, monkeypatch):
    from lienthong.records.store import rulesets

    monkeypatch.setattr(rulesets, "_loaded", {})
    with db.connect() as conn:
        row = conn.execute(
            "INSERT INTO records.ruleset (contract, version, digest, table_name, unknown, rules)"
            " VALUES ('c', '1', 'd', 't', 'a', '[]') RETURNING id"
        ).fetchone()
        (first,) = load(conn, [row[0]]).values()
        conn.rollback()
        assert (first.contract, first.unknown) == ("c", 10)
        assert load(conn, [row[0]])[row[0]] is first
        assert load(conn, [row[0] + 1_000_000]) == {}
