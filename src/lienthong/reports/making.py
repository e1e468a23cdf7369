"""One asked report as a sheet and as a file: what pages, the API and the command line have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.errors import NotFound
from lienthong.reports import (
    counting,
    editions,
    forms,
    index766,
    keeping,
    measures,
    procedure_form,
    succession,
)
from lienthong.reports.cells import Among
from lienthong.reports.documents import sheet as sheets
from lienthong.reports.documents.sheet import Sheet
from lienthong.reports.editions import Declared, Edition
from lienthong.reports.forms import Row
from lienthong.reports.keeping import Freshness
from lienthong.reports.measures import Measured
from lienthong.reports.period import Period
from lienthong.reports.procedure_form import Competence
from lienthong.reports.succession import MINISTRY, Following

FORMS = ("II.06a", "II.06b", "II.07b")
INDEX = "766"
KINDS = ("xlsx", "pdf")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for: a period, whose dossiers, under which codes and terms, up to which event, when."""

    period: Period
    among: Among = Among()
    codes: Any = None
    declared: Declared | None = None
    position: int | None = None
    moment: datetime | None = None
    readings: Mapping[str, str] = {}

    @property
    def follows(self) -> Following:
        """Successors and names on the last day of the period."""
        given: Codes | None = self.codes
        return succession.following(given, self.period.last)

    @property
    def edition(self) -> Edition:
        """The index on that day, under other readings where asked."""
        return editions.edition(self.period, self.declared).read_as(self.readings)


def asking(
    conn: psycopg.Connection[Any],
    period: Period,
    among: Among,
    codes: Codes,
    home: Path | None,
    readings: Mapping[str, str] | None = None,
) -> tuple[Asked, Freshness]:
    """A report of this moment, over a base that is as fresh as can be at once. The gate comes before."""
    upto = keeping.fresh(conn)
    asked = Asked(
        period=period, among=among, codes=codes, declared=editions.declared(home), position=upto.position,
        moment=clock.now(), readings={name: value for name, value in (readings or {}).items() if value},
    )  # fmt: skip
    return asked, upto


def form_named(what: str) -> str:
    """The form of that name; raises NotFound."""
    if what not in FORMS:
        raise NotFound(
            "REPORT-WHAT", "There is no report %(name)s; there are: %(known)s.",
            name=what[:20], known=", ".join(FORMS),
        )  # fmt: skip
    return what


class Lined(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form; a heading sums the lines of its level."""

    line: str
    row: Row
    level: str = ""
    heading: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of form II.06a or II.06b with their sum."""

    lines: tuple[Lined, ...]
    total: Row


LEVELS = ("ministry", "province", "commune", "facility", "social_insurance", "")
"""The levels in the order of the form; the last: no source says."""
LEVEL_NAMES = {
    "ministry": "TTHC cấp trung ương",
    "province": "TTHC cấp tỉnh",
    "commune": "TTHC cấp xã",
    "facility": "TTHC tại cơ sở y tế",
    "social_insurance": "TTHC của cơ quan bảo hiểm xã hội",
    "": "TTHC chưa rõ cấp",
}


Counted = Mapping[str, Mapping[str, int]]
"""Line to cell to number of dossiers, as they were counted before."""


def form(
    conn: psycopg.Connection[Any], what: str, asked: Asked, counted: Counted | None = None
) -> Form:
    """Form II.06a by agency, II.06b by sector under headings of the level of its procedures."""
    rows = (
        _rows(counted)
        if counted is not None
        else forms.counted(
            conn,
            asked.period,
            "level_field" if what == "II.06b" else "unit",
            among=asked.among,
            follows=asked.follows,
            position=asked.position,
            moment=asked.moment,
        )
    )
    total = forms.total(rows.values())
    if what != "II.06b":
        return Form(lines=tuple(Lined(line=n, row=row) for n, row in rows.items()), total=total)
    found: dict[str, list[Lined]] = {}
    for key, row in rows.items():
        level, _, field = key.partition(counting.BETWEEN)
        found.setdefault(level, []).append(Lined(line=field, row=row, level=level))
    lines: list[Lined] = []
    for level in sorted(found, key=lambda one: LEVELS.index(one) if one in LEVELS else 99):
        own = found[level]
        summed = forms.total(one.row for one in own)
        lines += [Lined(line="", row=summed, level=level, heading=True), *own]
    return Form(lines=tuple(lines), total=total)


def _rows(counted: Counted) -> dict[str, Row]:
    names = Row.__struct_fields__
    return {line: Row(**{name: one[name] for name in names}) for line, one in counted.items()}


def competence(conn: psycopg.Connection[Any], asked: Asked) -> dict[str, Competence]:
    """Form II.07b: the ministry and every province of the day, or the one asked for."""
    found = procedure_form.counted(conn, asked.period, asked.follows.province_names)
    wanted = asked.among.province
    return {wanted: found[wanted]} if wanted in found else found


def index(conn: psycopg.Connection[Any], asked: Asked, counted: Counted | None = None) -> Measured:
    """The index of whoever was asked for."""
    return measures.indices(
        conn, asked.period, asked.edition, among=asked.among, follows=asked.follows, position=asked.position,
        moment=asked.moment, counted=counted,
    )[""]  # fmt: skip


def compared(
    conn: psycopg.Connection[Any], asked: Asked, counted: Counted | None = None
) -> dict[str, Measured]:
    """The index of every province (and the ministry's own dossiers), whoever was asked for."""
    return measures.indices(
        conn, asked.period, asked.edition, by="province", follows=asked.follows, position=asked.position,
        moment=asked.moment, counted=counted,
    )  # fmt: skip


def side_by_side(
    conn: psycopg.Connection[Any], asked: Asked
) -> tuple[Measured, dict[str, Measured]]:
    """The index of the nation and of every province, their dossiers counted once: each is of one province."""
    counted = counting.count(
        conn, asked.period, measures.numbers(asked.edition), by="province", follows=asked.follows,
        position=asked.position, moment=asked.moment, joins=counting.JOINS,
    )  # fmt: skip
    names = measures.numbers(asked.edition)
    summed = {"": {name: sum(one[name] for one in counted.values()) for name in names}}
    nation = msgspec.structs.replace(asked, among=Among())
    return index(conn, nation, summed), compared(conn, asked, counted)


def whose(asked: Asked, to: str = "vi") -> str:
    """The name of whoever was asked for, in Vietnamese as on forms."""
    follows, among = asked.follows, asked.among
    if among.unit:
        return follows.unit_names.get(among.unit, {}).get(to) or among.unit
    if among.province and among.province != MINISTRY:
        return follows.province_names.get(among.province, {}).get(to) or among.province
    return "BỘ Y TẾ"


def sheet(
    conn: psycopg.Connection[Any], what: str, asked: Asked, counted: Counted | None = None
) -> Sheet:
    """The report as a sheet, of numbers counted before where given; raises NotFound for one there is not."""
    follows = asked.follows
    notes = [f"Đếm đến sự kiện số {asked.position}."] if asked.position is not None else []
    units = {
        code: f"{code} {name.get('vi', '')}".strip() for code, name in follows.unit_names.items()
    }
    provinces = {code: name.get("vi", code) for code, name in follows.province_names.items()}
    if what in ("II.06a", "II.06b"):
        found = form(conn, what, asked, counted)
        names = units if what == "II.06a" else {}
        drawn = [
            (
                LEVEL_NAMES.get(o.level, o.level) if o.heading else names.get(o.line, o.line),
                o.row,
                o.heading,
            )
            for o in found.lines
        ]
        return sheets.settling(what, asked.period, whose(asked), drawn, found.total, notes)
    if what == "II.07b":
        lines = competence(conn, asked)
        named = provinces | {MINISTRY: "Bộ Y tế"}
        return sheets.competence(asked.period, whose(asked), lines, named, _said(asked))
    if what == INDEX:
        found_index = index(conn, asked, counted)
        return sheets.index_sheet(
            asked.period,
            whose(asked),
            found_index.index,
            rank(conn, asked),
            (*notes, *_read(asked)),
            found_index.plain,
        )
    raise NotFound(
        "REPORT-WHAT", "There is no report %(name)s; there are: %(known)s.",
        name=what[:20], known=", ".join((*FORMS, INDEX)),
    )  # fmt: skip


def rank(conn: psycopg.Connection[Any], asked: Asked) -> str:
    """The place of a province among the provinces, for a document; empty for others."""
    province = asked.among.province
    if not province or province == MINISTRY or asked.among.unit:
        return ""
    places = ranked(compared(conn, asked))
    place = places.get(province)
    count = sum(one is not None for one in places.values())
    return f"Xếp hạng {place}/{count} theo điểm đạt trên điểm đo được." if place else ""


def ranked(found: Mapping[str, Measured]) -> dict[str, int | None]:
    """Ranks of provinces; the ministry's own dossiers are no competitor."""
    return index766.ranks({name: one.index for name, one in found.items() if name != MINISTRY})


def kind_of(kind: str) -> str:
    """xlsx or pdf; raises NotFound for another kind of file."""
    if kind not in KINDS:
        raise NotFound("REPORT-KIND", "A report is written as: %(known)s.", known=", ".join(KINDS))
    return kind


def media(kind: str) -> str:
    """The media type of a kind of file."""
    return XLSX if kind_of(kind) == "xlsx" else "application/pdf"


def written(sheet: Sheet, kind: str, made_at: datetime, home: Path | None = None) -> bytes:
    """The sheet as a file."""
    from lienthong.reports.documents import pdf, xlsx

    return xlsx.xlsx(sheet) if kind_of(kind) == "xlsx" else pdf.pdf(sheet, made_at, home)


def _read(asked: Asked) -> Iterable[str]:
    """How open points are read, for the foot of a document."""
    for one in asked.edition.options:
        yield f"{one.label['vi']}: {one.said['vi']} ({one.source})."


def _said(asked: Asked) -> list[str]:
    day = f"{asked.period.last:%d/%m/%Y}"
    return [
        f"Theo danh mục có hiệu lực ngày {day}; thủ tục do địa phương tự công bố chưa được ghi ở đây.",
        "Thủ tục thực hiện ở cả hai cấp được tính ở từng cấp và một lần trong tổng số.",
        "Quy trình nội bộ: chỉ tính thủ tục đã mô tả các bước trong hệ thống.",
    ]
