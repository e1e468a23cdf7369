"""Scores under the map of the 63 provinces: the same counts, grouped by where a facility lay before 1 July 2025."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.contracts.codes import Codes
from lienthong.quality import old_provinces
from lienthong.quality.explain import causes, lift
from lienthong.quality.score import Slice, scores
from lienthong.quality.sums import counted, summed

TODAY = date(2026, 11, 20)
SENDERS = [("24001", "24"), ("27002", "24"), ("01003", "01"), ("8930000000017", "01"), ("KX1", "")]
"""Bắc Giang and Bắc Ninh are one province now, and its code 24 was Bắc Giang's."""


@pytest.fixture
def conn(db, counting):
    with db.connect() as made:
        counting.count(made, [(code, now, at, 0) for at, (code, now) in enumerate(SENDERS)])
        yield made
        made.rollback()


@pytest.fixture(scope="module")
def codes():
    return Codes()


def test_a_facility_is_counted_where_its_code_began(conn, codes):
    old = Slice(old=old_provinces.load(conn, codes))
    now = scores(conn, Slice(), ("province",), today=TODAY)
    before = scores(conn, old, ("old_province",), today=TODAY)
    assert {key[0]: card.rows for key, card in now.items()} == {"24": 2, "01": 2, "": 1}
    assert {key[0]: card.rows for key, card in before.items()} == {"24": 1, "27": 1, "01": 1, "": 2}
    assert sum(card.rows_failed for card in before.values()) == sum(
        card.rows_failed for card in now.values()
    )


def test_both_ways_of_counting_say_the_same_under_the_old_map(conn, codes):
    part = Slice(old=old_provinces.load(conn, codes))
    assert summed(conn, part, ("old_province",))[0] == counted(conn, part, ("old_province",))[0]
    bac_giang = Slice(old=part.old, old_province="24", province="24")
    assert [card.rows for card in scores(conn, bac_giang, ("sender",), today=TODAY).values()] == [1]


def test_the_commune_of_a_facility_tells_more_than_its_code():
    """A commune of one former province decides; one that was made of several leaves it to the code, or unknown."""
    former = old_provinces._former()
    whole = next(commune for commune, old in former.items() if old == {"27"})
    assert old_provinces._of_commune(whole, "24") == "27"
    assert old_provinces._of_commune("99999", "24") is None
    mixed = next((commune for commune, old in former.items() if len(old) > 1), None)
    if mixed is not None:
        assert old_provinces._of_commune(mixed, "00") == ""
        assert old_provinces._of_commune(mixed, min(former[mixed])) == min(former[mixed])


def test_there_are_sixty_three_former_provinces(codes):
    names = old_provinces.names(codes)
    assert len(names) == 63 and names["24"]["vi"].endswith("Bắc Giang")


def test_causes_of_a_former_province_are_those_of_its_senders(conn, codes, counting):
    """Bắc Giang and Bắc Ninh stand under one code today; each has its own causes, and points of its own scores."""
    counting.remember_rules(conn)
    counting.count(conn, [("24001", "24", 1, 0)] * 2 + [("27002", "24", 2, 0), ("KX1", "", 4, 0)])
    known = old_provinces.load(conn, codes)
    now = causes(conn, Slice(province="24"), today=TODAY)
    assert {cause.sender for cause in now} == {"24001", "27002"}
    assert {cause.old_province for cause in now} == {None}
    for code, sender in (("24", "24001"), ("27", "27002")):
        part = Slice(old=known, old_province=code)
        found = causes(conn, part, today=TODAY)
        assert {(cause.sender, cause.old_province, cause.province) for cause in found} == {
            (sender, code, "24")
        }
        card = scores(conn, part, (), today=TODAY)[()]
        for cause in found:
            points, _ = lift(card, cause.criterion, cause.failed, cause.sole)
            assert cause.points == pytest.approx(points) and cause.points > 0
    whole = {
        (cause.sender, cause.old_province) for cause in causes(conn, Slice(old=known), today=TODAY)
    }
    assert whole == {
        ("24001", "24"),
        ("27002", "27"),
        ("01003", "01"),
        ("KX1", ""),
        ("8930000000017", ""),
    }


def test_the_promise_of_a_former_province_is_kept(conn, codes, counting):
    counting.remember_rules(conn)
    counting.count(
        conn, [("24001", "24", 1, 0)] * 2 + [("24001", "24", 0, 0), ("27002", "24", 1, 0)]
    )
    part = Slice(old=old_provinces.load(conn, codes), old_province="24")
    promised = {(cause.rule, cause.field): cause for cause in causes(conn, part, today=TODAY)}[
        ("C-1", "A")
    ]
    before = scores(conn, part, (), today=TODAY)[()].criteria[promised.criterion].value
    counting.count(conn, [("24001", "24", 1, 0)] * 2, sign=-1)
    counting.count(conn, [("24001", "24", 0, 0)] * 2)
    after = scores(conn, part, (), today=TODAY)[()].criteria[promised.criterion].value
    assert (after - before) * 100 == pytest.approx(promised.points)
