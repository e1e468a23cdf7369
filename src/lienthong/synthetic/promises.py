"""The contracts that invented submissions must keep, read once: reading one takes longer than inventing
hundreds of visits."""

from __future__ import annotations

from functools import lru_cache

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import read_contract
from lienthong.contracts.rules.declared import contract_rules


@lru_cache
def promised(name: str) -> Contract:
    """The declared contract of that name."""
    return read_contract(name)


@lru_cache
def property_rules(name: str) -> dict[tuple[str, str, str], str]:
    """The ids of the rules that properties of a contract declare, by table, field and kind of rule."""
    return {
        (rule.table, rule.fields[0], rule.kind): rule.id
        for rules in contract_rules(promised(name)).values()
        for rule in rules
        if rule.fields and rule.kind not in ("row", "query", "custom")
    }
