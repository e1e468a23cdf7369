"""How officials write days, moments, limits, fees and other small words on papers: always Vietnamese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from lienthong import clock, words
from lienthong.procedures.procedure import Procedure

UNITS = {
    "working_days": "ngày làm việc", "days": "ngày", "months": "tháng", "working_hours": "giờ làm việc", "hours": "giờ",
}  # fmt: skip
CHANNELS = {
    "direct": "Trực tiếp", "online": "Trực tuyến", "post": "Qua dịch vụ bưu chính công ích",
}  # fmt: skip
NUMBERS = {
    "cccd": "Số định danh cá nhân", "cmnd": "Chứng minh nhân dân", "passport": "Hộ chiếu", "tax": "Mã số doanh nghiệp",
}  # fmt: skip
HAND_OVERS = {
    "counter": "Trực tiếp tại bộ phận một cửa", "post": "Qua dịch vụ bưu chính công ích",
}  # fmt: skip
IN_TIME, LATE, EARLY = "Đúng hạn", "Quá hạn", "Trước hạn"


def day(value: date) -> str:
    """ngày 05 tháng 02 năm 2026: days below 10 and the months 1 and 2 with a nought (Decree 30/2020, Annex I)."""
    month = f"{value.month:02d}" if value.month < 3 else str(value.month)
    return f"ngày {value.day:02d} tháng {month} năm {value.year}"


def moment(value: datetime | None) -> str:
    """09 giờ 15 phút, ngày 05 tháng 02 năm 2026, on Vietnam's clocks; empty when it is not known."""
    if value is None:
        return ""
    local = clock.local(value)
    return f"{local.hour:02d} giờ {local.minute:02d} phút, {day(local.date())}"


def short_moment(value: datetime | None) -> str:
    """09:15 05/02/2026, for the cells of a table."""
    return words.moment(value, "vi") if value is not None else ""


def limit(procedure: Procedure, limits: Sequence[Any]) -> str:
    """The legal limits of a dossier, one after the other; the text of the source when nothing else is known."""
    said = []
    for one in limits:
        if one.unit == "immediate":
            text = "giải quyết ngay trong ngày làm việc"
        else:
            text = f"{words.number(one.value, to='vi')} {UNITS[one.unit]}"
        said.append(f"{text} ({one.stage})" if one.stage else text)
    return ", sau đó ".join(said) or procedure.limit_text


def fee(procedure: Procedure, channel: str, case: str) -> str:
    """The fees of a dossier: “không” when a source says that there are none, empty when no source says."""
    manners = [one for one in procedure.manners if one.channel == channel] or list(
        procedure.manners
    )
    known = [one.fees for one in manners if one.fees is not None]
    if not known:
        return procedure.fee_text
    owed = [
        f"{one.name.get('vi', '') or 'phí'}: {words.money(one.amount, 'vi')}"
        for fees in known
        for one in fees
        if one.amount and one.case in ("", case)
    ]
    return "; ".join(dict.fromkeys(owed)) or "không"


def number_kind(applicant: Mapping[str, Any]) -> str:
    """What the applicant's number is, named as on the card."""
    if not applicant.get("number"):
        return ""
    return NUMBERS.get(str(applicant.get("number_kind") or "cccd"), "Số giấy tờ")


def hand_over(applicant: Mapping[str, Any], desk: str) -> str:
    """Where the result is taken."""
    kind = str(applicant.get("hand_over") or "counter")
    if kind == "post":
        place = applicant.get("deliver_to") or applicant.get("address") or ""
        return f"{HAND_OVERS['post']}: {place}" if place else HAND_OVERS["post"]
    return f"Trực tiếp tại {desk}" if desk else HAND_OVERS["counter"]
