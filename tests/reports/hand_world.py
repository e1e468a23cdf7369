"""A small country worked out by hand: four procedures and nine dossiers around midnight, what each is beside it."""

from __future__ import annotations

from datetime import date

from lienthong.dossiers import bulk
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.history import Event
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import (
    Competence,
    Component,
    Decision,
    Fee,
    Manner,
    Procedure,
    Step,
    TimeLimit,
)  # fmt: skip
from lienthong.reports import period, standing
from tests.reports import world

FEE = (Fee(amount=100_000),)
LIMIT = (TimeLimit(value=10, unit="days"),)


def whole(code, level, online, fees, **more):
    """A procedure with every part that Decree 63/2010 asks."""
    return Procedure(
        code=code, name={"vi": f"Thủ tục {code}"}, levels=(level,), online=online, sets=1, authority="Sở Y tế",
        steps=(Step(name={"vi": "Thẩm định"}),), components=(Component(name={"vi": "Đơn"}),), subjects=("Công dân",),
        competent=(Competence(agency="Sở Y tế"),), **more,
        manners=tuple(Manner(channel=one, limits=LIMIT, fees=fees) for one in ("online", "direct", "post")),
    )  # fmt: skip


# Three of the province, one of the ministry, in force on the last day of the quarter. By hand, for province 66:
# 1.3: A and B whole, C lacks its number of sets: nobody says it of C         -> unknown (2 yes, 1 unknown)
# 3.1: A full, B partial, C information only                                  -> 2 / 3: 2 x (2/3) / (4/5)
# 3.2: services A and B; A has an online dossier                              -> 1 / 2: 4 x 1/2
# 3.5a: fees: A and B (C is free); both offered online                        -> 2 / 2: 2
# 3.5b: of A and B, A was paid online in the quarter                          -> 1 / 2: 2.5 x 1/2
# 1.1: A decided 20 working days before, B three (provinces: five), C exactly five (15 -> 22 October 2026)  -> 2 / 3
PROVINCE = (
    whole("1.200001", "province", "full", FEE, field="Dược",
          decision=Decision(number="1", decided=date(2026, 9, 1), effective=date(2026, 10, 5))),
    whole("1.200002", "province", "partial", FEE, field="", partial_reason="presence",
          decision=Decision(number="2", decided=date(2026, 10, 2), effective=date(2026, 10, 7))),
)  # fmt: skip
LACKING = Procedure(
    code="1.200003", name={"vi": "Thiếu"}, levels=("province",), online="information", field="Dược",
    authority="Sở Y tế", steps=(Step(name={"vi": "x"}),), components=(Component(name={"vi": "Đơn"}),),
    subjects=("Công dân",), manners=(Manner(channel="direct", limits=LIMIT, fees=()),),
    decision=Decision(number="3", decided=date(2026, 10, 15), effective=date(2026, 10, 22)),
)  # fmt: skip
MINISTRY = whole("1.200009", "ministry", "unknown", None, field="Dược")
QUARTER = period.quarter(2026, 4)

# Ten calendar days each. "Hà Nội" is UTC+7: 2026-09-30 23:59 is the quarter before, 2026-10-01 00:00 is in it.
#    procedure, unit, channel, received | later acts | due                       II.06 of Q4         2.1
HISTORIES = """
1.200001 H15.50 online 2026-09-30 23:59 | 10-05 09:00 settle+ | carried, early, on time
1.200001 H15.50 online 2026-10-01 00:00 | 10-10 10:00 settle+ | online, early or on the day
1.200001 H15.50 online 2026-10-05 09:00 | 10-20 09:00 settle | online, late, overdue
1.200002 H15.51 direct 2026-10-05 09:00 | 10-07 09:00 ask | 10-08 09:00 answer | \
10-09 09:00 ask | 10-12 09:00 answer | \
10-14 09:00 settle+ | twice
1.200002 H15.51 post 2026-12-31 23:59 | | open, within
1.200003 H15.51 direct 2026-11-02 09:00 | 11-05 09:00 withdraw | early
1.200003 H15.51 direct 2026-11-02 09:00 | | open, overdue
1.200002 H15.51 direct 2027-01-01 00:00 | | of the next quarter
1.200009 G18.12 online 2026-10-05 09:00 | 10-06 09:00 settle+ | of the ministry
"""
ACTS = {"ask": "ask_supplement", "answer": "supplement"}
FLAGS = (  # digitised, vneid, from_store, population, paid_online of the six received in the quarter, in their order
    {}, {"digitised": True, "vneid": True, "from_store": False, "population": True, "paid_online": True},
    {"digitised": True, "vneid": True, "from_store": False, "population": False, "paid_online": False},
    {"digitised": False, "vneid": True, "from_store": True, "population": False, "paid_online": False},
    {"digitised": False, "vneid": False, "from_store": False, "population": False, "paid_online": False},
    {"digitised": True, "vneid": True, "from_store": False, "population": False, "paid_online": "0"},
    {"digitised": True, "vneid": True, "from_store": False, "population": False, "paid_online": "3"},
    {}, {},
)  # fmt: skip


def filled(db):
    """The database with these procedures published and these dossiers kept, facts up to date."""
    with db.connect() as conn:
        for one, day in zip(
            (*PROVINCE, LACKING, MINISTRY),
            (date(2026, 10, 5), date(2026, 10, 7), date(2026, 10, 22), date(2025, 1, 1)),
            strict=True,
        ):
            before = one.__class__(
                **{n: getattr(one, n) for n in one.__struct_fields__} | {"decision": None}
            )
            catalogue.draft(conn, "editor", before, "test")
            catalogue.publish(conn, "head", one.code, date(2024, 1, 1))
            if one is not MINISTRY:
                catalogue.draft(conn, "editor", one, "test")
                catalogue.publish(conn, "head", one.code, day)
        given = []
        for line, flags in zip(HISTORIES.strip().splitlines(), FLAGS, strict=True):
            first, *later = line.split(" | ")
            procedure, unit, channel, moment = first.split(" ", 3)
            start = world.at(moment)
            events = [
                Event(act="receive", to_state="", at=start),
                Event(act="start", to_state="", at=start),
            ]
            for said in (one for one in later[:-1] if one.strip()):
                when, act = said.strip().rsplit(" ", 1)
                about = {"file": "a", "result_code": "KQ"} if act.endswith("+") else {}
                name = act.rstrip("+")
                events.append(
                    Event(
                        act=ACTS.get(name, name),
                        to_state="",
                        at=world.at(f"2026-{when}"),
                        about=about,
                    )
                )
            filing = Filing(
                procedure=procedure, unit=unit, province="" if unit == "G18.12" else "66", channel=channel,
                filed_at=start, applicant=flags,
            )  # fmt: skip
            given.append((filing, events))
        bulk.keep_many(conn, "test", given)
        standing.follow(conn)
        conn.commit()
    return db
