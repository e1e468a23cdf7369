"""A procedure as the Portal tells it (LayThuTuc), read into ours; what it does not say stays unknown.

Tolerant: codes as text or number, single objects instead of lists, missing parts, HTML inside texts. A part that is
there but cannot be understood is named in `unread` and nothing is made up for it. Field names of the Portal end here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, cast

import msgspec

from lienthong.errors import Refused
from lienthong.partners.portal.envelope import opened
from lienthong.procedures.procedure import (
    CODE,
    Competence,
    Component,
    Decision,
    Fee,
    Manner,
    Procedure,
    Result,
    Step,
    TimeLimit,
    national_code,
)
from lienthong.procedures.searching import plain

CHANNELS = {
    "1": "direct",
    "2": "online",
    "3": "post",
    "DIRECT": "direct",
    "ONLINE": "online",
    "POSTAL": "post",
    "TRUC TIEP": "direct",
    "TRUC TUYEN": "online",
    "BUU CHINH": "post",
    "DICH VU BUU CHINH": "post",
}
"""Numbers of the adapter and words of the site of 2026 (attested), and the plain names of the channels."""

UNITS = {
    "ngay lam viec": "working_days", "ngay": "days", "thang": "months", "gio": "hours", "gio lam viec": "working_hours",
    "ngay lap tuc": "immediate", "working_day": "working_days", "day": "days", "month": "months", "hour": "hours",
}  # fmt: skip
"""Units as they are written, without accents; any other is left unread and its text kept."""

LEVELS = {
    "bo": "ministry", "trung uong": "ministry", "tinh": "province", "xa": "commune", "capbo": "ministry",
    "captinh": "province", "capxa": "commune",
}  # fmt: skip
"""By the name of the level: the Portal's numbers for it are not attested."""

PUBLIC = {"1": True, "0": False}
DONG = ("", "dong", "vnd", "d", "viet nam dong")
_AMOUNT = re.compile(
    r"(\d{1,12}|\d{1,3}(?:[.,\s]\d{3})+)(?:[.,]0{1,2})?\s*(?:vnd|đồng|₫|đ)?", re.IGNORECASE
)
"""A sum in dong: thousands may stand apart, and of a part of a dong only zeros."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LEFT = frozenset({"ID", "IDQUYETDINHCONGBO"})
"""Keys of the Portal's own, which say nothing of a procedure."""
MOST = 20_000
"""Letters of one text that are kept."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: the procedure, whether the Portal shows it to the public, and parts nobody could understand."""

    procedure: Procedure
    public: bool | None
    unread: tuple[str, ...] = ()


def read(fields: Mapping[str, Any]) -> Told:
    """The procedure in one result of LayThuTuc. Raises Refused without a national code or a name."""
    given = {str(name).upper(): value for name, value in fields.items()}
    unread: list[str] = []
    name = _text(given, "TENTTHC")
    if not name:
        raise Refused("PROCEDURE-TOLD-NAME", "The Portal's answer has no name of a procedure.")
    sectors = [*_objects(given.get("LINHVUCTHUCHIEN"), "TENLINHVUC")]
    sector = sectors[0] if sectors else {}
    unread += [f"LINHVUCTHUCHIEN: {_text(one, 'TENLINHVUC')}" for one in sectors[1:]]
    manners, written = _manners(given, unread)
    status = _text(given, "TRANGTHAI")
    if status and _whole(status) not in PUBLIC:
        unread.append(f"TRANGTHAI: {status[:SHOWN]}")
    made = Procedure(
        code=national_code(_text(given, "MATTHC")),
        name={"vi": name},
        kind=_text(given, "LOAITTHC"),
        publisher=_text(given, "MACOQUANCONGBO"),
        field=_text(sector, "TENLINHVUC"),
        field_code=_text(sector, "MALINHVUC"),
        levels=cast(Any, tuple(dict.fromkeys(_levels(given, unread)))),
        authority="; ".join(_named(given, "COQUANCOTHAMQUYEN")) or _text(given, "MOTACOQUANTHAMQUYEN")
        or _text(given, "MOTACOQUANTHUCHIEN"),
        competent=tuple(_competent(given)),
        coordinating=tuple(_named(given, "COQUANPHOIHOP")),
        delegated=tuple(_named(given, "COQUANDUOCUYQUYEN")),
        receiving=_text(given, "DIACHITIEPNHAN"),
        subjects=tuple(_subjects(given)),
        manners=manners,
        components=tuple(_components(given, unread)),
        steps=tuple(_steps(given, unread)),
        results=tuple(_results(given)),
        conditions=_text(given, "YEUCAU"),
        legal_basis=tuple(_documents(given)),
        decision=_decision(given),
        limit_text="; ".join(written),
        related=tuple(_codes(given.get("TTHCLIENQUAN"))),
        chained=tuple(_codes(given.get("TTHCLIENTHONG"))),
        keywords=_text(given, "TUKHOA"),
    )  # fmt: skip
    unread += _lost(given, made)
    return Told(procedure=made, public=PUBLIC.get(_whole(status)), unread=tuple(unread))


SHOWN = 200
"""Letters of a part that nobody understands which are shown."""
READ = {
    "TRINHTUTHUCHIEN": "steps", "CACHTHUCTHUCHIEN": "manners", "THANHPHANHOSO": "components",
    "KETQUATHUCHIEN": "results",
    "CANCUPHAPLY": "legal_basis", "LINHVUCTHUCHIEN": "field", "DOITUONGTHUCHIEN": "subjects",
    "COQUANTHUCHIEN": "competent",
    "COQUANCOTHAMQUYEN": "authority", "COQUANDUOCUYQUYEN": "delegated", "COQUANPHOIHOP": "coordinating",
    "TTHCLIENQUAN": "related", "TTHCLIENTHONG": "chained", "QUYETDINH": "decision", "DIACHITIEPNHAN": "receiving",
    "YEUCAU": "conditions", "TUKHOA": "keywords", "LOAITTHC": "kind", "MACOQUANCONGBO": "publisher",
    "MOTACOQUANTHAMQUYEN": "authority", "MOTACOQUANTHUCHIEN": "authority", "MOTADOITUONGTHUCHIEN": "subjects",
}  # fmt: skip
"""Parts of the Portal and where they are read to. The levels name what they cannot say themselves."""


def _lost(given: Mapping[str, Any], made: Procedure) -> Iterator[str]:
    """Parts that say something of which nothing was read: named with the beginning of what they say."""
    for name, value in given.items():
        if (
            value in (None, "", [], {})
            or name in LEFT
            or name in ("MATTHC", "TENTTHC", "TRANGTHAI", "CAPTHUCHIEN")
        ):
            continue
        if name not in READ or not getattr(made, READ[name]):
            yield f"{name}: {cleaned(value if isinstance(value, str) else _json(value))[:SHOWN]}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def cleaned(text: str) -> str:
    """A text without markup: paragraphs and breaks become lines, scripts and styles vanish with what is in them."""
    text = _UNSEEN.sub(" ", text)
    bare = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", " ", text[: MOST * 4])
    bare = re.sub(r"(?i)<\s*(br|/p|/div|/li|/tr|/h\d)\b[^<>]*>", "\n", bare)
    bare = unescape(re.sub(r"<(?:[a-zA-Z/!?])[^<>]*>", " ", bare))
    # What a second unescaping would turn into markup stays text: pages escape it.
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in bare.splitlines())
    return "\n".join(line for line in lines if line)[:MOST]


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None or isinstance(value, Mapping | list):
        return ""
    return cleaned(str(value))


def _whole(text: str) -> str:
    """A whole number that a program wrote as a broken one (2.0), as it was meant."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _objects(value: Any, called: str = "") -> Iterator[dict[str, Any]]:
    """The objects of a list, or the single object that stands for one; names in capitals.

    A list may be JSON inside a text. A bare text where an object stands elsewhere is its name, under `called`.
    """
    value = opened(value)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            yield {str(name).upper(): inner for name, inner in one.items()}
        elif called and isinstance(one, str) and one.strip():
            yield {called: one}


def _grouped(value: Any, rows: str, called: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(case, row) of a part that is grouped by case, or that is a list of rows without groups."""
    for group in _objects(value, called):
        if rows in group:
            case = _text(group, "TRUONGHOP")
            yield from ((case, row) for row in _objects(group[rows], called))
        elif called in group:
            yield _text(group, "TRUONGHOP"), group


def _named(given: Mapping[str, Any], part: str) -> Iterator[str]:
    for one in _objects(given.get(part), "TENDONVI"):
        if name := _text(one, "TENDONVI"):
            yield name


def _competent(given: Mapping[str, Any]) -> Iterator[Competence]:
    for one in _objects(given.get("COQUANTHUCHIEN"), "TENDONVI"):
        if name := _text(one, "TENDONVI") or _text(one, "MADONVI"):
            yield Competence(agency=name, code=_text(one, "MADONVI"))


def _levels(given: Mapping[str, Any], unread: list[str]) -> Iterator[str]:
    for one in _objects(given.get("CAPTHUCHIEN"), "TENCAP"):
        said = plain(_text(one, "TENCAP")).removeprefix("cap ").strip()
        if said in LEVELS:
            yield LEVELS[said]
        elif said or one:
            unread.append(f"CAPTHUCHIEN: {_text(one, 'TENCAP') or _text(one, 'CAPTHUCHIEN')}")


def _subjects(given: Mapping[str, Any]) -> Iterator[str]:
    found = [
        _text(one, "TENDOITUONG") for one in _objects(given.get("DOITUONGTHUCHIEN"), "TENDOITUONG")
    ]
    yield from (one for one in found if one)
    if not any(found) and (said := _text(given, "MOTADOITUONGTHUCHIEN")):
        yield said


def _manners(given: Mapping[str, Any], unread: list[str]) -> tuple[tuple[Manner, ...], list[str]]:
    """One manner for each channel, and the texts of limits that are no number with a known unit."""
    limits: dict[str, list[TimeLimit]] = {}
    fees: dict[str, list[Fee]] = {}
    written: list[str] = []
    for one in _objects(given.get("CACHTHUCTHUCHIEN")):
        told = _whole(_text(one, "KENH"))
        channel = CHANNELS.get(plain(told).upper(), "any")
        if told and channel == "any":
            unread.append(f"KENH: {told}")
        limits.setdefault(channel, [])
        for time in (
            *_objects(one.get("THOIGIAN"), "THOIGIANGIAIQUYET"),
            {"PHILEPHI": one.get("PHILEPHI")},
        ):
            limit = _limit(time)
            if limit is not None:
                limits[channel].append(limit)
            elif said := " ".join(filter(None, map(lambda n: _text(time, n), _LIMIT))):
                written.append(said)
                unread.append(f"THOIGIAN: {said}")
            for fee in _fees(time, unread):
                if fee not in fees.setdefault(channel, []):
                    fees[channel].append(fee)
    return tuple(
        Manner(
            channel=cast(Any, channel),
            limits=_by_case(found),
            fees=tuple(fees[channel]) if channel in fees else None,
        )
        for channel, found in limits.items()
    ), written


def _by_case(found: list[TimeLimit]) -> tuple[TimeLimit, ...]:
    """Several limits of one channel are for several cases: what describes each of them is its case."""
    if len(found) < 2:
        return tuple(found)
    return tuple(msgspec.structs.replace(one, case=one.basis, basis="") for one in found)


_LIMIT = ("THOIGIANGIAIQUYET", "DONVITINH", "MOTA")


def _limit(time: Mapping[str, Any]) -> TimeLimit | None:
    """A limit of a number and a unit that are known; None when it is only a text, or nothing."""
    number, written = _text(time, "THOIGIANGIAIQUYET"), _text(time, "DONVITINH")
    if not written and (both := re.fullmatch(r"(\d[\d.,]*)\s+(\D+)", number)):
        number, written = both[1], both[2]  # “15 ngày làm việc” in one field
    unit = UNITS.get(plain(written.replace("_", " ")).strip())
    number = _whole(number.replace(",", "."))
    if unit is None:
        return None
    if unit == "immediate":
        return TimeLimit(unit="immediate", basis=_text(time, "MOTA"))
    if not re.fullmatch(r"\d{1,4}(\.\d{1,2})?", number) or not float(number):
        return None
    if unit in ("days", "months") and float(number) != int(float(number)):
        return None
    return TimeLimit(value=float(number), unit=cast(Any, unit), basis=_text(time, "MOTA"))


def _fees(time: Mapping[str, Any], unread: list[str]) -> Iterator[Fee]:
    for one in _objects(time.get("PHILEPHI")):
        said, currency = _text(one, "SOTIEN"), _text(one, "DONVI")
        if not said:
            continue
        amount, broken = _AMOUNT.fullmatch(said), one.get("SOTIEN")
        digits = re.sub(r"[\s.,]", "", amount[1]) if amount else ""
        part = isinstance(broken, float) and broken != int(broken)
        if not digits or part or len(digits) > 12 or plain(currency) not in DONG:
            unread.append(f"PHILEPHI: {said} {currency}".strip())
            continue
        described = _text(one, "MOTA")
        name = {"vi": described} if described else {}
        yield Fee(amount=int(digits), code=_text(one, "MAPHILEPHI"), name=name)


def _components(given: Mapping[str, Any], unread: list[str]) -> Iterator[Component]:
    for case, one in _grouped(given.get("THANHPHANHOSO"), "GIAYTO", "TENGIAYTO"):
        name = _text(one, "TENGIAYTO")
        if not name:
            continue
        yield Component(
            name={"vi": name}, code=_text(one, "MAGIAYTO"), case=case, form=_text(one, "TENMAUDON"),
            originals=_count(one, "SOBANCHINH", unread), copies=_count(one, "SOBANSAO", unread),
            result_code=_text(one, "MA_KQ_THAYTHE"),
        )  # fmt: skip
    _as_text(given, "THANHPHANHOSO", unread)


def _as_text(given: Mapping[str, Any], part: str, unread: list[str]) -> None:
    """Name a part that is one text where rows were expected: it is one row, and a person has to look at it."""
    if isinstance(opened(given.get(part)), str) and _text(given, part):
        unread.append(f"{part}: {_text(given, part)[:SHOWN]}")


def _count(one: Mapping[str, Any], name: str, unread: list[str]) -> int | None:
    said = _whole(_text(one, name))
    if not said:
        return None
    if not re.fullmatch(r"\d{1,3}", said):
        unread.append(f"{name}: {said}")
        return None
    return int(said)


def _steps(given: Mapping[str, Any], unread: list[str]) -> Iterator[Step]:
    for case, one in _grouped(given.get("TRINHTUTHUCHIEN"), "TRINHTU", "TENTRINHTU"):
        if name := _text(one, "TENTRINHTU"):
            yield Step(name={"vi": name}, case=case)
    _as_text(given, "TRINHTUTHUCHIEN", unread)


def _results(given: Mapping[str, Any]) -> Iterator[Result]:
    for one in _objects(given.get("KETQUATHUCHIEN"), "TENKETQUA"):
        if name := _text(one, "TENKETQUA"):
            yield Result(name={"vi": name}, code=_text(one, "MAKETQUA"))


def _documents(given: Mapping[str, Any]) -> Iterator[str]:
    for one in _objects(given.get("CANCUPHAPLY"), "SOVANBAN"):
        number, name = _text(one, "SOVANBAN"), _text(one, "TENVANBAN")
        if number or name:
            yield f"{number}: {name}" if number and name else number or name


def _decision(given: Mapping[str, Any]) -> Decision | None:
    number = _text(given, "QUYETDINH")
    return Decision(number=number, agency="") if number else None


def _codes(value: Any) -> Iterator[str]:
    """Codes of other procedures, as texts or as objects; local endings are cut off."""
    for one in _objects(value, "MATTHC"):
        for said in re.split(r"[,;\s]+", _text(one, "MATTHC")):
            if CODE.match(said[:8]):
                yield said[:8]
