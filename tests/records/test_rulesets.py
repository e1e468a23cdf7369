"""What a bit of a kept mask means stays told, whatever a later program derives from the same contract file."""

from __future__ import annotations

from msgspec.structs import replace

from lienthong.contracts.rules.declared import table_rules
from lienthong.records.store.rulesets import load, ruleset


def test_another_program_that_asks_more_of_the_same_file_has_bits_of_its_own(fresh_db, contract):
    rules = table_rules(contract.table("VISIT"))
    more = (rules[0], replace(rules[0], id="VISIT.ID.code"), *rules[1:])
    harder = (replace(rules[0], severity="information"), *rules[1:])
    with fresh_db.connect("owner") as conn:
        first = ruleset(conn, contract, "VISIT", rules, 0)
        assert ruleset(conn, contract, "VISIT", rules, 0) == first
        for others in (more, harder):
            made = ruleset(conn, contract, "VISIT", others, 0)
            assert made.id != first.id
            assert load(conn, [made.id])[made.id].rules == made.rules
        assert load(conn, [first.id])[first.id].rules == first.rules
