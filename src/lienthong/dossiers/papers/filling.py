"""A template and what is known of a dossier become a sheet: plain text in its order, ready to be printed.

The template is read before anything is put into its places, and what is put there stays text: nobody's name can
become a title, a table or a program. What no paper can show (control characters, marks that turn the direction of
writing) is replaced.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from lienthong.dossiers.papers.template import (
    Letterhead,
    Line,
    Paragraph,
    Signatures,
    TableBlock,
    Template,
)
from lienthong.errors import Refused

LONGEST = 4000
"""Characters that a paper shows of one value; what is longer belongs into an attachment."""
MOST_ROWS = 2000
"""Rows of a table on one paper."""
EMPTY = "…………"
"""What stands where nothing is known: dots to be filled in by hand."""
STRANGE = "\ufffd"
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF}


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What is known: a text for each place, rows for each list. Kept with the paper as it was printed."""

    places: dict[str, str] = {}
    lists: dict[str, list[dict[str, str]]] = {}


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Pieces = list[Piece]


class Head(msgspec.Struct, frozen=True, kw_only=True, tag="head", tag_field="kind"):
    """The head of the agency: lines at the left (the agency) and at the right (the country and the date)."""

    left: list[Pieces]
    right: list[Pieces]


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text", tag_field="kind"):
    """A line; `level` 1 and 2 are titles."""

    pieces: Pieces
    level: int = 0
    align: str = "left"


class Grid(msgspec.Struct, frozen=True, kw_only=True, tag="grid", tag_field="kind"):
    """A table."""

    widths: list[float]
    head: list[Pieces]
    rows: list[list[Pieces]]


class Signers(msgspec.Struct, frozen=True, kw_only=True, tag="signers", tag_field="kind"):
    """Who signs side by side: lines above the room for the hand, and the line below it."""

    above: list[list[Pieces]]
    below: list[Pieces]


Part = Head | Text | Grid | Signers


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A paper with everything that it says, before it becomes a file."""

    title: str
    parts: list[Part]
    landscape: bool = False
    code: str = ""
    foot: str = ""


def fill(template: Template, values: Values) -> Sheet:
    """The sheet of a template; raises Refused for a value that is longer than a paper can show."""
    known = Values(
        places={name: clean(text, name) for name, text in values.places.items()},
        lists={
            name: [{key: clean(cell, key) for key, cell in row.items()} for row in _few(name, rows)]
            for name, rows in values.lists.items()
        },
    )
    parts = [part for block in template.blocks if (part := _part(block, known)) is not None]
    title = " ".join(
        "".join(piece.text for piece in part.pieces)
        for part in parts
        if isinstance(part, Text) and part.level == 1
    )
    return Sheet(
        title=title,
        parts=parts,
        landscape=template.landscape,
        code=known.places.get("dossier.code", "") if template.qr else "",
        foot=known.places.get("dossier.code", ""),
    )


def clean(text: str, name: str = "") -> str:
    """Text as a paper can show it: composed, without marks that nobody sees. Raises Refused when it is too long."""
    if len(text) > LONGEST:
        raise Refused(
            "PAPER-LONG", "%(place)s has %(count)s characters; a paper shows at most %(most)s.",
            place=name or "?", count=len(text), most=LONGEST,
        )  # fmt: skip
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(
        STRANGE if _is_strange(one) else one for one in plain if ord(one) not in _TURNING
    )
    return re.sub(r"\n{3,}", "\n\n", unicodedata.normalize("NFC", kept)).strip()


def _is_strange(one: str) -> bool:
    """Control characters, halves of pairs, places of Unicode that are no characters."""
    number = ord(one)
    return (
        (unicodedata.category(one) in ("Cc", "Cs", "Co") and one != "\n")
        or number & 0xFFFE == 0xFFFE
        or 0xFDD0 <= number <= 0xFDEF
    )


def _few(name: str, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    if len(rows) > MOST_ROWS:
        raise Refused(
            "PAPER-ROWS", "The list “%(place)s” has %(count)s rows; a paper shows at most %(most)s.",
            place=name, count=len(rows), most=MOST_ROWS,
        )  # fmt: skip
    return rows


def _part(block: object, known: Values) -> Part | None:
    if isinstance(block, Letterhead):
        return _head(known)
    if isinstance(block, TableBlock):
        return Grid(
            widths=list(block.widths),
            head=[_pieces(cell, known.places) for cell in block.head],
            rows=[
                [_pieces(cell, known.places | row, dots=False) for cell in block.row]
                for row in known.lists.get(block.list, [])
            ],
        )
    if isinstance(block, Signatures):
        rows = [[_pieces(cell, known.places, dots=False) for cell in row] for row in block.rows]
        last = rows[-1] if len(rows) > 1 else [[] for _ in rows[0]]
        return Signers(above=rows[:-1] if len(rows) > 1 else rows, below=last)
    assert isinstance(block, Paragraph)
    if block.optional and any(run.field and not known.places.get(run.field) for run in block.runs):
        return None
    return Text(pieces=_pieces(block.runs, known.places), level=block.level, align=block.align)


def _pieces(line: Line | Sequence, places: Mapping[str, str], *, dots: bool = True) -> Pieces:
    return [
        Piece(
            text=(places.get(run.field) or (EMPTY if dots else "")) if run.field else run.text,
            bold=run.bold,
            italic=run.italic,
        )
        for run in line
    ]


def _head(known: Values) -> Head:
    """Agency and number at the left; the country's name, its motto and the date at the right (Decree 30/2020)."""
    place = known.places.get
    left = [[Piece(text=parent)] for parent in [place("agency.parent", "")] if parent]
    left.append([Piece(text=place("agency.name", "") or EMPTY, bold=True)])
    left += [[Piece(text=f"Số: {place('paper.sign', '') or EMPTY}")]]
    right = [
        [Piece(text="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold=True)],
        [Piece(text="Độc lập - Tự do - Hạnh phúc", bold=True)],
        [
            Piece(
                text=f"{place('agency.place', '') or EMPTY}, {place('paper.date', '') or EMPTY}",
                italic=True,
            )
        ],
    ]
    return Head(left=left, right=right)
