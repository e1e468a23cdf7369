"""The text of a paper as an agency writes it: lines with places for what is known of a dossier.

One line is one line of the paper. `# ` is the title, `## ` a title of less weight, `= ` a centred line, `? ` a line
that is left out when nothing is known for its places, `// ` a remark. **bold** and *italic* are written so;
{dossier.code} is a place. A table begins with `table <list> <widths>`, its first row names the columns, its second
says what stands in them. `signatures` is followed by rows of those who sign side by side, `letterhead` puts the
agency's head. What is put into a place is never read as template text. A wrong text names every faulty line with
its reason.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from lienthong.dossiers.papers import places
from lienthong.errors import Refused

LONGEST = 20_000
"""Characters of a template: far more than seven pages."""

Align = Literal["left", "center"]


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a line: text as written, or the name of a place (`field`)."""

    text: str = ""
    field: str = ""
    bold: bool = False
    italic: bool = False


Line = tuple[Run, ...]


class Paragraph(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One line; `level` 1 and 2 are titles, `optional` lines are left out when a place of theirs is empty."""

    runs: Line
    level: int = 0
    align: Align = "left"
    optional: bool = False


class TableBlock(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A table with one row for each entry of a list; `widths` are shares of the page's width."""

    list: str
    widths: tuple[float, ...]
    head: tuple[Line, ...]
    row: tuple[Line, ...]


class Signatures(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Who signs, side by side: rows of as many cells; the last row stands below the room for the hand."""

    rows: tuple[tuple[Line, ...], ...]


class Letterhead(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The head of the agency: its name and number at the left, the country's name and the date at the right."""


Block = Paragraph | TableBlock | Signatures | Letterhead


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template that was read without a fault. `symbol` stands in the number of its papers (12/TNHS)."""

    form: str
    symbol: str
    blocks: tuple[Block, ...]
    landscape: bool = False
    qr: bool = False


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in one line: the English sentence (the key of its translations) with its values."""

    line: int
    sentence: str
    values: dict[str, str] = {}


class TemplateRefused(Refused):
    """A text that is no template; `faults` are all that were found."""

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        super().__init__(
            "PAPER-TEMPLATE",
            "The template cannot be used; line %(line)s: %(reason)s",
            line=first.line,
            reason=first.sentence % first.values if first.values else first.sentence,
        )
        self.faults = tuple(faults)


NO_END = "a { or } without its partner"
NO_PLACE = "no place is called {%(name)s}; did you mean {%(near)s}?"
NO_LIST = "no list is called “%(name)s”; there are: %(choices)s"
NO_SETTING = "“%(name)s” is no setting of a template; there are: %(choices)s"
NO_ROWS = (
    "a table needs two rows that begin with |: the names of the columns and what stands in them"
)
NO_SIGNERS = "signatures need rows that begin with |"
UNLIKE = "this row has %(count)s cells, the first one %(wanted)s"
NO_WIDTHS = "the widths must be as many numbers above zero as there are columns (%(count)s)"
NO_SYMBOL = "the settings above --- lack the symbol of the paper's number (symbol: TNHS)"
BAD_SYMBOL = "a symbol has up to 20 letters, digits, points and hyphens"
NO_BODY = "the settings are not closed by a line ---"
TOO_LONG = "the template has more than %(most)s characters"
YES = ("yes", "có")
SETTINGS = ("symbol", "page", "qr")
_TOKEN = re.compile(r"\*\*|\*|\{([^{}]*)\}|[{}]")
_SYMBOL = re.compile(r"^[\w.Đđ-]{1,20}$")


def parse(form: str, text: str) -> Template:
    """The template of a text; raises TemplateRefused with every faulty line."""
    if len(text) > LONGEST:
        raise TemplateRefused([Fault(line=1, sentence=TOO_LONG, values={"most": str(LONGEST)})])
    reader = _Reader(form, text)
    template = reader.read()
    if reader.faults:
        raise TemplateRefused(sorted(reader.faults, key=lambda fault: fault.line))
    return template


class _Reader:
    """One pass over the lines; collects what is wrong on the way."""

    def __init__(self, form: str, text: str) -> None:
        self.form = form
        self.lines = text.replace("\r\n", "\n").split("\n")
        self.at = 0
        self.faults: list[Fault] = []
        self.known = places.of(form)

    def wrong(self, line: int, sentence: str, **values: object) -> None:
        told = {name: str(value) for name, value in values.items()}
        self.faults.append(Fault(line=line + 1, sentence=sentence, values=told))

    def read(self) -> Template:
        settings = self._settings()
        symbol = settings.get("symbol", "")
        if not symbol:
            self.wrong(0, NO_SYMBOL)
        elif not _SYMBOL.match(symbol):
            self.wrong(0, BAD_SYMBOL)
        blocks: list[Block] = []
        while self.at < len(self.lines):
            block = self._block()
            if block is not None:
                blocks.append(block)
        return Template(
            form=self.form,
            symbol=symbol,
            blocks=tuple(blocks),
            landscape=settings.get("page") == "landscape",
            qr=settings.get("qr") in YES,
        )

    def _settings(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for at, line in enumerate(self.lines):
            if line.strip() == "---":
                self.at = at + 1
                return found
            name, sep, value = line.partition(":")
            if not line.strip() or line.startswith("//"):
                continue
            if not sep or name.strip() not in SETTINGS:
                self.wrong(at, NO_SETTING, name=name.strip()[:40], choices=", ".join(SETTINGS))
            found[name.strip()] = value.strip()
        self.at = len(self.lines)
        self.wrong(len(self.lines) - 1, NO_BODY)
        return found

    def _block(self) -> Block | None:
        at, line = self.at, self.lines[self.at].rstrip()
        self.at += 1
        word = line.split(" ", 1)[0]
        if line.startswith("//"):
            return None
        if line == "letterhead":
            return Letterhead()
        if word == "table":
            return self._table(at, line)
        if line == "signatures":
            return self._signatures(at)
        optional = line.startswith("? ")
        line = line[2:] if optional else line
        sign = next((one for one in _MARKS if line.startswith(one)), "")
        level, align = _MARKS.get(sign, (0, "left"))
        return Paragraph(
            runs=self._runs(at, line[len(sign) :]), level=level, align=align, optional=optional
        )

    def _rows(self) -> list[tuple[int, list[str]]]:
        rows = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("|"):
            cells = self.lines[self.at].strip().strip("|").split("|")
            rows.append((self.at, [cell.strip() for cell in cells]))
            self.at += 1
        for at, cells in rows[1:]:
            if len(cells) != len(rows[0][1]):
                self.wrong(at, UNLIKE, count=len(cells), wanted=len(rows[0][1]))
        return rows

    def _table(self, at: int, line: str) -> Block | None:
        _, name, *widths = line.split() if len(line.split()) > 1 else ("table", "")
        columns = self.known.lists.get(name)
        rows = self._rows()
        if columns is None:
            choices = ", ".join(self.known.lists)
            self.wrong(at, NO_LIST, name=name[:40], choices=choices)
        if len(rows) != 2:
            self.wrong(at, NO_ROWS)
        if columns is None or len(rows) != 2:
            return None
        head = tuple(self._runs(rows[0][0], cell) for cell in rows[0][1])
        row = tuple(self._runs(rows[1][0], cell, columns) for cell in rows[1][1])
        return TableBlock(list=name, widths=self._widths(at, widths, len(head)), head=head, row=row)

    def _widths(self, at: int, given: list[str], count: int) -> tuple[float, ...]:
        if not given:
            return (1.0,) * count
        try:
            widths = tuple(float(one) for one in given)
        except ValueError:
            widths = ()
        if len(widths) != count or not all(0 < one < 1000 for one in widths):
            self.wrong(at, NO_WIDTHS, count=count)
            return (1.0,) * count
        return widths

    def _signatures(self, at: int) -> Block | None:
        rows = self._rows()
        if not rows:
            self.wrong(at, NO_SIGNERS)
            return None
        return Signatures(
            rows=tuple(tuple(self._runs(line, cell) for cell in cells) for line, cells in rows)
        )

    def _runs(self, at: int, text: str, columns: tuple[str, ...] = ()) -> Line:
        runs: list[Run] = []
        bold = italic = False
        end = 0
        for found in _TOKEN.finditer(text):
            if found.start() > end:
                runs.append(Run(text=text[end : found.start()], bold=bold, italic=italic))
            end = found.end()
            mark = found.group()
            if mark == "**":
                bold = not bold
            elif mark == "*":
                italic = not italic
            elif found[1] is None:
                self.wrong(at, NO_END)
            else:
                name = found[1].strip()
                self._place(at, name, columns)
                runs.append(Run(field=name, bold=bold, italic=italic))
        if end < len(text):
            runs.append(Run(text=text[end:], bold=bold, italic=italic))
        return tuple(runs)

    def _place(self, at: int, name: str, columns: tuple[str, ...]) -> None:
        if name not in columns and name not in self.known.fields:
            near = places.nearest(name, (*columns, *self.known.fields))
            self.wrong(at, NO_PLACE, name=name[:60], near=near)


_MARKS: dict[str, tuple[int, Align]] = {
    "## ": (2, "center"),
    "# ": (1, "center"),
    "= ": (0, "center"),
}
