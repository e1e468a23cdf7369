"""The Office's numbers worked out by hand on small sets: three lists that disagree in every way, papers asked twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lienthong.errors import NotFound, Refused
from lienthong.procedures.lists import agreed, bringing, differences
from lienthong.procedures.procedure import Component, Procedure, Result
from lienthong.procedures.reduction import once, shares
from lienthong.procedures.reduction.ledger import Cut

HEAD = "Mã TTHC,Tên thủ tục,Cấp giải quyết,Trạng thái\n"
TODAY = date(2026, 11, 23)
LISTS = {
    "office": (
        "1.990001,Giống nhau,Bộ,Còn hiệu lực\n1.990002,Tên một,Tỉnh,Còn hiệu lực\n1.990003,Cấp khác,Bộ,Còn hiệu lực\n"
        "1.990004,Tình trạng khác,Tỉnh,Còn hiệu lực\n1.990005,Chỉ hai nơi có,Xã,Còn hiệu lực\n"
    ),
    "science": (
        "1.990001,Giống nhau,Bộ,Còn hiệu lực\n1.990002,Tên hai,Tỉnh,Còn hiệu lực\n1.990003,Cấp khác,Tỉnh,Còn hiệu lực\n"
        "1.990004,Tình trạng khác,Tỉnh,Bãi bỏ\n1.990005,Chỉ hai nơi có,Xã,Còn hiệu lực\n"
    ),
    "information": (
        "1.990001,Giống nhau,Bộ,\n1.990002,Tên một,Tỉnh,Còn hiệu lực\n1.990003,Cấp khác,Bộ; Tỉnh,Còn hiệu lực\n"
        "1.990004,Tình trạng khác,,Còn hiệu lực\n"
    ),
}  # fmt: skip


def open_ones(conn):
    return {(one.code, one.kind): one for one in differences.listed(conn, TODAY)}


def test_three_lists_that_disagree_in_all_four_ways_are_closed_one_by_one(connection):
    for unit, lines in LISTS.items():
        bringing.bring(connection, "clerk", unit, (HEAD + lines).encode(), "a.csv", channel="web")
    found = open_ones(connection)
    assert set(found) == {
        ("1.990002", "name"), ("1.990003", "levels"), ("1.990004", "status"), ("1.990005", "missing"),
    }, "an empty cell contradicts nobody"  # fmt: skip
    owners = {kind: one.owner for (_, kind), one in found.items()}
    # who stands alone owns it; where all three say another thing, the Office decides
    assert owners == {
        "name": "science",
        "levels": "office",
        "status": "science",
        "missing": "information",
    }
    assert [one.code for one in agreed.agreed_list(connection) if not one.open] == ["1.990001"]

    moved = differences.assign(
        connection, "clerk", found["1.990003", "levels"].id, "information", date(2026, 11, 20)
    )
    assert (moved.owner, moved.due, moved.late(TODAY)) == ("information", date(2026, 11, 20), 1)
    with pytest.raises(NotFound):
        differences.assign(connection, "clerk", moved.id, "ai đó", date(2026, 11, 27))
    level = differences.one(connection, moved.id)
    value = next(one for one in differences.choices(level) if one == ["province"])
    with pytest.raises(Refused):
        differences.decide(connection, "clerk", moved.id, value, "")
    differences.decide(connection, "clerk", moved.id, value, "theo QĐ công bố")
    assert set(kind for _, kind in open_ones(connection)) == {"name", "status", "missing"}

    mended = LISTS["science"].replace("Tên hai", "Tên một").replace("Bãi bỏ", "Còn hiệu lực")
    bringing.bring(connection, "clerk", "science", (HEAD + mended).encode(), "b.csv", channel="web")
    assert set(open_ones(connection)) == {("1.990005", "missing")}
    whole = LISTS["information"] + "1.990005,Chỉ hai nơi có,Xã,Còn hiệu lực\n"
    bringing.bring(
        connection, "clerk", "information", (HEAD + whole).encode(), "c.csv", channel="web"
    )
    assert open_ones(connection) == {}
    settled = {one.code: one for one in agreed.agreed_list(connection)}
    assert len(settled) == 5
    assert settled["1.990003"].levels == ("province",)


def test_papers_that_another_procedure_issues_by_hand():
    gives = Procedure(code="1.990010", name={"vi": "Cấp"}, results=(Result(name={"vi": "A"}, code="KQ.1"),
                      Result(name={"vi": "B"}, code="KQ.2")))  # fmt: skip
    asks = Procedure(code="1.990011", name={"vi": "Hỏi hai"}, components=(
        Component(name={"vi": "Giấy thứ nhất"}, result_code="KQ.1"),
        Component(name={"vi": "Giấy thứ hai"}, result_code="KQ.2"),
    ))  # fmt: skip
    asks_one = Procedure(code="1.990012", name={"vi": "Hỏi một"}, components=(
        Component(name={"vi": "Giấy thứ ba"}, result_code="KQ.2"),
    ))  # fmt: skip
    found = once.proposals([gives, asks, asks_one], {})
    assert [(one.code, one.component) for one in found] == [
        ("1.990011", "Giấy thứ nhất"), ("1.990011", "Giấy thứ hai"), ("1.990012", "Giấy thứ ba"),
    ]  # fmt: skip
    worth = once.worth(found, {"1.990011": 16, "1.990012": 4, "1.990010": 1000})
    # 16 dossiers with two papers and 4 with one are 36 papers: half an hour and 10,000 dong each, an hour 40,000 dong
    assert (worth.papers, worth.dossiers) == (3, 20)
    assert (worth.hours, worth.days) == (Decimal(18), Decimal("2.25"))
    assert worth.money == 18 * 40_000 + 36 * 10_000 == 1_080_000


def test_fourteen_planned_moves_bring_the_share_into_the_band_on_their_day():
    known, day = shares.shares(), date(2026, 12, 31)
    cuts = [
        Cut(code=f"1.9901{n:02}", kind="decentralised", central=True, basis="QĐ", planned=day)
        for n in range(14)
    ]
    first, last = shares.course(known.working, cuts, TODAY, known.baseline.day)
    assert (first.share.numerator, first.share.denominator, first.forecast) == (117, 282, False)
    assert (last.day, last.share.numerator, last.cuts, last.forecast) == (day, 103, 14, True)
    assert str(first.share.written(2)) == "41.49"
    assert str(last.share.written(2)) == "36.52"
    assert known.band.place_as_written(last.share) == "inside"
    assert known.band.place(last.share) == "above"
