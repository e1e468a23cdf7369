"""A report laid out once: head, joined headings, numbered columns, lines, notes. In Vietnamese, as the forms are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from lienthong import words
from lienthong.reports.forms import Row
from lienthong.reports.index766 import Index, shown
from lienthong.reports.period import Period
from lienthong.reports.procedure_form import Competence

Cell = str | int | Decimal | None
"""None is unknown, written as a dash."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One heading: where it stands in the rows of headings, how far it reaches, what it says."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    text: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One report; the first two columns are serial number and name of a line, cells are `Cell`.

    `strong` are the places of headings among the lines.
    """

    code: str
    title: str
    when: str
    whose: str
    unit: str
    heads: tuple[Head, ...]
    head_rows: int
    width: int
    numbers: tuple[str, ...]
    lines: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    strong: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def between(period: Period) -> str:
    """(Từ ngày … đến ngày …), as the forms say it."""
    return f"(Từ ngày {period.first:%d/%m/%Y} đến ngày {period.last:%d/%m/%Y})"


_NUMBERS = tuple(f"({number})" for number in range(1, 15))
_SETTLING = (
    (0, 0, 3, 1, "STT"), (0, 2, 1, 4, "Số hồ sơ nhận giải quyết"), (0, 6, 1, 4, "Số hồ sơ đã giải quyết"),
    (0, 10, 1, 3, "Số hồ sơ đang giải quyết"), (1, 2, 2, 1, "Tổng số"), (1, 3, 1, 2, "Trong kỳ"),
    (1, 5, 2, 1, "Từ kỳ trước"), (2, 3, 1, 1, "Trực tuyến"), (2, 4, 1, 1, "Trực tiếp, dịch vụ bưu chính"),
    (1, 6, 2, 1, "Tổng số"), (1, 7, 2, 1, "Trước hạn"), (1, 8, 2, 1, "Đúng hạn"), (1, 9, 2, 1, "Quá hạn"),
    (1, 10, 2, 1, "Tổng số"), (1, 11, 2, 1, "Trong hạn"), (1, 12, 2, 1, "Quá hạn"),
)  # fmt: skip


def settling(
    form: str,
    period: Period,
    whose: str,
    rows: Sequence[tuple[str, Row, bool]],
    total: Row,
    notes: Sequence[str] = (),
) -> Sheet:
    """Form II.06a (lines are agencies) or II.06b (lines are sectors); `rows` are name, numbers, whether a heading."""
    said = "Đơn vị" if form == "II.06a" else "Lĩnh vực, công việc giải quyết theo cấp"
    heads = [*_SETTLING, (0, 1, 3, 1, said)]
    return Sheet(
        code=f"Biểu số {form}/VPCP/KSTT",
        title="TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT",
        when=between(period),
        whose=whose,
        unit="Đơn vị tính: hồ sơ",
        heads=_heads(heads),
        head_rows=3,
        width=13,
        numbers=_NUMBERS[:13],
        lines=tuple(
            ("" if heading else at, name or "–", *row.columns())
            for at, (name, row, heading) in zip(_serial(rows), rows, strict=True)
        ),
        strong=tuple(at for at, (_, _, heading) in enumerate(rows) if heading),
        total=("", "Tổng cộng", *total.columns()),
        notes=(
            "(3) = (4) + (5) + (6) = (7) + (11); (7) = (8) + (9) + (10); (11) = (12) + (13).",
            *notes,
        ),
    )


def _serial(rows: Sequence[tuple[str, Row, bool]]) -> list[int]:
    """The serial number of each line; headings have none of their own."""
    found, count = [], 0
    for _, _, heading in rows:
        count += not heading
        found.append(count)
    return found


_LEVELS = ("Cấp tỉnh", "Cấp huyện", "Cấp xã")
_DESKS = ("Tại BPMC cấp tỉnh", "Tại BPMC cấp huyện", "Tại BPMC cấp xã")


def competence(
    period: Period,
    whose: str,
    rows: Mapping[str, Competence],
    names: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Sheet:
    """Form II.07b: numbers of procedures."""
    heads: list[tuple[int, int, int, int, str]] = [(0, 0, 2, 1, "STT"), (0, 1, 2, 1, "Đơn vị")]
    for at, (title, first, levels) in enumerate(
        (
            ("Tổng số TTHC thuộc thẩm quyền giải quyết", "Tổng số TTHC", _LEVELS),
            ("TTHC được thực hiện theo CCMC, MCLT", "Tổng số TTHC", _DESKS),
            ("Quy trình nội bộ giải quyết TTHC theo CCMC, MCLT được ban hành", "Tổng số quy trình", _LEVELS),
        )
    ):  # fmt: skip
        heads.append((0, 2 + 4 * at, 1, 4, title))
        heads += [(1, 2 + 4 * at + n, 1, 1, said) for n, said in enumerate((first, *levels))]
    return Sheet(
        code="Biểu số II.07b/VPCP/KSTT",
        title="TỔNG HỢP SỐ LƯỢNG THỦ TỤC HÀNH CHÍNH",
        when=between(period),
        whose=whose,
        unit="Đơn vị tính: thủ tục hành chính, quy trình",
        heads=_heads(heads),
        head_rows=2,
        width=14,
        numbers=_NUMBERS,
        lines=tuple(
            (at, names.get(line) or line, *row.columns())
            for at, (line, row) in enumerate(rows.items(), 1)
        ),
        notes=(
            "– : chưa có nguồn xác định; không phải bằng không.",
            "Cấp huyện không còn từ ngày 01/7/2025; cột được giữ theo mẫu.",
            *notes,
        ),
    )


def index_sheet(
    period: Period,
    whose: str,
    index: Index,
    rank: str = "",
    notes: Sequence[str] = (),
    plain: Mapping[str, tuple[int, int]] | None = None,
) -> Sheet:
    """The service index of one authority, indicator by indicator.

    `plain` are shares of dossiers before they are multiplied with another share or divided by the Portal's number.
    """
    before = plain or {}
    lines: list[tuple[Cell, ...]] = []
    strong: list[int] = []
    for group in index.groups():
        known = shown(group.points) if group.known else None
        strong.append(len(lines))
        lines.append(
            (group.code, group.label["vi"].upper(), shown(group.most), None, None, known, "")
        )
        for one in group.indicators:
            share = before.get(one.rule.measure, (one.numerator, one.denominator))
            lines.append(
                (
                    one.rule.code, one.rule.label["vi"], shown(one.rule.max), *share, shown(one.points),
                    words.percent(float(one.rule.threshold), 0, "vi"),
                )
            )  # fmt: skip
    heads = [
        (0, at, 1, 1, said)
        for at, said in enumerate(
            ("Mã", "Chỉ tiêu", "Điểm tối đa", "Tử số", "Mẫu số", "Điểm đạt", "Ngưỡng đủ điểm")
        )
    ]
    measured = f"{words.number(shown(index.known) or 0, 2, 'vi')} điểm đo được"
    return Sheet(
        code="Bộ chỉ số 766",
        title="BỘ CHỈ SỐ CHỈ ĐẠO, ĐIỀU HÀNH VÀ ĐÁNH GIÁ CHẤT LƯỢNG PHỤC VỤ NGƯỜI DÂN, DOANH NGHIỆP",
        when=between(period),
        whose=whose,
        unit=index.edition.basis["vi"],
        heads=_heads(heads),
        head_rows=1,
        width=7,
        numbers=(),
        lines=tuple(lines),
        strong=tuple(strong),
        total=(
            "",
            f"Tổng cộng ({measured})",
            shown(index.most),
            None,
            None,
            shown(index.points),
            "",
        ),
        notes=(
            "– : chưa đo được; không tính là không điểm.",
            *_of_shares(index, before),
            *((rank,) if rank else ()),
            *notes,
        ),
    )


def _of_shares(index: Index, plain: Mapping[str, tuple[int, int]]) -> Iterable[str]:
    """What has to be said of shares: those that are not numerator by denominator, and why one is not measured."""
    shares = {one.rule.measure: one.share for one in index.indicators}
    for one in index.indicators:
        share = plain.get(one.rule.measure)
        if share and one.share is not None and share != (one.numerator, one.denominator):
            if one.rule.measure == "filed_online":
                part = words.percent(float(shares["synchronised"] or 0), 2, "vi")
                of = " ÷ ".join(words.number(part, 0, "vi") for part in share)
                yield f"{one.rule.code}: {of} nhân tỷ lệ đồng bộ (1.4) {part}."
            else:
                theirs = words.number(one.denominator or 0, 0, "vi")
                yield f"{one.rule.code}: chia cho {theirs} hồ sơ tiếp nhận theo Cổng."
        if one.points is None and one.denominator is None and one.rule.lacks:
            yield f"{one.rule.code}: {one.rule.lacks['vi']}."


def _heads(found: Iterable[tuple[int, int, int, int, str]]) -> tuple[Head, ...]:
    return tuple(
        Head(row=row, column=column, rows=rows, columns=columns, text=said)
        for row, column, rows, columns, said in sorted(found)
    )
