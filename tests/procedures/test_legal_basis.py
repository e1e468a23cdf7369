"""Documents of law: how citations are read, how a document stands on a day, and what it touches."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.errors import NotFound, Refused
from lienthong.procedures.known import catalogued
from lienthong.procedures.legal_basis import register, touching
from lienthong.procedures.legal_basis.citations import key, normal, parse
from lienthong.procedures.legal_basis.register import Document, Register, declared

DAY = date(2026, 11, 23)
NAMES = {"Luật Dược 2016": "105/2016/QH13"}


def read(text):
    return [(one.number, one.articles) for one in parse(text, NAMES)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nghị định 63/2010/NĐ-CP, Điều 8", [("63/2010/NĐ-CP", ("8",))]),
        ("khoản 2 Điều 66 Nghị định 98/2021/NĐ-CP", [("98/2021/NĐ-CP", ("66",))]),
        ("NĐ 54/2017 Đ32, 33", [("54/2017/NĐ-CP", ("32", "33"))]),
        ("TT 01/2019/TT-BLĐTBXH, Điều 4-6", [("1/2019/TT-BLĐTBXH", ("4", "5", "6"))]),
        ("Luật Dược 2016 Đ25-27; NĐ 54/2017 Đ4-6",
         [("105/2016/QH13", ("25", "26", "27")), ("54/2017/NĐ-CP", ("4", "5", "6"))]),
        ("Thông tư 49/2015/TT-BYT, Điểm đ khoản 1 Điều 6; QĐ 2911/QĐ-BYT ngày 14/9/2025",
         [("49/2015/TT-BYT", ("6",)), ("2911/QĐ-BYT", ())]),
        ("Nghị quyết 66.7/2025/NQ-CP", [("66.7/2025/NQ-CP", ())]),
        ("Decree 63/2024/ND-CP Art. 25", [("63/2024/ND-CP", ("25",))]),
        ("CV 28/CCTTHC", [("28/CCTTHC", ())]),
        ("Thông tư liên tịch số 07/2016/TTLT-BYT-BTC-BLĐTBXH", [("7/2016/TTLT-BYT-BTC-BLĐTBXH", ())]),
        ("TT 22/2025", [("", ())]),  # which ministry? nobody says
        ("Mẫu 02/DM, Mẫu số 04/GPP", []),
        ("mã pháp điển 45.4.TT.48, Điều 38", []),
        ("ngày 14/9/2025", []),
        ("", []),
    ],
)  # fmt: skip
def test_citations(text, found):
    assert read(text) == found


def test_two_spellings_are_one_document():
    assert key("07/2023/ND-CP") == key("7/2023/NĐ-CP")
    assert normal("0063/2010/nđ-cp") == "63/2010/NĐ-CP"


@given(st.text(max_size=120))
def test_no_text_makes_it_fall(text):
    for one in parse(text, NAMES):
        assert one.text
        assert all(article for article in one.articles)


@given(
    st.integers(1, 9999),
    st.integers(1990, 2030),
    st.sampled_from(["NĐ-CP", "TT-BYT", "QH15", "QĐ-TTg"]),
)
def test_a_number_is_found_wherever_it_stands(serial, year, symbol):
    number = f"{serial}/{year}/{symbol}"
    for text in (number, f"theo {number}.", f"({number})", f"Luật, {number}; Điều 3"):
        assert [one.number for one in parse(text)] == [normal(number)]


# ---- the register


def test_the_declared_documents_are_well_formed():
    known = Register(declared().documents)
    assert len(known.by_key) == len(declared().documents) > 150
    for one in declared().documents:
        assert register.NUMBER.match(normal(one.number)), one.number
        assert known.symbol(one) is not None, one.number
        assert one.evidence in ("", "attested", "inferred", "recalled")
        has_days = (
            one.issued
            or one.effective
            or one.expires
            or one.suspended
            or one.amends
            or one.replaces
        )
        assert not has_days or one.evidence, one.number
    slugs = [one.slug for one in known.by_key.values()]
    assert len(set(slugs)) == len(slugs)


def test_what_is_not_known_stays_unknown():
    known = Register([Document(number="1/2020/NĐ-CP")])
    assert known.standing(known.find("1-2020-nd-cp"), DAY) == ("unknown", "")
    with pytest.raises(NotFound):
        known.find("2/2020/NĐ-CP")


def test_how_a_document_stands_on_a_day():
    known = Register([
        Document(number="1/2020/NĐ-CP", effective=date(2020, 3, 1)),
        Document(number="2/2026/NĐ-CP", effective=date(2026, 7, 1), replaces=("1/2020/NĐ-CP",)),
        Document(number="3/2026/NĐ-CP", effective=date(2026, 1, 1), suspended=date(2026, 4, 6),
                 suspended_by="4/2026/NQ-CP"),
    ])  # fmt: skip
    first, second, third = known.by_key.values()
    assert known.standing(first, date(2019, 1, 1)) == ("not_yet", "")
    assert known.standing(first, date(2026, 6, 30)) == ("in_force", "")
    assert known.standing(first, date(2026, 7, 1)) == ("replaced", "2/2026/NĐ-CP")
    assert known.standing(second, DAY) == ("in_force", "")
    assert known.standing(third, date(2026, 4, 5)) == ("in_force", "")
    assert known.standing(third, DAY) == ("suspended", "4/2026/NQ-CP")


def test_a_suspended_decree_replaces_nothing():
    known = Register(declared().documents)
    assert known.standing(known.find("46/2026/NĐ-CP"), DAY)[0] == "suspended"
    assert known.standing(known.find("15/2018/NĐ-CP"), DAY)[0] != "replaced"


def test_a_short_form_is_read_only_when_one_document_fits():
    known = Register(
        [
            Document(number="22/2025/TT-BYT"),
            Document(number="23/2025/TT-BYT"),
            Document(number="23/2025/TT-BTC"),
        ]
    )
    assert [one.number for one in known.read("TT 22/2025; TT 23/2025")] == ["22/2025/TT-BYT", ""]


def test_a_wrong_symbol_is_suspected():
    known = Register([Document(number="3/2025/TT-VPCP")])
    assert [one.number for one in known.alike("03/2025/TT-BYT")] == ["3/2025/TT-VPCP"]


# ---- what it touches


@pytest.fixture(scope="module")
def everything():
    contracts = {name: read_contract(name) for name in declared_contracts()}
    known = Register(declared().documents)
    return known, touching.references(known, catalogued().values(), contracts)


def test_every_kind_of_place_is_read(everything):
    _, refs = everything
    assert {ref.where.kind for ref in refs} >= {"procedure", "contract", "rule", "clock", "data"}


def test_hardly_a_citation_leads_nowhere(everything):
    known, refs = everything
    lost = [ref for ref in refs if not ref.number or known.get(ref.number) is None]
    assert len(lost) < len(refs) / 20, sorted({ref.written for ref in lost})


def test_a_new_document_touches_what_cites_the_one_it_amends(everything):
    known, refs = everything
    new = Document(number="999/2026/NĐ-CP", effective=date(2026, 11, 1), amends=("98/2021/NĐ-CP",))
    found = {(ref.where.kind, ref.where.place) for ref, _ in touching.touched(known, new, refs)}
    assert ("procedure", "1.003006") in found
    assert ("contract", "devices") in found
    assert found == {
        (ref.where.kind, ref.where.place)
        for ref in refs
        if ref.number and key(ref.number) == key("98/2021/NĐ-CP")
    }


def test_what_changed_is_an_event(everything):
    known, refs = everything
    added = (
        Document(number="9/2026/NĐ-CP", effective=date(2026, 12, 1), replaces=("54/2017/NĐ-CP",)),
        Document(number="8/2020/NĐ-CP", expires=date(2026, 12, 31)),
    )
    with_new = Register([*known.by_key.values(), *added])
    found = {
        (one.document.number, one.what): one for one in touching.events(with_new, refs, DAY, {})
    }
    assert found["9/2026/NĐ-CP", "coming"].touched > 10
    assert ("8/2020/NĐ-CP", "ending") in found
    later = {
        (one.document.number, one.what)
        for one in touching.events(with_new, refs, date(2026, 12, 2), {})
    }
    assert ("54/2017/NĐ-CP", "replaced") in later
    assert ("9/2026/NĐ-CP", "new") in later


def test_a_form_that_names_its_decree_is_a_form(everything):
    from lienthong.procedures.procedure import Component, Procedure

    known, _ = everything
    one = Procedure(
        name={"vi": "A"}, code="1.000001",
        components=(Component(name={"vi": "Đơn"}, form="Nghị định 54/2017/NĐ-CP, Mẫu 02"),),
    )  # fmt: skip
    refs = touching.references(known, [one], {})
    mine = [(r.where.kind, r.number) for r in refs if r.where.link == "/procedures/1.000001"]
    assert mine == [("form", "54/2017/NĐ-CP")]


# ---- what officials say


def test_officials_add_and_end_documents(connection):
    with pytest.raises(Refused):
        register.say_of(connection, "a", Document(number="nghị định"), "theo Công báo")
    with pytest.raises(Refused):
        register.say_of(connection, "a", Document(number="1/2026/NĐ-CP"), "")
    with pytest.raises(Refused):
        register.say_of(
            connection,
            "a",
            Document(number="1/2026/NĐ-CP", amends=("01/2026/ND-CP",)),
            "theo Công báo",
        )
    one = register.say_of(
        connection,
        "a",
        Document(number="01/2026/nđ-cp", effective=date(2026, 1, 1)),
        "theo Công báo",
    )
    assert one.number == "1/2026/NĐ-CP"
    known = register.register(connection)
    assert known.find("01/2026/ND-CP").own
    register.end(connection, "b", "1/2026/NĐ-CP", date(2026, 11, 1), "Nghị định mới thay thế")
    known = register.register(connection)
    assert known.standing(known.find(one.slug), DAY)[0] == "expired"
    assert [said.said_by for said in register.said(connection, one.number)] == ["b", "a"]
    with pytest.raises(Refused):
        register.end(connection, "b", "1/2026/NĐ-CP", date(2025, 11, 1), "Nghị định mới thay thế")


def test_the_work_of_a_document_is_done_place_by_place(connection, everything):
    known, refs = everything
    one = known.find("98/2021/NĐ-CP")
    waiting = touching.worklist(connection, known, one, refs)
    assert waiting
    assert all(not item.state for item in waiting)
    first = waiting[0].where
    with pytest.raises(Refused):
        touching.settle(connection, "a", one.number, first.kind, first.place, "done", "")
    with pytest.raises(Refused):
        touching.settle(connection, "a", one.number, first.kind, first.place, "perhaps", "xong rồi")
    touching.settle(connection, "a", one.number, first.kind, first.place, "done", "đã rà soát")
    after = touching.worklist(connection, known, one, refs)
    assert (after[-1].where.place, after[-1].state, after[-1].done_by) == (first.place, "done", "a")
    assert len(touching.done_by_document(connection)[one.key]) == 1
