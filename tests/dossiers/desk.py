"""A desk for tests of papers: a published procedure, a dossier on its way, people of one agency."""

from __future__ import annotations

from datetime import date, datetime

from lienthong.access import Actor
from lienthong.clock import VIETNAM
from lienthong.dossiers import acting
from lienthong.dossiers.dossier import Filing
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import (
    Component,
    Fee,
    Manner,
    Procedure,
    Supplement,
    TimeLimit,
)

UNIT = "H15.50"
CODE = "1.001699"
PROCEDURE = Procedure(
    code=CODE,
    name={"vi": "Xác định, xác định lại mức độ khuyết tật và cấp Giấy xác nhận khuyết tật"},
    levels=("commune",),
    sets=1,
    manners=(
        Manner(
            channel="any",
            limits=(TimeLimit(value=25, unit="working_days"),),
            fees=(Fee(amount=1_500_000, name={"vi": "Phí thẩm định"}),),
        ),
    ),
    components=(
        Component(code="TP01", name={"vi": "Đơn đề nghị theo mẫu số 01"}, originals=1),
        Component(code="TP02", name={"vi": "Bản sao giấy tờ y tế"}, copies=1),
    ),
    supplement=Supplement(answer_within=TimeLimit(value=30, unit="days")),
)
APPLICANT = {
    "kind": "person",
    "name": "Nguyễn Thị Mẫu Ềữợ",
    "number_kind": "cccd",
    "number": "066185012345",
    "phone": "0262 3812 345",
    "address": "12 đường Mẫu, phường Thử Nghiệm, tỉnh Đắk Lắk",
    "hand_over": "counter",
}
RECEIVER, PROCESSOR, DECIDER = (frozenset({role}) for role in ("receiver", "processor", "decider"))
CLERK = Actor(id="clerk", kind="person", roles=("receiver",), name="Trần Tiếp Nhận", facility=UNIT)
HEAD = Actor(id="head", kind="person", roles=("decider",), name="Lê Lãnh Đạo", facility=UNIT)


def at(text: str) -> datetime:
    """A moment on Vietnam's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def opened(conn) -> None:
    """The procedure is in force."""
    catalogue.draft(conn, "editor", PROCEDURE, "test")
    catalogue.publish(conn, "head", CODE, date(2025, 7, 1))


def filed(conn, **more) -> str:
    """The code of a dossier that was filed at the desk on 2 November 2026 at 9:00."""
    known = {
        "procedure": CODE, "unit": UNIT, "province": "66", "channel": "direct", "filed_at": at("2026-11-02 09:00"),
        "applicant": APPLICANT,
    }  # fmt: skip
    return acting.file(conn, CLERK, Filing(**(known | more))).code


def moved(conn, code: str, *moves) -> None:
    """Make moves: (moment, roles, act, about)."""
    for moment, roles, act, about in moves:
        acting.move(conn, CLERK, roles, code, act, about, at=at(moment))


def on_the_way(conn, **more) -> str:
    """A dossier with a receipt, a supplement request, an apology and a stop among its acts."""
    code = filed(conn, **more)
    moved(
        conn, code,
        ("2026-11-02 10:00", RECEIVER, "receive", {}),
        ("2026-11-03 08:00", PROCESSOR, "start", {}),
        ("2026-11-04 10:00", PROCESSOR, "ask_supplement", {
            "components": [{"code": "TP02", "reason": "Bản sao mờ, không đọc được"}], "reason": "Thiếu giấy tờ y tế",
        }),
        ("2026-11-06 10:00", RECEIVER, "supplement", {}),
    )  # fmt: skip
    acting.extend(
        conn,
        HEAD,
        code,
        at("2026-12-31 10:00"),
        "Hội đồng chưa họp được",
        at=at("2026-11-20 09:00"),
    )
    moved(
        conn,
        code,
        ("2026-12-01 09:00", DECIDER, "stop", {"reason": "Người nộp đã chuyển đi nơi khác"}),
    )
    return code
