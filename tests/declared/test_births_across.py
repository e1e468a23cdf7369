"""Births and deaths seen from other databases: the mother, her earlier certificates and her own death."""

from __future__ import annotations

import pytest

from tests.declared.test_vital_rules import WORLD
from tests.declared.worlds import broken_across, change, decided_across

BIRTH = {"birth_certificates": WORLD["birth_certificates"]}
MOTHER = BIRTH["birth_certificates"][0]["SO_GIAYTO_NND"]
BORN = BIRTH["birth_certificates"][0]["NGAY_SINH_CON"]
DELIVERY = {"MA_LAN_DE": "D1", "SO_DINH_DANH": MOTHER}
ELSEWHERE = {
    "mother_child.deliveries": [DELIVERY],
    "personal_health.books": [{"MA_SO": "S1", "SO_CCCD": "001190000001"}],
    "care.XML1": [{"MA_LK": "V1", "SO_CCCD": MOTHER}],
    "vital_events.death_notices": [{"MA_GBT": "T1", "SO_GIAYTO": "001190000001"}],
    "vital_events.birth_certificates": [{"MA_GCS": "X", "SO_GIAYTO_NND": "001190000001"}],
}
STRANGER = {"SO_DINH_DANH": "001190000009"}
CASES = [
    (set(), {}),
    (set(), {"mother_child.deliveries": STRANGER, "personal_health.books": {"SO_CCCD": MOTHER}}),
    ({"X-BIRTH-02"}, {"mother_child.deliveries": STRANGER}),
    ({"X-BIRTH-03"}, {"care.XML1": {"SO_CCCD": "001190000009"}}),
    (
        {"X-BIRTH-04"},
        {"vital_events.death_notices": {"SO_GIAYTO": MOTHER, "NGAY_TV": "202001010800"}},
    ),
    (
        {"X-BIRTH-01"},
        {"vital_events.birth_certificates": {"SO_GIAYTO_NND": MOTHER, "NGAY_SINH_CON": BORN}},
    ),
]


@pytest.mark.parametrize(("rules", "other"), CASES)
def test_a_birth_agrees_with_what_others_know_of_the_mother(rules, other):
    assert broken_across("vital_events", BIRTH, change(ELSEWHERE, other)) == rules


def test_without_registers_of_mothers_nobody_says_that_she_is_missing():
    alone = {name: rows for name, rows in ELSEWHERE.items() if name != "mother_child.deliveries"}
    assert "X-BIRTH-02" not in decided_across("vital_events", BIRTH, alone)
