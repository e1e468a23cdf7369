"""A sheet as a Word file, for whoever must still change a line by hand; the same sheet gives the same bytes.

The paper that counts is the PDF; this one says the same in an office's usual program and font.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

from lienthong.dossiers.papers.filling import Grid, Head, Pieces, Sheet, Signers, Text

FONT = "Times New Roman"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def docx(sheet: Sheet, made_at: datetime) -> bytes:
    """The sheet as the bytes of a .docx that says it was made at `made_at`."""
    from docx import Document  # heavy: its template
    from docx.shared import Mm, Pt

    document = Document()
    section = document.sections[0]
    wide = sheet.landscape
    section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    section.left_margin, section.right_margin = (Mm(20) if wide else Mm(30)), Mm(15)
    section.top_margin = section.bottom_margin = Mm(20)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(11 if wide else 13)
    normal.element.rPr.rFonts.set(_name("w:eastAsia"), FONT)
    normal.paragraph_format.space_after, normal.paragraph_format.space_before = Pt(3), Pt(0)
    width = section.page_width - section.left_margin - section.right_margin
    for part in sheet.parts:
        _WRITE[type(part)](document, part, sheet, width)
    _footer(section.footer.paragraphs[0], sheet.foot, width)
    _about(document, sheet, made_at)
    made = io.BytesIO()
    document.save(made)
    return _same_bytes(made.getvalue())


def _footer(paragraph: Any, said: str, width: int) -> None:
    """The code at the left, page and pages at the right, as on the PDF."""
    from docx.enum.text import WD_TAB_ALIGNMENT

    paragraph.style = "Normal"  # a footer's own style has other tab stops
    paragraph.paragraph_format.tab_stops.add_tab_stop(width, WD_TAB_ALIGNMENT.RIGHT)
    paragraph.add_run(f"{said}\t")
    for at, field in enumerate(("PAGE", "NUMPAGES")):
        if at:
            paragraph.add_run("/")
        _element(paragraph._p, "w:fldSimple", {"w:instr": field})


def _element(parent: Any, tag: str, attributes: dict[str, str]) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(_name(name), value)
    parent.append(made)
    return made


def _about(document: Any, sheet: Sheet, made_at: datetime) -> None:
    about = document.core_properties
    about.title, about.author, about.comments, about.language = sheet.title[:255], "", "", "vi"
    about.created = about.modified = made_at.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    about.last_modified_by, about.revision = "", 1


def _same_bytes(made: bytes) -> bytes:
    """The package without the moment at which it was packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(name))
    return out.getvalue()


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(tag))


def _write(paragraph: Any, pieces: Pieces, *, bold: bool = False, size: float | None = None) -> Any:
    from docx.shared import Pt

    for piece in pieces:
        lines = piece.text.split("\n")
        for at, line in enumerate(lines):
            run = paragraph.add_run(line)
            run.bold, run.italic = (piece.bold or bold) or None, piece.italic or None
            if size:
                run.font.size = Pt(size)
            if at < len(lines) - 1:
                run.add_break()
    return paragraph


def _centre(paragraph: Any) -> Any:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paragraph


def _lines(cell: Any, lines: list[Pieces], **how: Any) -> None:
    """Centred lines in a cell."""
    for at, pieces in enumerate(lines):
        paragraph = cell.paragraphs[0] if at == 0 else cell.add_paragraph()
        _write(_centre(paragraph), pieces, **how)


def _head(document: Any, part: Head, sheet: Sheet, width: int) -> None:
    from docx.shared import Mm

    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    left.width, right.width = int(width * 0.42), int(width * 0.58)
    *agency, number = part.left
    _lines(left, agency, size=12)
    _rule(left, left.width, 0.3)
    _write(_centre(left.add_paragraph()), number, size=12)
    country, motto, *rest = part.right
    _lines(right, [country], size=12)
    _write(_centre(right.add_paragraph()), motto, size=13)
    _rule(right, right.width, 0.55)
    for pieces in rest:
        _write(_centre(right.add_paragraph()), pieces, size=13)
    if sheet.code:
        picture = _centre(left.add_paragraph()).add_run()
        picture.add_picture(io.BytesIO(_qr_png(sheet.code)), width=Mm(22))


def _rule(cell: Any, width: int, share: float) -> None:
    """The line below the agency's name and below the motto (Decree 30/2020, Annex I)."""
    from docx.shared import Pt

    paragraph = cell.add_paragraph()
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = int(width * (1 - share) / 2)
    form.line_spacing, form.space_after = Pt(4), Pt(2)
    # Where in the properties a border stands is fixed by the format: before the spacing.
    borders = _element(paragraph._p.get_or_add_pPr(), "w:pBdr", {})
    _element(
        borders,
        "w:top",
        {"w:val": "single", "w:sz": "6", "w:space": "1", "w:color": "000000"},
    )
    paragraph._p.pPr.insert(0, borders)


def _qr_png(text: str) -> bytes:
    import segno

    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind="png", border=1, scale=6)
    return made.getvalue()


def _text(document: Any, part: Text, sheet: Sheet, width: int) -> None:
    paragraph = document.add_paragraph()
    if part.align == "center":
        _centre(paragraph)
    _write(paragraph, part.pieces, bold=part.level > 0, size=14 if part.level == 1 else None)


def _grid(document: Any, part: Grid, sheet: Sheet, width: int) -> None:
    size = 9.5 if sheet.landscape else 11.5
    table = document.add_table(rows=1 + len(part.rows), cols=len(part.head), style="Table Grid")
    table.autofit = False
    shares = [int(width * one / sum(part.widths)) for one in part.widths]
    for column, share in zip(table.columns, shares, strict=True):
        column.width = share
    _element(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader", {})
    for cell, pieces, share in zip(table.rows[0].cells, part.head, shares, strict=True):
        cell.width = share
        _write(_centre(cell.paragraphs[0]), pieces, bold=True, size=size)
    for row, cells in zip(list(table.rows)[1:], part.rows, strict=True):
        for cell, pieces, share in zip(row.cells, cells, shares, strict=True):
            cell.width = share
            _write(cell.paragraphs[0], pieces, size=size)
    document.add_paragraph()


def _signers(document: Any, part: Signers, sheet: Sheet, width: int) -> None:
    table = document.add_table(rows=1, cols=len(part.below))
    for at, cell in enumerate(table.rows[0].cells):
        _lines(cell, [row[at] for row in part.above])
        for _ in range(3):
            cell.add_paragraph()
        _write(_centre(cell.add_paragraph()), part.below[at])


_WRITE: dict[type, Any] = {Head: _head, Text: _text, Grid: _grid, Signers: _signers}
