"""The arithmetic of scores, by examples computed by hand and by laws."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.errors import Refused
from lienthong.findings import Criterion
from lienthong.quality.criteria import MEASURES, criteria, evaluate, parse_criteria
from lienthong.quality.expected import Expected, Known, silent
from lienthong.quality.score import Senders, Slice, card, scores, senders, trend

DAY = date(2026, 11, 20)

TODAY = DAY + timedelta(days=1)

HAND = [  # sender, province, failed, unknown: bits C-1 C-2 C-3 S-1 S-2 K-1 L-1 I-1 from the lowest
    ("01001", "01", 0b0000_0001, 0),
    ("01001", "01", 0b0000_0011, 0),
    ("01001", "01", 0b0000_1000, 0b0000_0001),
    ("01001", "01", 0b1000_0000, 0),
    ("79001", "79", 0, 0),
]


def test_hand_computed(connection, counting):
    counting.count(connection, HAND)
    made = scores(connection, Slice(), (), today=TODAY)[()]
    correct, sufficient = made.criteria[Criterion.CORRECT], made.criteria[Criterion.SUFFICIENT]
    assert made.rows == 5
    assert (
        made.rows_failed == 3
    )  # two rows break C-1, one S-1; a warning or an information is no error
    assert correct.value == pytest.approx(3 / 5)
    assert correct.measure("rows").numerator == 3
    assert (correct.measure("checks").numerator, correct.measure("checks").denominator) == (11, 14)
    assert correct.unknown == pytest.approx(1 / 15)
    assert sufficient.value == pytest.approx(4 / 5)
    assert made.criteria[Criterion.CLEAN].value == 1.0
    assert made.overall == pytest.approx((0.6 + 0.8 + 1 + 1) / 4)
    assert scores(connection, Slice(table="XML1"), (), today=TODAY)[()].versions == ("1.0.0",)


def test_groups_and_slices(connection, counting):
    counting.count(connection, HAND)
    by_province = scores(connection, Slice(contract="care"), ("contract", "province"), today=TODAY)
    assert by_province["care", "79"].criteria[Criterion.CORRECT].value == 1.0
    assert by_province["care", "01"].criteria[Criterion.CORRECT].value == 0.5
    assert scores(connection, Slice(sender="79001"), (), today=TODAY)[()].rows == 1
    assert scores(connection, Slice(since=TODAY), (), today=TODAY) == {}
    assert [line.sender for line in senders(connection, today=TODAY)] == ["01001", "79001"]


def test_trend_has_the_days_of_reception(connection, counting):
    counting.count(connection, HAND[:2], day=date(2026, 11, 18))
    counting.count(connection, HAND[4:], day=date(2026, 11, 20))
    days = trend(connection, days=5, today=TODAY)
    assert [day for day, _ in days] == [date(2026, 11, 18), date(2026, 11, 20)]
    assert [card.criteria[Criterion.CORRECT].value for _, card in days] == [0.0, 1.0]


def _expected(**known: str) -> Expected:
    facilities = {
        f"{code[1:]}": Known(f"Bệnh viện {code}", province) for code, province in known.items()
    }
    return Expected({"care": facilities}, {"care": 9}, {"care": "day"})


def test_expected_senders_are_part_of_sufficient_and_alive(connection, counting):
    counting.count(connection, HAND)
    counting.count(connection, [("01002", "01", 0, 0)], day=TODAY - timedelta(days=20))
    expected = _expected(f01001="01", f01002="01", f01003="01", f79001="79")
    made = scores(
        connection, Slice(contract="care"), ("contract", "province"), today=TODAY, expected=expected
    )
    hanoi = made["care", "01"]
    assert hanoi.criteria[Criterion.SUFFICIENT].measure("coverage").share == pytest.approx(2 / 3)
    assert hanoi.criteria[Criterion.SUFFICIENT].value == pytest.approx(4 / 5 * 2 / 3)
    assert hanoi.criteria[Criterion.ALIVE].measure("fresh").share == pytest.approx(1 / 3)
    lines = silent(connection, "care", expected, today=TODAY)
    assert [(line.sender, line.days) for line in lines] == [("01003", None), ("01002", 20)]


@pytest.mark.parametrize(
    ("period", "after", "sent"),
    [
        ("day", 29, 1), ("day", 31, 0), ("month", 31, 1), ("month", 41, 0), ("quarter", 31, 1), ("quarter", 99, 1),
        ("quarter", 101, 0), ("year", 300, 1), ("year", 371, 0),
    ],
)  # fmt: skip
def test_who_reports_by_the_quarter_lacks_nothing_after_a_month(
    connection, counting, period, after, sent
):
    counting.count(connection, [("01001", "01", 0, 0)], day=TODAY - timedelta(days=after))
    expected = Expected({"care": {"01001": Known("Bệnh viện 01001", "01")}}, {}, {"care": period})
    whole = scores(
        connection, Slice(contract="care"), ("contract",), today=TODAY, expected=expected
    )
    coverage = whole["care",].criteria[Criterion.SUFFICIENT].measure("coverage")
    assert (coverage.numerator, coverage.denominator) == (sent, 1)


def test_a_sender_counts_once_and_at_home_wherever_its_patients_live(connection, counting):
    """A hospital of Ha Noi tells of people of three provinces; the one hospital of Ca Mau tells of nobody."""
    rows = [("01001", province, 0, 0) for province in ("01", "79", "96")]
    counting.count(connection, rows)
    expected = _expected(f01001="01", f01002="01", f96001="96")

    def coverage(*by, **more):
        made = scores(
            connection, Slice(contract="care", **more), by, today=TODAY, expected=expected
        )
        return {
            key: (part.numerator, part.denominator)
            for key, card in made.items()
            for part in [card.criteria[Criterion.SUFFICIENT].measure("coverage")]
        }

    assert coverage("contract") == {("care",): (1, 3)}
    assert coverage("contract", "province") == {
        ("care", "01"): (1, 2), ("care", "79"): (0, 0), ("care", "96"): (0, 1),
    }  # fmt: skip
    assert coverage(province="96") == {(): (0, 1)}
    assert coverage(sender="01001") == {(): (1, 1)}
    counting.count(connection, [("01001", "79", 1, 0)])
    (line,) = senders(connection, Slice(contract="care"), today=TODAY)
    assert (line.sender, line.province, line.card.rows) == ("01001", "79", 4)
    (line,) = senders(connection, Slice(province="96"), today=TODAY)
    assert (line.province, line.card.rows) == ("96", 1)
    unlisted = Expected({}, {"care": 8}, {"care": "day"})
    nation = scores(connection, Slice(), ("contract",), today=TODAY, expected=unlisted)["care",]
    assert nation.criteria[Criterion.SUFFICIENT].measure("coverage").numerator == 1


def test_a_silent_sender_comes_with_its_telephone(fresh_db, counting):
    with fresh_db.connect("owner") as conn:
        conn.execute("CREATE SCHEMA practice")
        conn.execute(
            'CREATE TABLE practice.facilities ("MA_CSKCB" text, "DIEN_THOAI" text, "DIA_CHI" text, "TU_NGAY" text)'
        )
        conn.execute(
            "INSERT INTO practice.facilities VALUES ('01003', '0900000001', 'Cũ', '20180101'),"
            " ('01003', '0900000003', 'Phường Ba Đình', '20200101')"
        )
        conn.commit()
    with fresh_db.connect() as conn:
        lines = silent(conn, "care", _expected(f01003="01"), today=TODAY)
    assert [(line.sender, line.contact) for line in lines] == [
        ("01003", "0900000003, Phường Ba Đình")
    ]


def test_without_a_list_the_declared_number_counts_for_the_nation_only(connection, counting):
    counting.count(connection, HAND)
    expected = Expected({}, {"care": 8}, {"care": "day"})
    nation = scores(
        connection, Slice(contract="care"), ("contract",), today=TODAY, expected=expected
    )["care",]
    assert nation.criteria[Criterion.SUFFICIENT].measure("coverage").share == pytest.approx(2 / 8)
    province = scores(
        connection, Slice(), ("contract", "province"), today=TODAY, expected=expected
    )["care", "01"]
    coverage = province.criteria[Criterion.SUFFICIENT].measure("coverage")
    assert coverage.share is None
    assert province.criteria[Criterion.SUFFICIENT].value == pytest.approx(3 / 4)


sums = st.integers(0, 1000).flatmap(
    lambda rows: st.tuples(st.just(rows), st.integers(0, rows), st.integers(0, 50))
)
pseudo = st.fixed_dictionaries(
    {f"{mark}{criterion}": sums for mark in "*+" for criterion in Criterion} | {"*": sums}
)
heard = st.integers(0, 30).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n))
)


@given(pseudo, heard)
def test_every_score_is_a_share(counted, who):
    made = card(counted, Senders(*who))
    for score in made.criteria.values():
        assert score.value is None or 0 <= score.value <= 1
        assert 0 <= score.unknown <= 1
        assert (score.value is None) == (counted[f"*{score.criterion}"][0] == 0)


@given(pseudo, heard, st.sampled_from(list(Criterion)))
def test_one_more_wrong_row_never_raises_a_score(counted, who, criterion):
    rows, failed, unknown = counted[f"*{criterion}"]
    checked = counted[f"+{criterion}"]
    worse = counted | {
        f"*{criterion}": (rows + 1, failed + 1, unknown),
        f"+{criterion}": (checked[0] + 1, checked[1] + 1, checked[2]),
    }
    before, after = card(counted, Senders(*who)), card(worse, Senders(*who))
    value = before.criteria[criterion].value
    assert after.criteria[criterion].value <= (1 if value is None else value) + 1e-12
    for other in set(Criterion) - {criterion}:
        assert after.criteria[other].value == before.criteria[other].value


def test_declared_criteria_are_whole():
    declared = criteria()
    assert set(declared.criteria) == set(Criterion)
    for about in declared.criteria.values():
        assert set(about.label) == set(about.question) == {"vi", "en", "fr"}
        assert about.measures
        assert about.evidence == "inferred"
    dimensions = [name for about in declared.criteria.values() for name in about.dimensions]
    assert len(dimensions) == len(set(dimensions)) == 7
    assert [grade.from_ for grade in declared.grades] == sorted(
        (g.from_ for g in declared.grades), reverse=True
    )
    assert declared.grades[-1].from_ == 0


@pytest.mark.parametrize(
    "formula", ["rows - 1", "__import__('os')", "rows * other", "rows(1)", "rows *", "'a'"]
)
def test_a_formula_may_say_little(formula):
    document = {"version": "1", "grades": [], "unknown_grade": {"name": "none", "word": {}}}
    about = {"label": {}, "question": {}, "dimensions": [], "formula": formula}
    with pytest.raises(Refused):
        parse_criteria(document | {"criteria": {"correct": about}})


@given(st.fixed_dictionaries({name: st.none() | st.floats(0, 1) for name in MEASURES}))
def test_formula_values(shares):
    value = evaluate("0.5 * rows + 0.5 * (rows * coverage)", shares)
    if shares["rows"] is None:
        assert value is None
    else:
        coverage = 1 if shares["coverage"] is None else shares["coverage"]
        assert value == pytest.approx(shares["rows"] * (0.5 + 0.5 * coverage))
