"""Contracts told by cases/*.yaml: one change of a right world breaks its rule, and nothing else that is not named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.declared.worlds import (
    broken,
    broken_across,
    change,
    decided_across,
    engine,
    undecided,
)

CASES: dict[str, dict[str, Any]] = {
    file.stem: yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
}
NAMES = tuple(CASES)


def each(part: str) -> list[Any]:
    """(contract, rule, its change of the world, of elsewhere, rules broken besides) of every line."""
    found = []
    for name, cases in CASES.items():
        for number, (rule, changes, *more) in enumerate(cases[part]):
            other = more.pop(0) if more and isinstance(more[0], dict) else {}
            also = set(more[0]) if more else set()
            found.append(pytest.param(name, rule, changes, other, also, id=f"{rule}-{number}"))
    return found


def right(part: str) -> list[Any]:
    return [
        pytest.param(name, changes, id=f"{name}: {what}")
        for name, cases in CASES.items()
        for what, changes in cases[part].items()
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_world_is_accused_of_nothing(name):
    cases = CASES[name]
    assert broken(name, cases["world"]) == set()
    assert broken_across(name, cases["world"], cases["elsewhere"]) == set()


@pytest.mark.parametrize(("name", "rule", "changes", "other", "also"), each("breaks"))
def test_one_change_breaks_its_rule_and_no_other(name, rule, changes, other, also):
    assert broken(name, change(CASES[name]["world"], changes)) == {rule} | also


@pytest.mark.parametrize(("name", "changes"), right("holds"))
def test_what_is_right_is_not_accused(name, changes):
    assert broken(name, change(CASES[name]["world"], changes)) == set()


@pytest.mark.parametrize(("name", "rule", "changes", "other", "also"), each("across"))
def test_one_change_on_either_side_breaks_a_rule_across(name, rule, changes, other, also):
    world = change(CASES[name]["world"], changes)
    elsewhere = change(CASES[name]["elsewhere"], other)
    assert broken_across(name, world, elsewhere) == {rule} | also


@pytest.mark.parametrize(("name", "changes"), right("across_holds"))
def test_what_is_right_across_databases_is_not_accused(name, changes):
    own, other = (*changes, {})[:2]
    world, elsewhere = CASES[name]["world"], CASES[name]["elsewhere"]
    assert broken_across(name, change(world, own), change(elsewhere, other)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_without_the_other_side_nothing_is_decided(name):
    assert decided_across(name, CASES[name]["world"], {}) == set()
    across = {rule for rule, *_ in CASES[name]["across"]}
    assert across <= undecided(name, CASES[name]["world"])


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_tried(name):
    cases = CASES[name]
    written = {
        rule.rule.id
        for table in engine(name).compiled.tables
        for rule in table.rules
        if "." not in rule.rule.id and "#" not in rule.rule.id
    }
    tried = {rule for part in ("breaks", "across") for rule, *_ in cases[part]}
    assert written - tried == set(cases["undecided"])
    assert tried <= written
    assert set(cases["undecided"]) <= undecided(name, cases["world"])
