"""The columns of a table of procedures as different hands head them, and the words in their cells, read as one.

A column that is not known is named to whoever brings the table; a word that is not known refuses its line. Nothing
that stands in a file is lost in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from lienthong.errors import Refused

HEADS: Mapping[str, tuple[str, ...]] = {
    "code": ("ma tthc", "ma thu tuc", "ma so tthc", "ma thu tuc hanh chinh", "matthc", "ma"),
    "name_vi": ("ten tthc", "ten thu tuc", "ten thu tuc hanh chinh", "tentthc", "thu tuc hanh chinh", "name"),
    "name_en": (), "name_fr": (),
    "field": ("linh vuc",),
    "subfield": (),
    "levels": ("level", "cap thuc hien", "cap", "cap giai quyet"),
    "authority": ("co quan thuc hien", "co quan giai quyet", "co quan co tham quyen", "tham quyen giai quyet"),
    "online": ("online level", "muc do truc tuyen", "muc do dich vu cong truc tuyen"),
    "limit_text": ("time limit", "thoi han giai quyet", "thoi han", "thoi gian giai quyet"),
    "limit_value": ("time value",),
    "limit_unit": ("time unit", "don vi thoi han"),
    "fee_vnd": ("phi le phi", "phi", "le phi", "muc phi"),
    "fee_text": (),
    "decentralised": ("phan cap",),
    "decentralised_basis": ("can cu phan cap",),
    "legal_basis": ("can cu phap ly", "can cu"),
    "components_vi": ("documents vi", "thanh phan ho so"),
    "replaced_by_data": (), "successor": (), "status": (), "evidence": (),
    "source": ("source url", "nguon"),
    "notes": ("ghi chu",),
}  # fmt: skip
"""Our columns and other heads of each, without accents."""
UNREAD = frozenset({"", "stt", "tt", "no", "so tt", "so thu tu"})
"""Columns that only number the lines."""
NEEDED = {"code": "Mã TTHC (code)", "name_vi": "Tên TTHC (name_vi)"}
"""Columns that must be there, as their heads are written in a file."""
LABELS: Mapping[str, str] = {
    "code": "Code", "name_vi": "Name in Vietnamese", "name_en": "Name in English", "name_fr": "Name in French",
    "field": "Sector", "subfield": "Part of the sector", "levels": "Level", "authority": "Settling agency",
    "online": "Online level", "limit_text": "Time limit as written", "limit_value": "Time limit as a number",
    "limit_unit": "Unit of the time limit", "fee_vnd": "Fee", "fee_text": "Fee as written",
    "decentralised": "Decentralised", "decentralised_basis": "Basis of the decentralisation",
    "legal_basis": "Legal basis", "components_vi": "Components of the dossier",
    "replaced_by_data": "Database that already holds it", "successor": "Successor that the sources name",
    "status": "Standing in the sources", "evidence": "Kinds of source", "source": "Sources", "notes": "Note",
}  # fmt: skip
"""Our columns as sentences of the catalogues."""
WITHIN = 20
"""Lines among which the heads are looked for."""

LEVELS = {
    "bo": "ministry", "cap bo": "ministry", "trung uong": "ministry", "cap trung uong": "ministry",
    "tinh": "province", "cap tinh": "province", "xa": "commune", "cap xa": "commune",
    "co so": "facility", "bao hiem xa hoi": "social_insurance",
}  # fmt: skip
UNITS = {
    "working_day": "working_days", "day": "days", "month": "months", "hour": "hours",
    "ngay lam viec": "working_days", "ngay": "days", "thang": "months", "gio": "hours",
}  # fmt: skip
ANSWERS = {"co": "yes", "khong": "no", "chua ro": "unknown", "x": "yes"}
LEVEL_WORDS = "Bộ, Tỉnh, Xã, Cơ sở, Bảo hiểm xã hội"
UNIT_WORDS = "ngày làm việc, ngày, tháng, giờ"
ONLINE_WORDS = "toàn trình, một phần, cung cấp thông tin"
ANSWER_WORDS = "có, không, chưa rõ"
"""What may stand in a cell, in the language of the files."""
ONLINE = {"toan trinh": "full", "mot phan": "partial", "cung cap thong tin": "information"}
_HEAD = {name: ours for ours, others in HEADS.items() for name in (ours.replace("_", " "), *others)}
_REPLACED = re.compile(r"replaced by data from (?P<database>[^:]{1,200}): (?P<component>[^;]+)")
_NEWER = re.compile(r"(?:same subject as newer code|probable successor) (?P<code>\d\.\d{6})")


class Table(msgspec.Struct, frozen=True):
    """Lines with their number in the file, by our columns; `left_out` are heads that nobody here knows."""

    lines: tuple[tuple[int, dict[str, str]], ...]
    left_out: tuple[str, ...] = ()


def table(rows: Sequence[Sequence[str]], name: str) -> Table:
    """The lines under the heads. Raises Refused where no line heads a code and a name. Pure."""
    at, columns = max(
        ((at, _columns(row)) for at, row in enumerate(rows[:WITHIN])),
        key=lambda found: len(found[1]),
        default=(0, {}),
    )
    lacking = [one for one in NEEDED if one not in columns]
    if lacking:
        raise Refused(
            "PROCEDURE-HEADS",
            "%(name)s has no line that heads these columns: %(columns)s.",
            name=name,
            columns=", ".join(NEEDED[one] for one in lacking),
        )
    lines = []
    for number, row in enumerate(rows[at + 1 :], at + 2):
        cells = {ours: row[place] if place < len(row) else "" for ours, place in columns.items()}
        if any(cell.strip() for cell in cells.values()):
            lines.append((number, cells))
    known = set(columns.values())
    heads = enumerate(rows[at]) if rows else ()
    left_out = [
        cell.strip() for place, cell in heads if place not in known and _plain(cell) not in UNREAD
    ]
    return Table(tuple(lines), tuple(left_out))


def _columns(row: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        ours = _HEAD.get(_plain(cell))
        if ours and ours not in found:
            found[ours] = place
    return found


def word(cell: str, others: Mapping[str, str]) -> str:
    """A word of a cell as ours; one that is not known stays as it is, for the line to be refused."""
    written = cell.strip()
    return others.get(_plain(written)) or others.get(written.lower()) or written.replace(" ", "_")


def levels(cell: str) -> list[str]:
    """The levels of a cell, whatever stands between them."""
    return [word(part, LEVELS) for part in re.split(r"[;,+/]", cell) if part.strip()]


def amount(cell: str) -> int | None:
    """A fee in đồng: digits, with points or commas between thousands; None for a text that says more than a sum."""
    written = re.sub(r"(?<!\s)\s*(đồng|vnd|vnđ|đ)$", "", cell.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"\d{1,12}|\d{1,3}([.,]\d{3})+", written):
        return int(re.sub(r"[.,]", "", written))
    return None


def replaced(notes: str) -> list[tuple[str, str]]:
    """(component, database) of papers that a note says are replaced by data."""
    found = (_REPLACED.search(part) for part in notes.split(" ; "))
    return [(one["component"].strip(), one["database"].strip()) for one in found if one]


def newer(notes: str) -> str:
    """The newer code that a note names for the same subject."""
    found = _NEWER.search(notes)
    return found["code"] if found else ""


def _plain(text: str) -> str:
    """Without accents, case and marks."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    letters = "".join(c for c in apart if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters.lower()).split())
