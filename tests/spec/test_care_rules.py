"""The promises of the care contract, one by one: each rule accuses its own fault, and nothing that only comes close.

Read `care_cases.yaml` beside this page: it says in one line what is wrong, what is right, and where.
"""

from __future__ import annotations

import pytest

from lienthong.contracts.reading import read_contract
from lienthong.findings import LANGUAGES
from tests.spec.care_records import (
    NOW,
    cases,
    check_record,
    check_visits,
    clean_visits,
    every_visit,
    label,
    record_engine,
)

SHEET = {
    "ENV": 10,
    "LNK": 18,
    "FMT": 25,
    "COD": 17,
    "STA": 7,
    "DAT": 22,
    "MON": 20,
    "INS": 10,
    "CMP": 12,
    "DUP": 7,
    "TIM": 11,
}
"""How many rules the public rule sheet has of each group: 159 in all."""

NOT_IN_A_TABLE = ("ENV", "LNK-01-HS")
"""Rules about the envelope have tests of their own."""
LATE = "TIM-02 XML1.NGAY_RA"


BETWEEN_VISITS = (
    "DUP-04",
    "DUP-05",
    "DUP-06",
    "DUP-07",
    "STA-07",
    "DAT-12 XML3.MA_GIUONG",
    "LNK-02",
)
"""Rules that compare visits: a visit by itself cannot break them."""


@pytest.fixture(scope="module")
def contract():
    return read_contract("care")


@pytest.fixture(scope="module")
def found(contract, tmp_path_factory):
    """Number of a visit -> what was found in it, as `RULE TABLE.FIELD`."""
    return check_visits(contract, every_visit(), tmp_path_factory.mktemp("care"))


@pytest.mark.parametrize("visit", clean_visits(), ids=lambda visit: visit.name)
def test_a_right_visit_is_not_accused(found, visit):
    assert found[visit.number] == set()


@pytest.mark.parametrize("case", cases(), ids=label)
def test_a_rule_accuses_its_fault_and_no_more(found, case):
    expected = f"{case.rule} {case.at}"
    for visit in case.wrong:
        late = {LATE} if visit.received != NOW else set()
        assert expected in found[visit.number], visit.changes
        assert found[visit.number] - {expected} - late <= set(case.also), visit.changes
    for visit in case.right:
        assert expected not in found[visit.number], visit.changes


def test_one_record_alone_gets_the_answers_of_the_batch(contract, found):
    """The generated Python, which answers the API, against DuckDB, which answers files."""
    engine = record_engine(contract)
    for visit in every_visit():
        alone = check_record(engine, visit)
        batch = {name for name in found[visit.number] if not name.startswith(BETWEEN_VISITS)}
        assert {name for name in alone if not name.startswith(BETWEEN_VISITS)} == batch, (
            visit.name,
            visit.changes,
        )


def test_every_rule_of_the_sheet_is_written_or_said_to_be_covered(contract):
    wanted = {
        f"{group}-{number:02}" for group, count in SHEET.items() for number in range(1, count + 1)
    }
    # Rules across databases are ours: the sheet speaks of one file.
    written = {rule.id[:6] for table in contract.tables for rule in table.rules if not rule.other}
    covered = {entry["id"] for entry in contract.properties["coveredByProperties"]}
    assert len(wanted) == 159
    assert wanted - written - covered == set()
    assert written | covered == wanted


def test_every_rule_speaks_three_languages_and_says_what_to_do(contract):
    for table in contract.tables:
        for rule in table.rules:
            for text in (rule.sentence, rule.remedy):
                assert set(text) == set(LANGUAGES) and all(text.values()), (table.name, rule.id)


def test_every_rule_that_a_table_can_decide_has_a_case(contract):
    tried = {case.rule for case in cases()}
    decidable = {
        rule.id
        for table in contract.tables
        for rule in table.rules
        if (rule.predicate or rule.query)
        and not rule.id.startswith(NOT_IN_A_TABLE)
        and not rule.needs
        and not rule.other  # tried with the store on both sides, in tests/records/test_crossing*
    }
    assert decidable - tried == set()
