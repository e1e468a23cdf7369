"""A change of contract is breaking when a file that was right may be wrong, or a reader loses a field."""

from __future__ import annotations

import msgspec
import pytest

from lienthong.contracts.changes import compare
from lienthong.contracts.contract import CodeValue, Contract, Field, Rule, Table
from lienthong.findings import Criterion, Severity

CODE = Field(name="code", max_length=5, values=(CodeValue(value="1"), CodeValue(value="2")))
RULE = Rule(
    id="R1", table="visits", kind="query", criterion=Criterion.CORRECT, query="Q", fields=("code",)
)


def contract(
    *fields: Field, rules: tuple[Rule, ...] = (), key: tuple[str, ...] = ("code",)
) -> Contract:
    return Contract(
        name="c", version="1", tables=(Table(name="visits", fields=fields, rules=rules, key=key),)
    )


def changed(**values: object) -> Field:
    return msgspec.structs.replace(CODE, **values)


@pytest.mark.parametrize(
    ("new", "effect"),
    [
        (changed(max_length=4), "breaking"),
        (changed(max_length=6), "compatible"),
        (changed(max_length=None), "compatible"),
        (changed(required=True), "breaking"),
        (changed(unique=True), "breaking"),
        (changed(pattern="x"), "breaking"),
        (changed(type="integer"), "breaking"),
        (changed(minimum=1), "breaking"),
        (changed(values=(CodeValue(value="1"),)), "breaking"),
        (changed(values=(*CODE.values, CodeValue(value="3"))), "compatible"),
        (changed(values=()), "compatible"),
        (changed(sensitivity="sensitive"), "compatible"),
    ],
)
def test_one_change_of_a_field(new: Field, effect: str) -> None:
    changes = compare(contract(CODE), contract(new))
    assert [change.effect for change in changes] == [effect]
    assert changes[0].place == "visits.code"
    assert changes[0].why


def test_equal_contracts_have_no_difference() -> None:
    assert compare(contract(CODE, rules=(RULE,)), contract(CODE, rules=(RULE,))) == []


def test_fields_come_and_go() -> None:
    optional, needed = Field(name="a"), Field(name="b", required=True)
    effects = {c.place: c.effect for c in compare(contract(CODE), contract(CODE, optional, needed))}
    assert effects == {"visits.a": "compatible", "visits.b": "breaking"}
    assert [c.effect for c in compare(contract(CODE, optional), contract(CODE))] == ["breaking"]


def test_rules_by_their_severity() -> None:
    warning = msgspec.structs.replace(RULE, severity=Severity.WARNING)
    assert [c.effect for c in compare(contract(CODE), contract(CODE, rules=(RULE,)))] == [
        "breaking"
    ]
    added = compare(contract(CODE), contract(CODE, rules=(warning,)))
    assert [c.effect for c in added] == ["compatible"]
    softer = compare(contract(CODE, rules=(RULE,)), contract(CODE, rules=(warning,)))
    assert [c.effect for c in softer] == ["compatible"]


def test_a_key_that_changes_is_breaking() -> None:
    assert [c.effect for c in compare(contract(CODE), contract(CODE, key=()))] == ["breaking"]


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (((), ()), (("hospital",), ()), "breaking"),
        ((("hospital",), ()), ((), ()), "compatible"),
        ((("hospital",), ()), (("hospital", "clinic"), ()), "compatible"),
        ((("hospital", "clinic"), ()), (("hospital", "clinic"), ("clinic",)), "breaking"),
        ((("hospital",), ("clinic",)), (("hospital",), ("clinic", "school")), "compatible"),
        ((("hospital",), ("hospital",)), (("hospital",), ()), None),
    ],
)
def test_who_may_send_is_part_of_a_contract(before, after, effect):
    def of(whole, table):
        made = contract(CODE)
        tables = (msgspec.structs.replace(made.tables[0], sender_kinds=table),)
        return msgspec.structs.replace(made, sender_kinds=whole, tables=tables)

    found = [one for one in compare(of(*before), of(*after)) if "kinds of senders" in one.what]
    assert [one.effect for one in found] == ([effect] if effect else [])
