"""A procedure as the Portal tells it (LayThuTuc), read into ours; what it does not say stays unknown.

Tolerant: codes as text or number, single objects instead of lists, missing parts, HTML inside texts. A part that is
there but cannot be understood is named in `unread` and nothing is made up for it. Field names of the Portal end here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, cast

import msgspec

from lienthong.errors import Refused
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
}
"""Numbers of the adapter and words of the site of 2026 (attested)."""

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

PUBLIC = "1"
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
    sector = next(_objects(given.get("LINHVUCTHUCHIEN")), {})
    manners, written = _manners(given, unread)
    status = _text(given, "TRANGTHAI")
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
        steps=tuple(_steps(given)),
        results=tuple(_results(given)),
        conditions=_text(given, "YEUCAU"),
        legal_basis=tuple(_documents(given)),
        decision=_decision(given),
        limit_text="; ".join(written),
        related=tuple(_codes(given.get("TTHCLIENQUAN"))),
        chained=tuple(_codes(given.get("TTHCLIENTHONG"))),
        keywords=_text(given, "TUKHOA"),
    )  # fmt: skip
    return Told(procedure=made, public=status == PUBLIC if status else None, unread=tuple(unread))


def cleaned(text: str) -> str:
    """A text without markup: paragraphs and breaks become lines, scripts and styles vanish with what is in them."""
    bare = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", " ", text[: MOST * 4])
    bare = re.sub(r"(?i)<\s*(br|/p|/div|/li|/tr|/h\d)\b[^>]*>", "\n", bare)
    bare = unescape(re.sub(r"<(?:[a-zA-Z/!?])[^<>]*>", " ", bare))
    # What a second unescaping would turn into markup stays text: pages escape it.
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in bare.splitlines())
    return "\n".join(line for line in lines if line)[:MOST]


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None or isinstance(value, Mapping | list):
        return ""
    return cleaned(str(value))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list, or the single object that stands for one; names in capitals."""
    listed = value if isinstance(value, list) else [value]
    for one in listed:
        if isinstance(one, Mapping):
            yield {str(name).upper(): inner for name, inner in one.items()}


def _named(given: Mapping[str, Any], part: str) -> Iterator[str]:
    for one in _objects(given.get(part)):
        if name := _text(one, "TENDONVI"):
            yield name


def _competent(given: Mapping[str, Any]) -> Iterator[Competence]:
    for one in _objects(given.get("COQUANTHUCHIEN")):
        if name := _text(one, "TENDONVI") or _text(one, "MADONVI"):
            yield Competence(agency=name, code=_text(one, "MADONVI"))


def _levels(given: Mapping[str, Any], unread: list[str]) -> Iterator[str]:
    for one in _objects(given.get("CAPTHUCHIEN")):
        said = plain(_text(one, "TENCAP")).removeprefix("cap ").strip()
        if said in LEVELS:
            yield LEVELS[said]
        elif said or one:
            unread.append(f"CAPTHUCHIEN: {_text(one, 'TENCAP') or _text(one, 'CAPTHUCHIEN')}")


def _subjects(given: Mapping[str, Any]) -> Iterator[str]:
    found = [_text(one, "TENDOITUONG") for one in _objects(given.get("DOITUONGTHUCHIEN"))]
    yield from (one for one in found if one)
    if not any(found) and (said := _text(given, "MOTADOITUONGTHUCHIEN")):
        yield said


def _manners(given: Mapping[str, Any], unread: list[str]) -> tuple[tuple[Manner, ...], list[str]]:
    """One manner for each channel, and the texts of limits that are no number with a known unit."""
    limits: dict[str, list[TimeLimit]] = {}
    fees: dict[str, list[Fee]] = {}
    written: list[str] = []
    for one in _objects(given.get("CACHTHUCTHUCHIEN")):
        told = _text(one, "KENH")
        channel = CHANNELS.get(told.upper(), "any")
        if told and channel == "any":
            unread.append(f"KENH: {told}")
        limits.setdefault(channel, [])
        for time in _objects(one.get("THOIGIAN")):
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
    unit = UNITS.get(plain(_text(time, "DONVITINH")))
    number = _text(time, "THOIGIANGIAIQUYET").replace(",", ".")
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
        said = _text(one, "SOTIEN")
        digits = re.sub(r"[\s.,]|(?i:vnd|đồng|₫)", "", said)
        if not digits:
            continue
        if not digits.isdecimal() or len(digits) > 12:
            unread.append(f"PHILEPHI: {said}")
            continue
        described = _text(one, "MOTA")
        name = {"vi": described} if described else {}
        yield Fee(amount=int(digits), code=_text(one, "MAPHILEPHI"), name=name)


def _components(given: Mapping[str, Any], unread: list[str]) -> Iterator[Component]:
    for group in _objects(given.get("THANHPHANHOSO")):
        case = _text(group, "TRUONGHOP")
        for one in _objects(group.get("GIAYTO")):
            name = _text(one, "TENGIAYTO")
            if not name:
                continue
            yield Component(
                name={"vi": name}, code=_text(one, "MAGIAYTO"), case=case, form=_text(one, "TENMAUDON"),
                originals=_count(one, "SOBANCHINH", unread), copies=_count(one, "SOBANSAO", unread),
                result_code=_text(one, "MA_KQ_THAYTHE"),
            )  # fmt: skip


def _count(one: Mapping[str, Any], name: str, unread: list[str]) -> int | None:
    said = _text(one, name)
    if not said:
        return None
    if not re.fullmatch(r"\d{1,3}", said):
        unread.append(f"{name}: {said}")
        return None
    return int(said)


def _steps(given: Mapping[str, Any]) -> Iterator[Step]:
    for group in _objects(given.get("TRINHTUTHUCHIEN")):
        case = _text(group, "TRUONGHOP")
        for one in _objects(group.get("TRINHTU")):
            if name := _text(one, "TENTRINHTU"):
                yield Step(name={"vi": name}, case=case)


def _results(given: Mapping[str, Any]) -> Iterator[Result]:
    for one in _objects(given.get("KETQUATHUCHIEN")):
        if name := _text(one, "TENKETQUA"):
            yield Result(name={"vi": name}, code=_text(one, "MAKETQUA"))


def _documents(given: Mapping[str, Any]) -> Iterator[str]:
    for one in _objects(given.get("CANCUPHAPLY")):
        number, name = _text(one, "SOVANBAN"), _text(one, "TENVANBAN")
        if number or name:
            yield f"{number}: {name}" if number and name else number or name


def _decision(given: Mapping[str, Any]) -> Decision | None:
    number = _text(given, "QUYETDINH")
    return Decision(number=number, agency="") if number else None


def _codes(value: Any) -> Iterator[str]:
    """Codes of other procedures, as texts or as objects; local endings are cut off."""
    for one in value if isinstance(value, list) else [value]:
        said = one.get("MATTHC", "") if isinstance(one, Mapping) else one or ""
        code = str(said).strip()[:8]
        if CODE.match(code):
            yield code
