"""Identity keys must be right in every row: one fault is an alarm."""

from __future__ import annotations

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.quality.keys import identity_keys
from lienthong.quality.score import Slice

CONTRACT = Contract(
    name="care",
    version="1.0.0",
    tables=(
        Table(
            name="XML1",
            fields=(
                Field(name="A", identity_role="person_number"),
                Field(name="B", identity_role="facility_code"),
                Field(name="C", identity_role="phone"),
                Field(name="T"),
            ),
        ),
    ),
)


def test_one_fault_is_an_alarm(connection, counting):
    counting.count(connection, [("01001", "01", 0b0000_0001, 0)] + [("79001", "79", 0, 0)] * 9)
    keys = identity_keys(connection, [CONTRACT])
    assert [(key.field, key.role, key.alarm) for key in keys] == [
        ("A", "person_number", True),
        ("B", "facility_code", False),
    ]
    assert (keys[0].rule, keys[0].checked, keys[0].failed, keys[0].senders) == ("C-1", 10, 1, 1)
    assert keys[0].share == 0.9


def test_a_slice_sees_its_own(connection, counting):
    counting.count(connection, [("01001", "01", 0b0000_0001, 0), ("79001", "79", 0, 0)])
    assert not any(key.alarm for key in identity_keys(connection, [CONTRACT], Slice(province="79")))
    assert identity_keys(connection, []) == []
