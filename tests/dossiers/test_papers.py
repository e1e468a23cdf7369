"""Papers 01-07: what must stand on each, the same bytes again, an agency's own words, and text that is only text."""

from __future__ import annotations

import io
import threading
import unicodedata
import zipfile

import msgspec
import pypdf
import pytest
from docx import Document
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lienthong.dossiers import papers
from lienthong.dossiers.papers import (
    filling,
    issuing,
    kept,
    knowing,
    letterhead,
    places,
    printing,
    register,
    sample,
    template,
    word,
)
from lienthong.dossiers.papers.filling import Values
from lienthong.errors import NotFound, Refused
from lienthong.procedures.procedure import Step, TimeLimit
from tests.dossiers import desk

MOMENT = desk.at("2026-12-05 09:05")
MUST = {
    "receipt": ["GIẤY TIẾP NHẬN HỒ SƠ", "Nguyễn Thị Mẫu Ềữợ", "066185012345", "25 ngày làm việc", "1.500.000 đồng",
                "10 giờ 00 phút, ngày 08 tháng 12 năm 2026", "Đơn đề nghị theo mẫu số 01", "Trần Tiếp Nhận"],
    "supplement": ["PHIẾU YÊU CẦU BỔ SUNG", "Bản sao giấy tờ y tế", "Bản sao mờ", "Thiếu giấy tờ y tế",
                   "ngày 04 tháng 12 năm 2026"],
    "apology": ["XIN LỖI", "Hội đồng chưa họp được", "10 giờ 00 phút, ngày 10 tháng 12 năm 2026",
                "10 giờ 00 phút, ngày 31 tháng 12 năm 2026"],
    "stop": ["THÔNG BÁO DỪNG", "Người nộp đã chuyển đi nơi khác"],
    "refusal": ["PHIẾU TỪ CHỐI", "Không thuộc thẩm quyền", "Nộp tại UBND xã"],
    "control": ["PHIẾU KIỂM SOÁT", "Yêu cầu bổ sung", "Trước hạn", "09:00 01/12/2026"],
}  # fmt: skip


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        desk.opened(connection)
        yield connection
        connection.rollback()


def text_of(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def words_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return " ".join(" ".join([*(one.text for one in document.paragraphs), *cells]).split())


def made(conn, code, form, **more):
    return papers.make(
        conn, desk.CLERK, code, form, name=desk.CLERK.name, **({"at": MOMENT} | more)
    )


@pytest.mark.parametrize("form", MUST)
def test_a_paper_says_what_it_must_in_both_formats(conn, form):
    if form == "refusal":
        code = desk.filed(conn)
        desk.moved(conn, code, ("2026-11-02 10:00", desk.RECEIVER, "refuse_reception", {
            "reason": "Không thuộc thẩm quyền", "guidance": "Nộp tại UBND xã",
        }))  # fmt: skip
    else:
        code = desk.on_the_way(conn)
    paper = made(conn, code, form)
    printed, written = text_of(papers.pdf(conn, code, 1)), words_of(papers.docx(conn, code, 1))
    for said in [
        *MUST[form],
        code,
        paper.sign,
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "ngày 05 tháng 12 năm 2026",
    ]:
        assert said in printed, said
        assert said in written, said
    assert paper.unshown == ""


def test_the_register_names_the_dossiers_of_a_period(conn):
    code = desk.on_the_way(conn)
    day = MOMENT.date()
    paper = register.make(conn, desk.CLERK, desk.UNIT, day.replace(month=11, day=2), day, at=MOMENT)
    printed = text_of(register.pdf(conn, desk.UNIT, paper.sign))
    for said in ("SỔ THEO DÕI HỒ SƠ", code, "Nguyễn Thị Mẫu Ềữợ", "10:00 02/11/2026", "Dừng xử lý"):
        assert said in printed
    empty = register.make(conn, desk.CLERK, desk.UNIT, day, day, at=MOMENT)
    assert code not in text_of(register.pdf(conn, desk.UNIT, empty.sign))


def test_moves_and_papers_name_the_same_forms():
    from lienthong.dossiers.moves import moves

    assert {move.paper for move in moves().moves} - {"none"} <= set(places.forms())
    assert [one.number for one in places.forms().values()] == [f"0{n}" for n in range(1, 8)]


def test_the_paper_of_an_act_is_made_once_and_the_same_whenever_it_is_made(conn):
    code = desk.on_the_way(conn)
    first = papers.for_event(conn, desk.CLERK, code, 2, at=MOMENT)
    assert papers.for_event(conn, desk.CLERK, code, 2) == first
    assert papers.for_event(conn, desk.CLERK, code, 3) is None, "beginning to work has no paper"
    assert [form for _, form, paper in papers.expected(conn, code) if paper is None] == [
        "supplement",
        "apology",
        "stop",
    ]
    again = made(conn, code, "receipt", event=2, again=True)
    assert (again.copy, again.number) == (2, 2)
    assert f"Thay thế giấy số {first.sign}" in text_of(papers.pdf(conn, code, 2))


def test_the_same_sheet_gives_the_same_bytes(conn):
    code = desk.on_the_way(conn)
    paper = made(conn, code, "receipt")
    sheet = issuing.sheet_of(conn, code, 1)
    assert printing.pdf(sheet, paper.made_at).pdf == papers.pdf(conn, code, 1)
    assert papers.docx(conn, code, 1) == papers.docx(conn, code, 1)


def test_numbers_have_no_gaps_and_a_paper_is_never_changed(conn, db):
    code = desk.on_the_way(conn)
    signs = [made(conn, code, form).sign for form in ("control", "control", "receipt")]
    assert signs == ["01/2026/KSHS", "02/2026/KSHS", "01/2026/TNHS"]
    for statement in ("UPDATE dossiers.paper SET sha256 = sha256", "DELETE FROM dossiers.paper"):
        with pytest.raises(Exception, match="permission denied"), conn.transaction():
            conn.execute(statement)


def test_papers_of_the_portal_and_of_the_desk_are_named_by_their_component(conn):
    sent = [{"component": "TP01", "name": "don.pdf"}, {"name": "khac.pdf"}, "ảnh thẻ"]
    held = [{"component": "TP02", "place": "practice.facilities", "key": "01999"}]
    online = desk.filed(conn, channel="online", form={"papers": sent})
    at_desk = desk.filed(conn, form={"held": held})
    for code in (online, at_desk):
        desk.moved(conn, code, ("2026-11-02 10:00", desk.RECEIVER, "receive", {}))
    printed = text_of(papers.pdf(conn, online, made(conn, online, "receipt").number))
    for said in ("Đơn đề nghị theo mẫu số 01 (don.pdf)", "khac.pdf", "ảnh thẻ", "Trực tuyến"):
        assert said in printed
    printed = text_of(papers.pdf(conn, at_desk, made(conn, at_desk, "receipt").number))
    assert "Đã có trong cơ sở dữ liệu “Cơ sở khám chữa bệnh”, không phải nộp" in printed


def test_two_clerks_at_once_make_one_receipt(fresh_db):
    with fresh_db.connect() as first:
        desk.opened(first)
        code = desk.on_the_way(first)
    found = []

    def run():
        with fresh_db.connect() as conn:
            found.append(papers.make(conn, desk.CLERK, code, "receipt").number)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [1, 1, 1]


def test_a_paper_without_its_act_is_refused(conn):
    code = desk.filed(conn)
    with pytest.raises(Refused, match="goes out with"):
        made(conn, code, "receipt")
    with pytest.raises(NotFound):
        made(conn, code, "diploma")


# ---- an agency's own words


def test_a_draft_changes_nothing_until_it_is_used(conn):
    code = desk.on_the_way(conn)
    text = "symbol: BN\n---\nletterhead\n# BIÊN NHẬN\n{applicant.name}\n"
    saved = kept.save(conn, desk.HEAD, desk.UNIT, "receipt", text, "ngắn gọn")
    assert kept.save(conn, desk.HEAD, desk.UNIT, "receipt", text).version == saved.version == 1
    assert kept.in_use(conn, desk.UNIT, "receipt").version == 0
    kept.use(conn, desk.HEAD, desk.UNIT, "receipt", 1)
    paper = made(conn, code, "receipt")
    assert (paper.sign, paper.template_version, paper.template) == ("01/2026/BN", 1, saved.sha256)
    assert "BIÊN NHẬN" in text_of(papers.pdf(conn, code, 1))
    assert kept.in_use(conn, f"{desk.UNIT}.07", "receipt").version == 1, (
        "agencies below print alike"
    )
    assert kept.in_use(conn, "H16.50", "receipt").version == 0


def test_an_older_version_is_put_back(conn):
    for number, title in ((1, "MỘT"), (2, "HAI")):
        kept.save(conn, desk.HEAD, desk.UNIT, "stop", f"symbol: X\n---\n# {title}\n")
        kept.use(conn, desk.HEAD, desk.UNIT, "stop", number)
    assert "HAI" in kept.in_use(conn, desk.UNIT, "stop").text
    kept.use(conn, desk.HEAD, desk.UNIT, "stop", 1)
    assert "MỘT" in kept.in_use(conn, desk.UNIT, "stop").text
    assert [(one.version, one.saved_by) for one in kept.versions(conn, desk.UNIT, "stop")] == [
        (2, "head"),
        (1, "head"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("symbol: X\n---\n{dossier.kode}\n", 3, "did you mean {dossier.code}"),
        ("symbol: X\n---\nMã { dossier.code\n", 3, "without its partner"),
        ("symbol: X\n---\ntable lacking 1\n| a |\n| {name} |\n", 3, "no list"),
        ("symbol: X\n---\ntable papers 1 0\n| a | b |\n| {name} | {at} |\n", 3, "widths"),
        ("symbol: X\n---\ntable papers\n| a | b |\n| {name} |\n", 5, "cells"),
        ("symbol: X\n---\ntable papers\n| a |\n", 3, "two rows"),
        ("symbol: X\n---\nsignatures\n", 3, "signatures"),
        ("colour: red\nsymbol: X\n---\n", 1, "no setting"),
        ("---\n", 1, "symbol"),
        ("symbol: X\n# no end\n", 2, "not closed|no setting"),
        ("symbol: a b c\n---\n", 1, "letters"),
    ],
)
def test_a_broken_template_is_refused_with_line_and_reason(conn, text, line, reason):
    with pytest.raises(template.TemplateRefused, match=reason) as refused:
        kept.save(conn, desk.HEAD, desk.UNIT, "receipt", text)
    assert line in [fault.line for fault in refused.value.faults]
    assert kept.in_use(conn, desk.UNIT, "receipt").version == 0


def test_every_declared_template_can_be_read_and_printed():
    head = letterhead.Letterhead(name="SỞ Y TẾ", place="Đắk Lắk", phone="0262 3812 345")
    for form in places.forms():
        read = template.parse(form, kept.declared(form).text)
        sheet = sample.look(read, head, "H15.50", MOMENT)
        assert filling.EMPTY not in text_of(printing.pdf(sheet, MOMENT).pdf).replace(
            "…………, ngày", ""
        ), form
        assert printing.pages(sheet, MOMENT, ppi=20)


def test_the_letterhead_of_an_agency_is_written_and_read():
    head = letterhead.Letterhead(name="SỞ Y TẾ", place="Đắk Lắk", phone="1\n2")
    assert letterhead.parse(letterhead.written(head)) == letterhead.Letterhead(
        name="SỞ Y TẾ", place="Đắk Lắk", phone="1 2"
    )
    with pytest.raises(Refused, match="Line 2"):
        letterhead.parse("name: x\ncolour: red\n")


# ---- what is put into a place is only text

TITLE = "symbol: X\n---\n# {applicant.name}\n{event.reason}\ntable papers 1 3\n| a | b |\n| {at} | {name} |\n"


def sheet_with(text: str) -> filling.Sheet:
    values = Values(
        places={"applicant.name": text, "event.reason": text},
        lists={"papers": [{"at": "1", "name": text}]},
    )
    return issuing.sheet_for("receipt", TITLE, values)


@pytest.mark.parametrize(
    "text",
    [
        '#eval("1+1") #read("/etc/passwd") #include "x.typ"',
        "{dossier.code} {{7*7}} {% for x in y %} %(x)s",
        "</w:t></w:r><w:r><w:t>EVIL & <b>bold</b>",
        "**bold** *it* | cell | # title\nletterhead\nsignatures\n---",
        "$ sum_(i=0) $ \\ `code` <label> @ref https://example.org",
    ],
)
def test_markup_stays_text(text):
    sheet = sheet_with(text)
    printed, written = text_of(printing.pdf(sheet, MOMENT).pdf), words_of(word.docx(sheet, MOMENT))
    for said in text.split():
        for piece in (said[at : at + printing.BREAK] for at in range(0, len(said), printing.BREAK)):
            assert piece in printed
        assert said in written


@settings(max_examples=30)
@given(st.text(max_size=400))
@example("\x00\ud800\ufffe\u202e\r\n\t")
@example("\u0300" * 300)
@example("A" * 4000)
@example("王伟 😀 \u0e01 עברית")
def test_any_text_is_printed_or_refused_with_a_reason(text):
    sheet = sheet_with(text)
    try:
        printed = printing.pdf(sheet, MOMENT)
    except Refused as refused:
        assert refused.code == "PAPER-PRINT"
    else:
        assert printed.pdf.startswith(b"%PDF")
    with zipfile.ZipFile(io.BytesIO(word.docx(sheet, MOMENT))) as package:
        assert package.testzip() is None


@settings(max_examples=60)
@given(st.text(alphabet="#=?*|{}/ \nab.1-", max_size=200) | st.text(max_size=80))
@example("table papers 1\n| a |\n| {at} |\n| {at} |")
@example("signatures\n|\n| a | b |")
@example("table\n|\n|")
def test_any_template_is_used_or_refused_with_its_line(text):
    try:
        read = template.parse("receipt", "symbol: X\n---\n" + text)
    except template.TemplateRefused as refused:
        assert all(fault.line >= 1 and fault.sentence for fault in refused.faults)
        return
    sheet = sample.look(read, letterhead.Letterhead(), "H15.50", MOMENT)
    assert printing.pages(sheet, MOMENT, ppi=10)


def test_what_is_too_long_is_refused_with_its_length():
    with pytest.raises(Refused, match="4001"):
        sheet_with("x" * 4001)


def test_characters_without_a_font_are_named():
    printed = printing.pdf(sheet_with("Trần 王"), MOMENT)
    assert printed.unshown == "王" and "Trần □" in text_of(printed.pdf)


def test_every_vietnamese_letter_has_its_glyph():
    bases, tones = (
        "aăâeêioôơuưyđAĂÂEÊIOÔƠUƯYĐ",
        ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"],
    )
    letters = "".join(
        unicodedata.normalize("NFC", base + tone)
        for base in bases
        for tone in tones
        if base not in "đĐ" or not tone
    )
    for style in ("{applicant.name}", "**{applicant.name}**", "*{applicant.name}*"):
        sheet = issuing.sheet_for(
            "receipt", f"symbol: X\n---\n{style}\n", Values(places={"applicant.name": letters})
        )
        assert printing.pdf(sheet, MOMENT).unshown == ""


def test_a_receipt_names_what_was_there_and_by_words_that_say_something(conn):
    code = desk.filed(conn)
    desk.moved(conn, code, ("2026-11-02 10:00", desk.RECEIVER, "receive", {}))
    for at, (kind, component, name) in enumerate(
        [("component", "TP01", "don.pdf"), ("component", "TP77", "ban-do.pdf"), ("supplement", "BS01", "sau.pdf")]
    ):  # fmt: skip
        conn.execute(
            "INSERT INTO dossiers.attachment (dossier, kind, component, form, name, media_type, bytes, sha256, malware,"
            " signature, added_by, added_at)"
            " VALUES (%s, %s, %s, 'electronic', %s, 'application/pdf', 1, %s, 'passed', 'valid', 'x', now())",
            [code, kind, component, name, f"{at:064d}"],
        )
    printed = text_of(papers.pdf(conn, code, made(conn, code, "receipt").number))
    assert "Đơn đề nghị theo mẫu số 01" in printed
    assert "ban-do.pdf (TP77)" in printed, "a code that the procedure does not have says nothing"
    assert "sau.pdf" not in printed, "what came as a supplement was not there yet"


def test_a_control_sheet_names_steps_and_whoever_is_no_person(conn):
    code = desk.filed(conn)
    desk.moved(conn, code, ("2026-11-02 10:00", desk.RECEIVER, "receive", {}))
    known = knowing.know(conn, code)
    step = Step(name={"vi": "Thẩm định tại chỗ"}, limit=TimeLimit(value=0.5, unit="working_days"))
    known = msgspec.structs.replace(
        known, procedure=msgspec.structs.replace(known.procedure, steps=(step,))
    )
    last = known.events[-1]
    event = msgspec.structs.replace(
        last, act="step", actor="portal", about={"step": 1}, number=last.number + 1
    )
    sheet = knowing.hand_overs(msgspec.structs.replace(known, events=[*known.events, event]))
    assert sheet[-1]["by"] == "Cổng Dịch vụ công quốc gia"
    assert sheet[-1]["act"] == "Chuyển bước xử lý 1: Thẩm định tại chỗ"
