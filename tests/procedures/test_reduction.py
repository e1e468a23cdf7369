"""The share still settled centrally, the ledger, what procedures cost and which papers data replace."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong import clock
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.counting import claims
from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import Component, Procedure, Result
from lienthong.procedures.reduction import cost, ledger, once, shares
from lienthong.procedures.reduction.cost import Burden, Row, costs
from lienthong.procedures.reduction.ledger import Cut
from lienthong.procedures.reduction.shares import Move, Share
from lienthong.words import percent

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def contracts():
    return {name: read_contract(name) for name in declared_contracts()}


# ---- shares


def test_the_share_is_exact_and_is_the_claim():
    start = shares.shares().working.start
    assert (start.numerator, start.denominator) == (117, 282)
    assert start.exact == Fraction(39, 94)
    assert percent(start.value, 2, "vi") == "41,49%"
    assert (claims().to_connect, claims().total) == (117, 282)
    assert Share(0, 0).value is None


@pytest.mark.parametrize(
    ("count", "exact", "written", "shown"),
    [(0, "above", "above", "41,49%"), (13, "above", "above", "36,88%"), (14, "above", "inside", "36,52%"),
     (15, "inside", "inside", "36,17%"), (32, "inside", "inside", "30,14%"), (33, "below", "below", "29,79%")],
)  # fmt: skip
def test_decentralise_these(count, exact, written, shown):
    known = shares.shares()
    share = known.working.after([Move()] * count)
    assert known.band.place(share) == exact
    assert known.band.place_as_written(share) == written
    assert percent(share.value, 2, "vi") == shown


def test_how_many_are_needed():
    known = shares.shares()
    assert shares.needed(known.working, known.band, known.working.start) == (14, 32)
    assert shares.needed(known.working, known.band, Share(26, 203)) is None


def test_a_definition_says_what_a_cut_does():
    by_name = {one.name: one for one in shares.shares().definitions}
    moves = [Move("abolished"), Move("abolished", central=False), Move("simplified")]
    assert by_name["central_share"].after(moves) == Share(116, 280)
    assert by_name["central_share_of_baseline"].after(moves) == Share(116, 282)
    assert by_name["number_rate"].after(moves) == Share(3, 282)


def test_the_readings_of_the_sheet():
    found = [percent(one.share.value, 2, "vi") for one in shares.shares().readings]
    assert found[:3] == ["41,49%", "36,52%", "30,14%"]
    assert sum(one.taken for one in shares.shares().readings) == 1


@given(
    st.lists(
        st.sampled_from([Move(k, c) for k in shares.shares().kinds for c in (True, False)]),
        max_size=40,
    )
)
def test_the_order_of_cuts_is_nothing(moves):
    for one in shares.shares().definitions:
        assert one.after(moves) == one.after(list(reversed(moves)))


def test_the_forecast_counts_late_plans_from_today():
    def cut(**days):
        return Cut(code="1.000001", kind="decentralised", central=True, basis="x", **days)

    cuts = [
        cut(done=date(2026, 3, 1)),
        cut(planned=date(2026, 6, 1)),  # late
        cut(planned=date(2026, 12, 31)),
        cut(planned=date(2026, 12, 31), given_up=date(2026, 5, 1)),
    ]
    points = shares.course(shares.shares().working, cuts, DAY, shares.shares().baseline.day)
    assert [(p.day, p.share.numerator, p.forecast) for p in points] == [
        (date(2025, 11, 11), 117, False),
        (date(2026, 3, 1), 116, False),
        (DAY, 115, True),
        (date(2026, 12, 31), 114, True),
    ]


# ---- the ledger


def test_a_cut_is_planned_done_or_given_up(connection):
    made = ledger.write(
        connection,
        "a",
        Cut(code="1.000056", kind="decentralised", central=True, basis="NĐ 1", planned=DAY),
    )
    assert made.state == "planned"
    with pytest.raises(Conflict):
        ledger.write(
            connection,
            "a",
            Cut(code="1.000056", kind="abolished", central=True, basis="NĐ 2", planned=DAY),
        )
    with pytest.raises(Refused):
        ledger.give_up(connection, "a", made.id, " ")
    assert ledger.give_up(connection, "a", made.id, "chưa đủ điều kiện").state == "given_up"
    with pytest.raises(Conflict):
        ledger.finish(connection, "a", made.id, DAY)
    again = ledger.write(
        connection,
        "a",
        Cut(code="1.000056", kind="abolished", central=True, basis="NĐ 2", planned=DAY),
    )
    assert ledger.finish(connection, "a", again.id, clock.today()).state == "done"
    with pytest.raises(NotFound):
        ledger.cut(connection, 999_999)


@pytest.mark.parametrize(
    "wrong",
    [{"code": "1"}, {"kind": "burnt"}, {"planned": None}, {"basis": " "}, {"days_before": Decimal(-1)},
     {"note": "x" * 2000}],
)  # fmt: skip
def test_what_the_ledger_refuses(connection, wrong):
    right = {
        "code": "1.000056",
        "kind": "simplified",
        "central": True,
        "basis": "NĐ 1",
        "planned": DAY,
    }
    with pytest.raises(Refused):
        ledger.write(connection, "a", Cut(**(right | wrong)))


@pytest.mark.parametrize(
    ("text", "number"), [("0,5", Decimal("0.5")), (" 10 ", Decimal(10)), ("", None), (None, None)]
)
def test_numbers_of_a_form(text, number):
    assert ledger.decimal_of(text) == number


@pytest.mark.parametrize("text", ["x", "NaN", "1e99", "Infinity"])
def test_what_is_no_number(text):
    with pytest.raises(Refused):
        ledger.decimal_of(text)


# ---- cost


def test_what_a_province_printed_comes_out_the_same():
    for one in costs().examples:
        before, after = (
            cost.agency_time(one.before, one.dossiers),
            cost.agency_time(one.after, one.dossiers),
        )
        assert (before, after) == (one.cost_before, one.cost_after)
        assert cost.rate(before, after) == one.rate


def test_the_official_formula_by_hand():
    wage = Decimal(40_000)
    before = Burden(
        rows=(Row(activity="prepare", hours=Decimal("2.5"), outlay=Decimal(30_000)),
              Row(activity="submit", hours=Decimal(1))),
        fees=Decimal(1_500_000), times=Decimal(2), subjects=Decimal(10),
    )  # fmt: skip
    assert before.once(wage) == Decimal(1_670_000)
    assert before.year(wage) == Decimal(33_400_000)
    assert Burden(rows=before.rows).year(wage, 7) == Decimal(170_000 * 7)
    assert Burden(rows=before.rows).year(wage) is None
    assert cost.hourly(Decimal(84_480_000)) == wage


def test_a_burden_is_kept_and_what_is_unknown_stays_unknown(connection):
    cost.write(
        connection,
        "a",
        "1.000056",
        "before",
        Burden(rows=(Row(activity="prepare", hours=Decimal("0.1")),)),
    )
    assert cost.savings(cost.burdens(connection), {}) == []
    cost.write(
        connection,
        "a",
        "1.000056",
        "after",
        Burden(rows=(Row(activity="prepare", hours=Decimal("0.05")),)),
    )
    (unknown,) = cost.savings(cost.burdens(connection), {})
    assert (unknown.saved, unknown.rate) == (None, None)
    (one,) = cost.savings(cost.burdens(connection), {"1.000056": 3})
    assert (one.before, one.after, one.rate) == (Decimal(12_000), Decimal(6_000), Decimal("0.5"))
    with pytest.raises(Refused):
        cost.write(connection, "a", "1.000056", "after", Burden(fees=Decimal(-1)))
    with pytest.raises(Refused):
        cost.write(connection, "a", "1.000056", "after", Burden(rows=(Row(activity="wait"),)))


# ---- ask once


def test_every_declared_place_exists(contracts):
    assert [
        one.place for one in once.matching().pairs if once.label_of(one.place, contracts) is None
    ] == []


def test_papers_that_data_replace_are_found(contracts):
    found = {
        (one.code, one.component): one for one in once.proposals(catalogued().values(), contracts)
    }
    disability = next(one for one in found.values() if one.place.endswith("SO_GXN"))
    assert (disability.how, disability.matched) == ("words", "giay xac nhan khuyet tat")
    assert sum(one.how == "resolution" for one in found.values()) == 48
    assert all(one.evidence == "attested" for one in found.values() if one.how == "resolution")
    assert not any(
        one.component.lower().startswith("đơn") and one.how != "resolution"
        for one in found.values()
    )


def test_a_result_of_another_procedure_is_not_asked_for(contracts):
    issues = Procedure(
        name={"vi": "Cấp"}, code="1.000001", results=(Result(name={"vi": "GP"}, code="KQ.9"),)
    )
    asks = Procedure(
        name={"vi": "Hỏi"}, code="1.000002",
        components=(Component(name={"vi": "Bản sao giấy phép"}, result_code="KQ.9"),
                    Component(name={"vi": "Đơn đề nghị"})),
    )  # fmt: skip
    (one,) = once.proposals([issues, asks], contracts)
    assert (one.code, one.place, one.how) == ("1.000002", "1.000001", "result")


def test_what_last_year_would_have_saved(contracts):
    those = once.proposals(catalogued().values(), contracts)[:2]
    paper = costs().paper
    worth = once.worth(those, {those[0].code: 16})
    times = 16 * sum(one.code == those[0].code for one in those)
    assert worth.hours == paper.hours * times
    assert worth.days == worth.hours / 8
    assert worth.money == worth.hours * 40_000 + paper.outlay * times
    assert worth.dossiers == 16
    assert once.worth([], {}).money == 0


def test_a_proposal_is_accepted_with_a_reason(connection, contracts):
    one = once.proposals(catalogued().values(), contracts)[0]
    with pytest.raises(Refused):
        once.decide(connection, "a", one, "accepted", "")
    with pytest.raises(Refused):
        once.decide(connection, "a", one, "perhaps", "đã kết nối dữ liệu")
    once.decide(connection, "a", one, "refused", "chưa kết nối dữ liệu")
    once.decide(connection, "b", one, "accepted", "đã kết nối dữ liệu")
    said = once.decided(connection)[one.code, one.component, one.place]
    assert (said.state, said.decided_by) == ("accepted", "b")


def test_a_field_that_the_form_fills_itself_is_told_and_is_no_paper(contracts):
    from lienthong.dossiers.forms.form import form_of

    form = form_of("1.012279").own.contract
    found = once.asked_again({"1.012279": form}, {"1.012279": "Cấp lại"}, contracts)
    assert {"practice.facilities.SO_GPHD"} <= {one.place for one in found}
    assert {one.how for one in found} == {"form"}
    assert once.worth(found, {"1.012279": 100}).papers == 0
