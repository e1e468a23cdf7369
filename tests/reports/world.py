"""A small country of dossiers for tests of reports: histories drawn at random, kept as their events say."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import psycopg

from lienthong.clock import VIETNAM
from lienthong.dossiers import bulk
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.history import Event
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit

PROCEDURES = (
    Procedure(
        code="1.003844", name={"vi": "Cấp giấy phép"}, field="Thiết bị y tế", levels=("ministry",),
        manners=(Manner(limits=(TimeLimit(value=5, unit="working_days"),)),),
    ),
    Procedure(
        code="1.012289", name={"vi": "Cấp mới"}, field="Khám bệnh, chữa bệnh", levels=("province",),
        manners=(Manner(limits=(TimeLimit(value=10, unit="days"),)),),
    ),
    Procedure(code="1.000091", name={"vi": "Chấm dứt"}, field="Xã hội", levels=("commune",)),
    Procedure(  # a limit for one case only: a dossier without that case has no deadline of its own
        code="1.000662", name={"vi": "Cấp lại"}, field="Mỹ phẩm", levels=("province",),
        manners=(Manner(limits=(TimeLimit(value=3, unit="working_days", case="nhanh"),)),),
    ),
)  # fmt: skip
UNITS = (("G18.12", ""), ("H15.50", "66"), ("H15.51", "66"), ("H22", "02"), ("H61", "08"))


def publish(conn: psycopg.Connection) -> None:
    """Put the procedures in force."""
    for procedure in PROCEDURES:
        catalogue.draft(conn, "editor", procedure, "test")
        catalogue.publish(conn, "head", procedure.code, date(2025, 1, 1))


def at(text: str) -> datetime:
    """A moment on Vietnam's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def history(dice: random.Random, begins: datetime, days: int) -> tuple[Filing, list[Event]]:
    """One dossier and what happened to it, any allowed way, at any moment after `begins`."""
    unit, province = dice.choice(UNITS)
    moment = begins + timedelta(minutes=dice.randrange(days * 1440))
    flags = {
        name: dice.random() < 0.5
        for name in ("digitised", "vneid", "from_store")
        if dice.random() < 0.9
    }
    filing = Filing(
        procedure=dice.choice(PROCEDURES).code, unit=unit, province=province, filed_at=moment, applicant=flags,
        channel=dice.choice(("online", "direct", "post")),
    )  # fmt: skip
    events: list[Event] = []

    def then(act: str, to: str, most: float = 120.0, **about: object) -> None:
        nonlocal moment
        moment += timedelta(hours=dice.uniform(0, most))
        events.append(Event(act=act, to_state=to, at=moment, actor="x", about=about))

    if dice.random() < 0.1:
        return filing, events
    if dice.random() < 0.05:
        then("refuse_reception", "not_received", reason="x")
        return filing, events
    if dice.random() < 0.1:
        then("ask_supplement", "supplement", components=["TP01"])
        then("supplement", "received")
    else:
        then("receive", "received", 12)
    then("start", "processing", 24)
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        then("ask_supplement", "supplement", components=["TP01"], approved_by="x")
        if dice.random() < 0.15:
            return filing, events
        then("supplement", "processing")
    if dice.random() < 0.2:
        then("ask_payment", "payment", fees=[{"amount": 1}])
        then("paid", "processing")
    if dice.random() < 0.15:
        return filing, events
    end = dice.random()
    if end < 0.08:
        then("withdraw", "withdrawn")
    elif end < 0.16:
        then("stop", "stopped", reason="x")
    else:
        e_result = {"file": "a", "result_code": "KQ1"} if dice.random() < 0.6 else {}
        then("settle", "settled", 200, result="GP", **e_result)
        if dice.random() < 0.7:
            then("hand_over", "returned", 48)
            if dice.random() < 0.1:
                then("correct", "processing", 900, reason="x")
                if dice.random() < 0.7:
                    then("settle", "settled", 200, result="GP", file="b", result_code="KQ1")
    return filing, events


def fill(
    conn: psycopg.Connection,
    count: int,
    *,
    seed: int = 1,
    begins: str = "2026-08-20",
    days: int = 110,
) -> None:
    """Keep `count` dossiers with their histories."""
    dice = random.Random(seed)
    given = [history(dice, at(f"{begins} 00:00"), days) for _ in range(count)]
    bulk.keep_many(conn, "test", given)
