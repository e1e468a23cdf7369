"""A sheet as a PDF on landscape A4 in the shape of the official form; the same sheet gives the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from lienthong import words
from lienthong.errors import Refused
from lienthong.reports.documents.sheet import Cell, Sheet

PROGRAM = Path(__file__).with_name("report.typ")


def pdf(sheet: Sheet, made_at: datetime, home: Path | None = None) -> bytes:
    """The PDF; fonts come with the printing library, or from LIENTHONG_HOME/fonts. Raises Refused when it cannot be."""
    import typst  # heavy: fonts

    own = home / "fonts" if home is not None else None
    fonts: Any = [str(own)] if own is not None and own.is_dir() else []
    try:
        return bytes(
            typst.compile(
                PROGRAM.read_bytes(),
                font_paths=fonts,
                ignore_system_fonts=True,
                sys_inputs={"sheet": msgspec.json.encode(_said(sheet)).decode()},
                timestamp=made_at.astimezone(UTC).replace(microsecond=0),
                format="pdf",
            )
        )
    except typst.TypstError as error:
        raise Refused(
            "REPORT-PRINT", "The report cannot be printed: %(reason)s", reason=str(error)[:80]
        ) from error


def _said(sheet: Sheet) -> dict[str, object]:
    said = msgspec.to_builtins(sheet)
    said["lines"] = [[_text(cell) for cell in line] for line in sheet.lines]
    said["total"] = [_text(cell) for cell in sheet.total] if sheet.total else []
    return said


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Decimal):
        return words.number(cell, 2, "vi")
    return cell if isinstance(cell, str) else words.number(cell, 0, "vi")
