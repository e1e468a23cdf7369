"""Three lists of procedures: how they are read, what differs, and how a difference is closed."""

from __future__ import annotations

import io
from datetime import date
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.lists import agreed, bringing, comparing, differences
from lienthong.procedures.lists.listed import Listed, read_list
from lienthong.procedures.lists.rules import folded, rules, same_name

HEAD = "Mã TTHC,Tên thủ tục,Cấp giải quyết,Trạng thái,Mức độ trực tuyến,Nhóm,Mức ưu tiên\n"
ONE = "1.000056,Cấp Giấy xác nhận,Bộ,Còn hiệu lực,Toàn trình,Kết nối,1\n"
TWO = "1.012279,Cấp lại giấy phép hoạt động,Tỉnh; Bộ,Còn hiệu lực,Một phần,Phân cấp,\n"


def text(*lines: str) -> bytes:
    return (HEAD + "".join(lines)).encode()


def test_a_list_is_read_with_its_words():
    first, second = read_list(text(ONE, TWO), "a.csv").entries
    assert first == Listed(
        code="1.000056", name="Cấp Giấy xác nhận", levels=("ministry",), status="in_force", online="full",
        group="connect", priority=1, line=2,
    )  # fmt: skip
    assert second.levels == ("ministry", "province")
    assert (second.group, second.priority, second.online) == ("decentralised", None, "partial")


def test_a_workbook_says_the_same_as_its_csv():
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "Bìa")  # a cover sheet before the list
        sheet = book.add_worksheet()
        sheet.write(0, 0, "DANH MỤC THỦ TỤC HÀNH CHÍNH")
        for at, line in enumerate([HEAD, ONE, "1.012270,Tên,Xã,,,,\n"], 2):
            for column, cell in enumerate(line.strip("\n").split(",")):
                if cell.startswith("1.0"):
                    sheet.write_number(
                        at, column, float(cell)
                    )  # what a spreadsheet makes of a code
                else:
                    sheet.write(at, column, cell)
    read = read_list(out.getvalue(), "a.xlsx")
    assert read.faults == ()
    assert [(one.code, one.line) for one in read.entries] == [("1.000056", 4), ("1.012270", 5)]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_any_usual_separator_and_a_byte_order_mark(mark):
    data = (
        b"\xef\xbb\xbf" + "Mã TTHC,Tên thủ tục,Cấp\n1.000056,Tên,Bộ\n".replace(",", mark).encode()
    )
    assert [one.code for one in read_list(data, "a.csv").entries] == ["1.000056"]


def test_every_fault_is_told_with_its_line():
    bad = text(ONE, "1.00,Tên,Bộ,,,,\n", ONE, "1.000099,,Huyện,Đang nghĩ,,,x\n")
    faults = read_list(bad, "a.csv").faults
    assert [fault.line for fault in faults] == [3, 4, 5, 5, 5, 5]
    said = " ".join(fault.sentence["vi"] for fault in faults)
    assert "1.00" in said
    assert "dòng 2" in said
    assert "Huyện" in said
    assert read_list(bad, "a.csv").entries == ()


def test_a_missing_column_says_what_its_head_may_be():
    (fault,) = read_list("Mã TTHC,Tên thủ tục\n1.000056,A\n".encode(), "a.csv").faults
    assert "Cấp giải quyết" in fault.sentence["vi"]
    assert "Level" in fault.sentence["en"]


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"\xff\xfe\x00a", "a.csv"), (b"PK\x03\x04nothing", "a.xlsx"), (b"", "a.csv"), (HEAD.encode(), "a.csv"),
     ("Tên\n\xe2".encode("latin-1"), "a.csv"), (b"%PDF-1.7", "a.pdf")],
)  # fmt: skip
def test_no_file_makes_it_fall(data, name):
    read = read_list(data, name)
    assert read.faults
    assert read.entries == ()


def test_a_book_that_explodes_is_refused():
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, head in enumerate(HEAD.strip().split(",")):
            sheet.write(0, column, head)
        sheet.write(
            1_048_575, 16_383, "x"
        )  # a reader that fills the area holds 17 thousand million cells
    read = read_list(out.getvalue(), "a.xlsx")
    assert [fault.line for fault in read.faults] == [0]
    assert read.entries == ()


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.xlsx", ""]))
def test_no_bytes_make_it_fall(data, name):
    read = read_list(data, name)
    assert not (read.entries and read.faults)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cấp  lại giấy", "Cấp lại giấy"),
     ("Ca\u0302\u0301p lại", "Cấp lại"), ("Cấp “A”", 'Cấp "A"'), ("A\u00a0B ", "A B")],
)  # fmt: skip
def test_the_same_name_however_it_is_typed(one, other):
    assert same_name(one) == same_name(other)


def test_another_wording_is_another_name():
    assert same_name("trang thiết bị y tế") != same_name("thiết bị y tế")
    assert folded("Mức độ TRỰC TUYẾN:") == "muc do truc tuyen"


# ---- differences, as a pure matter

LINES = st.builds(
    Listed,
    code=st.sampled_from(["1.000001", "1.000002", "1.000003"]),
    name=st.sampled_from(["A", "A ", "B"]),
    levels=st.sampled_from([(), ("ministry",), ("province",)]),
    online=st.sampled_from(["", "full", "partial"]),
    priority=st.sampled_from([None, 1, 2]),
)
LISTS = st.lists(LINES, max_size=4).map(lambda those: {one.code: one for one in those})


@given(LISTS)
def test_three_equal_lists_do_not_differ(listed):
    assert comparing.compare({unit: listed for unit in rules().units}) == []


@given(st.tuples(LISTS, LISTS, LISTS))
def test_the_order_of_the_lists_is_nothing(three):
    named = list(zip(rules().units, three, strict=True))
    all_orders = [comparing.compare(dict(order)) for order in permutations(named)]
    assert all(found == all_orders[0] for found in all_orders)


@given(st.tuples(LISTS, LISTS, LISTS))
def test_nothing_is_agreed_and_open_at_once(three):
    lists = dict(zip(rules().units, three, strict=True))
    open_kinds = {(one.code, one.kind) for one in comparing.compare(lists)}
    settled = agreed.settle(lists, {})
    assert {(one.code, kind) for one in settled for kind in one.open} == open_kinds
    tables = agreed.counted(settled)
    assert tables.total + tables.doubtful == len({code for listed in three for code in listed})
    assert sum(tables.groups.values()) == tables.total


# ---- in the store


def bring(conn, unit, *lines):
    return bringing.bring(conn, "clerk", unit, text(*lines), f"{unit}.csv", channel="web")


def open_ones(conn):
    today = date(2026, 11, 23)
    return {(one.code, one.kind): one for one in differences.listed(conn, today)}


def test_differences_close_by_themselves_and_open_again(connection):
    other = ONE.replace("Bộ,", "Tỉnh,")
    bring(connection, "office", ONE)
    assert open_ones(connection) == {}
    bring(connection, "science", other)
    bring(connection, "information", ONE, TWO)
    found = open_ones(connection)
    assert set(found) == {("1.000056", "levels"), ("1.012279", "missing")}
    assert found["1.000056", "levels"].owner == "science"  # it stands alone
    assert found["1.012279", "missing"].owner == "information"
    bring(connection, "science", ONE)
    assert set(open_ones(connection)) == {("1.012279", "missing")}
    bring(connection, "science", other)
    assert set(open_ones(connection)) == {("1.000056", "levels"), ("1.012279", "missing")}
    states = [one.state for one in differences.listed(connection, date(2026, 11, 23), show="all")]
    assert sorted(states) == ["agreed", "open", "open"]


def test_the_order_of_bringing_is_nothing(connection):
    brought = [
        ("office", (ONE, TWO)),
        ("science", (ONE.replace("Toàn trình", "Một phần"),)),
        ("information", (TWO,)),
    ]
    ends = []
    for order in permutations(brought):
        with connection.transaction(force_rollback=True):
            for unit, lines in order:
                bring(connection, unit, *lines)
            ends.append({key: (one.said, one.owner) for key, one in open_ones(connection).items()})
    assert all(end == ends[0] for end in ends)
    assert set(ends[0]) == {
        ("1.000056", "missing"),
        ("1.000056", "online"),
        ("1.012279", "missing"),
    }


def test_the_same_bytes_are_one_version(connection):
    first = bring(connection, "office", ONE)
    again = bring(connection, "office", ONE)
    assert (again.version, again.sha256, again.again) == (1, first.sha256, True)
    assert bringing.original(connection, "office", 1) == ("office.csv", text(ONE))
    with pytest.raises(NotFound):
        bringing.original(connection, "office", 2)


def test_a_wrong_file_changes_nothing(connection):
    bring(connection, "office", ONE)
    with pytest.raises(Refused, match="lines 3"):
        bring(connection, "office", ONE, "1,Tên,Bộ,,,,\n")
    assert [one.version for one in bringing.history(connection, "office")] == [1]
    with pytest.raises(NotFound):
        bring(connection, "other", ONE)


def test_a_decision_holds_while_the_units_say_what_they_said(connection):
    bring(connection, "office", ONE)
    bring(connection, "science", ONE.replace(",1\n", ",2\n"))
    bring(connection, "information", ONE)
    (key,) = open_ones(connection)
    id = open_ones(connection)[key].id
    with pytest.raises(Refused):
        differences.decide(connection, "clerk", id, 3, "vì vậy đó")
    with pytest.raises(Refused):
        differences.decide(connection, "clerk", id, 2, " ")
    differences.decide(connection, "clerk", id, 2, "theo công văn của Vụ")
    with pytest.raises(Conflict):
        differences.decide(connection, "clerk", id, 1, "theo công văn của Vụ")
    assert open_ones(connection) == {}
    assert [one.priority for one in agreed.agreed_list(connection)] == [2]
    bring(connection, "office", ONE, TWO)  # says nothing new of the first
    assert ("1.000056", "priority") not in open_ones(connection)
    bring(connection, "information", ONE.replace(",1\n", ",3\n"), TWO)
    assert ("1.000056", "priority") in open_ones(connection)
    assert [one.open for one in agreed.agreed_list(connection)][0] == ("priority",)


def test_a_decision_may_be_taken_back(connection):
    bring(connection, "office", ONE)
    bring(connection, "science", ONE, TWO)
    bring(connection, "information", ONE)
    (one,) = open_ones(connection).values()
    differences.decide(connection, "clerk", one.id, "absent", "đã bãi bỏ tại quyết định")
    assert [line.code for line in agreed.agreed_list(connection)] == ["1.000056"]
    assert [line.id for line in open_ones(connection).values()] == []
    differences.reopen(connection, "clerk", one.id, "quyết định bị thu hồi")
    tables = agreed.counted(agreed.agreed_list(connection))
    assert (tables.total, tables.doubtful) == (1, 1)


def test_an_owner_and_a_day(connection):
    bring(connection, "office", ONE)
    bring(connection, "science", ONE, TWO)
    (one,) = open_ones(connection).values()
    given_to = differences.assign(connection, "clerk", one.id, "information", date(2026, 11, 20))
    assert given_to.owner == "information"
    assert given_to.late(date(2026, 11, 23)) == 1
    assert given_to.late(date(2026, 11, 20)) == 0
    with pytest.raises(NotFound):
        differences.assign(connection, "clerk", one.id, "nobody", date(2026, 11, 20))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_open_is_what_differs_and_is_not_decided(connection, seed):
    """Whatever is brought and decided in whatever order, the open differences are those of the newest lists."""
    random = Random(seed)
    lines = [
        ONE,
        ONE.replace("Bộ,", "Tỉnh,"),
        ONE.replace(",1\n", ",2\n"),
        TWO,
        TWO.replace("Cấp lại", "Cấp  mới"),
    ]
    for _ in range(8):
        unit = random.choice(list(rules().units))
        chosen = {line[:8]: line for line in random.sample(lines, random.randint(1, 4))}
        bring(connection, unit, *chosen.values())
        if random.random() < 0.4 and (waiting := list(open_ones(connection).values())):
            one = random.choice(waiting)
            value = random.choice(differences.choices(one))
            differences.decide(connection, "clerk", one.id, value, "theo công văn của Vụ")
        found = {
            (one.code, one.kind): one.said for one in comparing.compare(bringing.lists(connection))
        }
        closed = differences.listed(connection, date(2026, 11, 23), show="closed")
        decided = {(one.code, one.kind): one.said for one in closed if one.state == "decided"}
        expected = {key: said for key, said in found.items() if decided.get(key) != said}
        assert {key: one.said for key, one in open_ones(connection).items()} == expected
        settled = agreed.agreed_list(connection)
        if settled:
            assert {(one.code, kind) for one in settled for kind in one.open} == {
                key for key in expected if key[0] in {one.code for one in settled}
            }
