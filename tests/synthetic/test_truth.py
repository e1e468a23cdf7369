"""Clean data are judged clean and every planted fault is found, by the real rules, with nobody wrongly accused."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from lienthong.synthetic import faults, register_faults
from lienthong.synthetic.ledger import GROUPS, Fault, compare

ONLY_SAID = ("ENV-08", "FILE-12")
"""Said of every file and no fault of ours: it is not signed; it was read as Windows-1258."""


class Said(msgspec.Struct):
    """A finding as far as a comparison looks."""

    rule: str
    table: str | None = None
    row: int | None = None
    field: str | None = None


def test_comparison_by_hand():
    planted = [
        Fault(
            submission="s",
            table="XML2",
            row=3,
            field="DON_GIA",
            rule="R-1",
            kind="a",
            group=4,
            also=(("XML1", 0, "", "R-2"),),
        ),
        Fault(submission="s", table="XML2", row=4, rule="R-1", kind="a", group=4),
        Fault(submission="s", table="XML3", row=0, rule="R-3", kind="b", group=1),
    ]
    said = [
        Said("R-1", "XML2", 3, "DON_GIA"), Said("R-2", "XML1", 0, "T_THUOC"), Said("R-1", "XML2", 4, "ANY"),
        Said("R-9", "XML2", 3), Said("I-1"), Said("R-1", "XML2", 3, "OTHER"),
    ]  # fmt: skip
    made = compare(planted, said, ignore=["I-1"])
    assert made.by_kind() == {"a": (2, 0), "b": (0, 1)}
    assert made.wrongly_accused == (("XML2", 3, "", "R-9"), ("XML2", 3, "OTHER", "R-1"))
    assert not made.exact
    assert compare([], []).exact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("until", "visits"),
    [
        (datetime(2026, 11, 20, 16, 0), 200),
        (datetime(2027, 1, 1, 8, 0), 40),
        (datetime(2028, 2, 29, 16, 0), 40),
    ],
)
def test_clean_data_are_clean_whenever_they_are_made(make, tmp_path, until, visits):
    made = make(visits=visits, per_file=visits, registers=2, faults=False, until=until)
    assert not any(made.ledger.values())
    for one in made.written:
        said = [
            finding for finding in made.findings(one, tmp_path) if finding.rule not in ONLY_SAID
        ]
        assert said == [], one.name


@pytest.mark.slow
def test_every_planted_fault_is_found_and_nobody_else_accused(make, tmp_path):
    made = make(seed=8, visits=300, per_file=300, registers=4, kinds=("all",))
    kinds = set()
    for one in made.written:
        answer = compare(made.ledger[one.name], made.findings(one, tmp_path), ignore=ONLY_SAID)
        assert answer.missed == (), one.name
        assert answer.wrongly_accused == (), one.name
        kinds |= {fault.kind for fault in answer.found}
    assert kinds == set(faults.KINDS) | set(register_faults.KINDS)


def test_a_late_file_is_stale(make, tmp_path):
    made = make(seed=12, visits=600, per_file=5)
    late = [
        one
        for one in made.written
        if any(fault.kind == "sent_late" for fault in made.ledger[one.name])
    ]
    assert late
    answer = compare(made.ledger[late[0].name], made.findings(late[0], tmp_path), ignore=ONLY_SAID)
    assert answer.exact
    assert len(answer.found) == late[0].units


def test_every_group_of_errors_has_kinds():
    groups = {kind.group for kind in faults.KINDS.values()} | {
        group for _, _, group, _ in register_faults.KINDS.values()
    }
    assert groups | {8} == set(GROUPS)  # 8, the reference of another ministry, needs its service
