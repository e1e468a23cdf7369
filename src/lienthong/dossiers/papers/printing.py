"""A sheet as a PDF for the archive (PDF/A-2u) or as pictures of its pages; the same sheet gives the same bytes.

Fonts come from the printing library itself, so that every machine prints alike; an office that wants Times New
Roman puts its files into LIENTHONG_HOME/fonts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from lienthong.dossiers.papers.filling import Sheet
from lienthong.errors import Refused

PROGRAM = Path(__file__).with_name("sheet.typ")
BREAK = 24
"""After so many letters without a space a word may be broken, so that nothing runs off the page."""
MAY_BREAK = "\u200b"
POINTS = 72 / 25.4
WIDTHS = {False: (165 * POINTS, 11.5), True: (262 * POINTS, 9.5)}
"""Room between the margins and size of the letters in tables (sheet.typ), in points: upright, landscape."""
INSET = 8
"""Points of a cell that hold no letters."""
SQUARE = "□"
"""What stands for a character that no font at hand can write."""
_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A PDF, and the characters that no font could write (a square stands for each)."""

    pdf: bytes
    unshown: str = ""


def pdf(sheet: Sheet, made_at: datetime, home: Path | None = None) -> Printed:
    """The sheet as a PDF that says it was made at `made_at`. Raises Refused when it cannot be printed."""
    missing = ""
    for _ in range(8):
        try:
            made = _compile(sheet, home, missing, made_at, format="pdf", pdf_standards="a-2u")
            return Printed(pdf=made, unshown=missing)
        except _Unwritable as found:
            if set(found.text) <= set(missing):
                break
            missing = "".join(sorted({*missing, *found.text}))
    raise Refused("PAPER-PRINT", "The paper cannot be printed: %(reason)s", reason=missing[:80])


def pages(
    sheet: Sheet, made_at: datetime, home: Path | None = None, ppi: float = 80
) -> list[bytes]:
    """The sheet as one PNG for each page, for a look before it is used."""
    made = _compile(sheet, home, "", made_at, format="png", ppi=ppi)
    return [bytes(one) for one in made] if isinstance(made, list) else [bytes(made)]


class _Unwritable(Exception):
    """Characters that no font can write."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _compile(sheet: Sheet, home: Path | None, missing: str, made_at: datetime, **more: Any) -> Any:
    import typst  # heavy: fonts

    said = msgspec.to_builtins(sheet) | {"qr": qr_svg(sheet.code) if sheet.code else None}
    if missing:
        said = _without(said, str.maketrans(dict.fromkeys(missing, SQUARE)))
    given = msgspec.json.encode(_breakable(_with_narrow_cells(said))).decode()
    folder = home / "fonts" if home is not None else None
    try:
        return typst.compile(
            PROGRAM.read_bytes(),
            font_paths=_fonts(folder if folder is not None and folder.is_dir() else None),
            ignore_system_fonts=True,
            sys_inputs={"sheet": given},
            timestamp=made_at.astimezone(UTC).replace(microsecond=0),
            **more,
        )
    except typst.TypstError as wrong:
        if found := _MISSING.findall(str(getattr(wrong, "diagnostic", wrong))):
            raise _Unwritable("".join(_unescaped(one) for one in found)) from None
        raise Refused(
            "PAPER-PRINT", "The paper cannot be printed: %(reason)s", reason=str(wrong)[:300]
        ) from wrong


def _unescaped(text: str) -> str:
    r"""The characters that a message shows, \u{…} read back."""
    return re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: chr(int(found[1], 16)), text)


def _without(said: Any, table: dict[int, str]) -> Any:
    if isinstance(said, dict):
        return {key: one if key == "qr" else _without(one, table) for key, one in said.items()}
    if isinstance(said, list):
        return [_without(one, table) for one in said]
    return said.translate(table) if isinstance(said, str) else said


def _breakable(said: Any) -> Any:
    """Long words get places where they may be broken."""
    if isinstance(said, dict):
        return {
            key: one if key in ("qr", "title") else _breakable(one) for key, one in said.items()
        }
    if isinstance(said, list):
        return [_breakable(one) for one in said]
    if isinstance(said, str) and len(said) > BREAK:
        return re.sub(rf"\S{{{BREAK}}}(?=\S)", lambda found: found[0] + MAY_BREAK, said)
    return said


def _with_narrow_cells(said: dict[str, Any]) -> dict[str, Any]:
    """Words that are wider than their column get places where they may be broken, first behind their own marks."""
    room, size = WIDTHS[bool(said["landscape"])]
    return said | {
        "parts": [
            _narrow(part, room, size) if part["kind"] == "grid" else part for part in said["parts"]
        ]
    }


def _narrow(grid: dict[str, Any], room: float, size: float) -> dict[str, Any]:
    whole = sum(grid["widths"])
    ems = [(room * one / whole - INSET) / size for one in grid["widths"]]

    def cells(row: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        return [
            [one | {"text": _fitting(one["text"], most)} for one in pieces]
            for pieces, most in zip(row, ems, strict=True)
        ]

    return grid | {"head": cells([*grid["head"]]), "rows": [cells(row) for row in grid["rows"]]}


def _fitting(text: str, most: float) -> str:
    return re.sub(r"\S+", lambda found: _broken(found[0], most), text)


def _broken(word: str, most: float) -> str:
    """A word that is wider than `most` (in em), with places where it may be broken."""
    if sum(map(_em, word)) <= most:
        return word
    out, run = "", 0.0
    for one in word:
        if run + _em(one) > most:
            out, run = out + MAY_BREAK, 0.0
        out, run = out + one, run + _em(one)
        if one in "-./@_,;:":
            out, run = out + MAY_BREAK, 0.0
    return out.removesuffix(MAY_BREAK)


def _em(one: str) -> float:
    """About how wide a letter is, a little more rather than less."""
    if one in ".,;:-/'il|!":
        return 0.36
    if one.isdigit():
        return 0.47
    return 0.8 if one.isupper() or one in "mwMW@" or ord(one) > 0x2000 else 0.53


def qr_svg(text: str) -> str:
    """The QR code of a dossier's code as SVG, for a scanner at the desk."""
    import io

    import segno

    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind="svg", border=1, xmldecl=False)
    return made.getvalue().decode()


@lru_cache(maxsize=4)
def _fonts(folder: Path | None) -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[folder] if folder else [])
