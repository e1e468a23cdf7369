"""A procedure with steps and terms for a supplement, and dossiers under it, for the tests of the work on dossiers."""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from lienthong.access import Actor
from lienthong.clock import VIETNAM
from lienthong.dossiers import acting
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.history import Event
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Component, Manner, Procedure, Step, Supplement, TimeLimit

UNIT, ELSEWHERE = "H15.50", "H15.77"
PROCEDURE = Procedure(
    code="1.012278",
    name={"vi": "Cấp lại giấy phép hoạt động", "en": "Re-issue of an operating licence"},
    levels=("province",),
    field="Khám bệnh, chữa bệnh",
    manners=(Manner(channel="any", limits=(TimeLimit(value=20, unit="working_days"),)),),
    components=(
        Component(name={"vi": "Đơn đề nghị"}, code="TP01", required=True),
        Component(name={"vi": "Bản sao giấy phép"}, code="TP02"),
    ),
    supplement=Supplement(
        answer_within=TimeLimit(value=30, unit="days"),
        then=TimeLimit(value=10, unit="working_days"),
        rounds=2,
    ),
    steps=(
        Step(name={"vi": "Phân công"}, role="decider", limit=TimeLimit(value=0.5, unit="working_days")),
        Step(name={"vi": "Thẩm định"}, role="processor", limit=TimeLimit(value=12, unit="working_days")),
        Step(name={"vi": "Trình ký"}, role="decider", limit=TimeLimit(value=1.5, unit="working_days")),
    ),
)  # fmt: skip


def person(id: str, role: str, unit: str | None = UNIT, province: str | None = "66") -> Actor:
    """Somebody of an agency."""
    return Actor(id=id, kind="person", roles=(role,), name=id, facility=unit, province=province)


RECEIVER, PROCESSOR, HEAD = (
    person("tiep-nhan", "receiver"),
    person("chuyen-vien", "processor"),
    person("lanh-dao", "decider"),
)


def at(text: str) -> datetime:
    """A moment on Vietnam's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def publish(conn, procedure: Procedure = PROCEDURE) -> None:
    """The procedure in force since July 2025."""
    catalogue.draft(conn, "editor", procedure, "test")
    catalogue.publish(conn, "head", procedure.code, date(2025, 7, 1))


FILING = Filing(
    procedure=PROCEDURE.code, unit=UNIT, channel="online", filed_at=at("2026-11-02 09:00"), province="66",
    applicant={"name": "Nguyễn Văn Mẫu", "number": "001190000001"}, summary="Cấp lại giấy phép",
)  # fmt: skip


def filing(**more) -> Filing:
    """A filing like any other, with what is different."""
    return replace(FILING, **more)


def filed(conn, **more) -> str:
    """The code of a filed dossier."""
    return acting.file(conn, "desk", filing(**more)).code


def did(act: str, moment: str, **about) -> Event:
    """One later event as `bulk` takes it."""
    return Event(act=act, to_state="", at=at(moment), about=about)
