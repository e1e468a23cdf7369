"""The index: computed by hand on a small set, unknown where nobody could measure, dated thresholds."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace
from tests.reports.test_forms import NOVEMBER, at, fact

from lienthong.errors import Refused
from lienthong.reports import facts, index766
from lienthong.reports.index766 import Indicator

EDITION = index766.edition_for(NOVEMBER)


def test_the_groups_and_indicators_make_a_hundred():
    assert sum(group.max for group in EDITION.groups) == 100
    for group in EDITION.groups:
        own = [one.max for one in EDITION.indicators if one.code.startswith(group.code + ".")]
        assert sum(own) == group.max, group.code


@pytest.mark.parametrize(
    ("threshold", "share", "zero", "points"),
    [
        (0.8, (80, 100), "none", 6.0), (0.8, (90, 100), "none", 6.0), (0.8, (40, 100), "none", 3.0),
        (1.0, (1, 3), "none", 2.0), (0.5, (1, 8), "none", 1.5), (1.0, (0, 5), "none", 0.0),
        (1.0, (0, 0), "full", 6.0), (1.0, (0, 0), "none", 0.0), (1.0, None, "full", None),
    ],
)  # fmt: skip
def test_points_of_a_share(threshold, share, zero, points):
    one = Indicator(
        code="x", max=6, threshold=threshold, measure="m", zero=zero, vi="", en="", fr=""
    )
    assert index766.points(one, share) == (
        points if points is None else pytest.approx(points, abs=1e-12)
    )


SMALL = [
    fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-09 16:00", e_result=True),
    fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-11 09:00", channel="direct"),
    fact("2026-11-02 09:00", "2026-11-20 09:00", "2026-11-12 09:00", supplements=2, e_result=True),
    fact("2026-11-03 09:00", "2026-12-10 09:00", channel="post"),
    fact("2026-10-20 09:00", "2026-11-10 09:00", "2026-11-05 09:00", e_result=True),
]


def test_a_small_set_by_hand():
    """2.1: three of five on time = 12. 3.3: two of four online, half is the threshold = 6. 4.1: three of four = 4.5."""
    found = index766.index(
        EDITION,
        index766.measures(SMALL, NOVEMBER, synchronised=3, ratings={"satisfied": 8, "all": 10}),
    )
    points = {one.code: one.points for one in found.indicators}
    assert points["2.1"] == pytest.approx(12.0, abs=1e-12)
    assert points["3.3"] == 6.0
    assert points["4.1"] == pytest.approx(4.5, abs=1e-12)
    assert points["1.4"] == pytest.approx(4.5, abs=1e-12)
    assert points["5.4"] == pytest.approx(6 * 0.8 / 0.9, abs=1e-12)
    assert points["3.6"] == 0.0, "nobody was asked for a fee: an empty denominator gives none"
    assert points["1.1"] is None
    assert found.known == 6 + 20 + 6 + 6 + 6 + 6
    assert found.points == pytest.approx(12 + 6 + 4.5 + 4.5 + 6 * 0.8 / 0.9, abs=1e-12)
    assert found.band == {}, "no word for a score that is not whole"


def test_a_flag_that_nobody_filled_is_unknown_and_not_a_no():
    measured = index766.measures(SMALL, NOVEMBER)
    assert measured["vneid"] is None
    filled = [replace(one, vneid=True) for one in SMALL]
    assert index766.measures(filled, NOVEMBER)["vneid"] == (4, 4)
    assert index766.measures([*filled[:-2], SMALL[3]], NOVEMBER)["vneid"] is None


def test_a_whole_index_has_a_band():
    shares = {one.measure: (9, 10) for one in EDITION.indicators}
    found = index766.index(EDITION, shares)
    assert found.known == 100
    assert found.band["vi"] == "Xuất sắc"


def test_a_changed_threshold_changes_later_periods_only():
    stricter = replace(
        EDITION, from_=date(2026, 12, 1),
        indicators=tuple(replace(one, threshold=1.0) if one.code == "3.3" else one for one in EDITION.indicators),
    )  # fmt: skip
    known = (EDITION, stricter)
    shares = {"filed_online": (1, 2)}
    before = index766.index(index766.edition_for(NOVEMBER, known), shares)
    after = index766.index(index766.edition_for(facts.month(2026, 12), known), shares)
    assert (before.points, after.points) == (6.0, 3.0)
    assert index766.edition_for(facts.year(2026), known) is stricter, (
        "a period is judged by its last day"
    )


def test_an_official_adds_an_edition(tmp_path):
    text = (
        "editions: [{from: '2027-01-01', basis: mới, groups: [{code: '1', max: 5, vi: a, en: a, fr: a}], indicators: "
        "[{code: '1.1', max: 5, threshold: 1, measure: on_time, vi: a, en: a, fr: a}]}]"
    )
    (tmp_path / "index766.yaml").write_text(text)
    known = index766.editions(tmp_path)
    assert [one.basis for one in known][-1] == "mới"
    assert index766.edition_for(NOVEMBER, known).basis == EDITION.basis


def test_before_the_first_edition_there_is_none():
    with pytest.raises(Refused):
        index766.edition_for(facts.year(2021))


def test_moments_at_the_borders_of_a_period():
    first, last = at("2026-11-01 00:00"), at("2026-11-30 23:59")
    assert NOVEMBER.holds(first)
    assert NOVEMBER.holds(last)
    assert not NOVEMBER.holds(at("2026-12-01 00:00"))
