"""How papers look: who is named on the control sheet, what stays inside its cell, what a Word file has like the PDF."""

from __future__ import annotations

import io

import pypdf
from docx import Document

from lienthong.dossiers import acting, papers
from lienthong.dossiers.papers import issuing, knowing, printing
from lienthong.dossiers.papers.filling import Values
from tests.dossiers import desk, test_papers
from tests.dossiers.test_papers import MOMENT, made, text_of

conn = test_papers.conn
"""The same desk as for what stands on papers."""


def test_a_control_sheet_says_who_acted_by_name_and_as_what(conn):
    code = desk.filed(conn)
    desk.moved(
        conn, code,
        ("2026-11-02 10:00", desk.RECEIVER, "receive", {}), ("2026-11-03 08:00", desk.PROCESSOR, "start", {}),
    )  # fmt: skip
    conn.execute(
        "INSERT INTO app.account (id, name, password, roles, facility) VALUES ('clerk', 'Trần Tiếp Nhận', 'x',"
        " '{receiver}', %s)",
        [desk.UNIT],
    )
    acting.assign(conn, desk.HEAD, code, "gone.x01.20", at=desk.at("2026-12-02 08:00"))
    rows = knowing.hand_overs(knowing.know(conn, code))
    assert rows[1]["by"] == "Trần Tiếp Nhận\n(Người tiếp nhận)"
    assert rows[2]["by"] == "Trần Tiếp Nhận\n(Người thụ lý)"
    assert (rows[-1]["by"], rows[-1]["to"]) == ("Lãnh đạo", "Người thụ lý"), "no account, no login"
    printed = text_of(papers.pdf(conn, code, made(conn, code, "control").number))
    assert "gone.x01.20" not in printed and "Trần Tiếp Nhận (Người tiếp nhận)" in printed


def test_a_long_reason_stands_on_its_own_paper_and_shortened_on_the_control_sheet(conn):
    code = desk.filed(conn)
    reason = "Hồ sơ không thuộc thẩm quyền giải quyết " * 20
    desk.moved(conn, code, ("2026-11-02 10:00", desk.RECEIVER, "refuse_reception", {"reason": reason}))  # fmt: skip
    note = knowing.hand_overs(knowing.know(conn, code))[-1]["note"]
    assert len(note) <= knowing.LONGEST_NOTE and note.endswith("…")
    assert " ".join(reason.split()) in text_of(
        papers.pdf(conn, code, made(conn, code, "refusal").number)
    )


def test_nothing_runs_over_the_edge_of_its_cell():
    """Where the letters stand on the page: none of a column begins right of the next column's line."""
    wide = "X" * 60
    row = dict.fromkeys(("at", "name", "originals", "copies", "note"), wide)
    text = (
        "symbol: X\n---\ntable papers 1 1 1 1 1\n| a | b | c | d | e |\n| {name} | | | | {at} |\n"
    )
    sheet = issuing.sheet_for("receipt", text, Values(lists={"papers": [row]}))
    (page,) = pypdf.PdfReader(io.BytesIO(printing.pdf(sheet, MOMENT).pdf)).pages
    found: list[tuple[float, str]] = []
    page.extract_text(
        visitor_text=lambda text, cm, tm, font, size: found.append((tm[4] or cm[4], text))
    )
    pieces = [piece for _, text in found for piece in text.split() if set(piece) == {"X"}]
    assert "".join(pieces) == wide * 2
    assert max(map(len, pieces)) * 0.7 * 11.5 < 165 * printing.POINTS / 5
    assert "200b" not in repr(found), "who copies a word gets the word"


def test_a_word_file_has_the_lines_of_the_head_and_names_its_columns_on_each_page(conn):
    code = desk.on_the_way(conn)
    document = Document(io.BytesIO(papers.docx(conn, code, made(conn, code, "supplement").number)))
    head, grid = document.tables[:2]
    assert [len(cell._tc.xpath(".//w:pBdr/w:top")) for cell in head.rows[0].cells] == [1, 1]
    assert [len(row._tr.xpath("./w:trPr/w:tblHeader")) for row in grid.rows] == [1, 0]
    fields = document.sections[0].footer._element.xpath(".//w:fldSimple/@w:instr")
    assert fields == ["PAGE", "NUMPAGES"]
