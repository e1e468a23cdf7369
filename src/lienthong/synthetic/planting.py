"""Plants faults in the parcels of the country: those of care and of registers, and those that any contract can have."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lienthong.findings import Severity
from lienthong.synthetic import any_faults, faults, programmes, register_faults
from lienthong.synthetic.chance import chance, declared
from lienthong.synthetic.country import Country, Sending
from lienthong.synthetic.databases.care import together
from lienthong.synthetic.facilities import facility
from lienthong.synthetic.judging import Judge
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene

if TYPE_CHECKING:
    from lienthong.synthetic.nation import Nation

OFTEN = 0.15
OWN = ("care", "practice", "vital_events")
"""Databases with kinds of faults of their own."""
UNCERTIFIED = "X-BIRTH-05"


def plant(nation: Nation, parcel: Parcel, scene: Scene) -> tuple[Parcel, list[Fault]]:
    """Plant faults in a parcel (its rows are changed in place); gives it as it is sent, and its lines of the ledger."""
    if parcel.facts.get("right"):
        return parcel, []
    random = chance(nation.seed, f"register faults/{parcel.name}")
    if parcel.contract == "care":
        planted = _in_visits(nation, parcel) + _uncertified(parcel, scene)
    elif parcel.contract in OWN:
        planted = _in_register(nation, parcel, scene)
    else:
        judge = nation.judge(parcel.contract)
        share = (
            OFTEN
            if nation.kinds
            else declared("error_rates")["any"]["percent"] / 100 * parcel.factor
        )
        planted = any_faults.plant(parcel, judge, random, share, nation.kinds)
        rate = declared("error_rates")["told_late"]
        wanted = OFTEN if nation.kinds else rate["percent"] / 100 * parcel.factor
        if (
            not planted
            and parcel.posted
            and any_faults.open_tables(parcel)
            and random.random() < wanted
        ):
            left = nation.until - parcel.sent
            found = any_faults.late(parcel, judge, left, rate["days"])
            if found:
                planted = [any_faults.told_late(parcel, judge, found)]
                parcel = dataclasses.replace(
                    parcel, sent=parcel.sent + timedelta(days=rate["days"])
                )
    scene.spoiled.update(fault.key for fault in planted if fault.key)
    return parcel, [replace(fault, database=parcel.contract) for fault in planted]


def _in_visits(nation: Nation, parcel: Parcel) -> list[Fault]:
    """At most one fault in each visit; the tables of the parcel are put together again from the visits."""
    visits = parcel.facts["visits"]
    assert isinstance(visits, list)
    country = Country(seed=nation.seed, visits=0, until=nation.until, kinds=nation.kinds)
    sending = Sending(
        name=parcel.name, facility=facility(nation.seed, parcel.sender), sent=parcel.sent,
        first=visits[0].number, count=len(visits), late=parcel.late,
    )  # fmt: skip
    rows: Counter[str] = Counter()
    planted: list[Fault] = []
    for visit in visits:
        found = faults.plant_in(visit, sending, country, rows)
        planted += found
        if found:  # what repeats a wrong cell would be a second fault
            for name in programmes.WITHIN:
                visit.tables.pop(name, None)
        rows.update({name: len(table) for name, table in visit.tables.items()})
    parcel.tables.clear()
    parcel.tables.update(together(visits))
    return _said_too(nation.judge(parcel.contract), parcel, planted)


def _said_too(judge: Judge, parcel: Parcel, planted: list[Fault]) -> list[Fault]:
    """The faults with those of their consequences that come about in these rows: some depend on the rest of the row."""
    if not any(fault.also for fault in planted):
        return planted
    said = {
        (table, row, rule.id)
        for table, row, rule in judge.said(parcel.tables, parcel.sent, parcel.sender)
    }
    return [
        replace(fault, also=tuple(one for one in fault.also if (one[0], one[1], one[3]) in said))
        for fault in planted
    ]


def _uncertified(parcel: Parcel, scene: Scene) -> list[Fault]:
    """A birth of which the certificate was not kept as it should be: the visit's own paper finds no other."""
    return [
        Fault(
            submission=parcel.name, table="XML9", row=at, field="", rule=UNCERTIFIED, kind="certificate_lacking",
            group=8, key=row["MA_LK"], other="vital_events.birth_certificates",
        )
        for at, row in enumerate(parcel.tables.get("XML9", []))
        if (row["SO_CCCD_NND"], row["NGAY_SINH_CON"][:8]) not in scene.certified
        and row["SO_CCCD_NND"] not in scene.waiting
    ]  # fmt: skip


def _in_register(nation: Nation, parcel: Parcel, scene: Scene) -> list[Fault]:
    """Faults of `practice` (only of guests, who treat nobody, so that one fault stays one) and of `vital_events`."""
    random = chance(nation.seed, f"register faults/{parcel.name}")
    share = OFTEN if nation.kinds else 0.02 * parcel.factor
    eligible = None
    if parcel.contract == "practice":
        guests = {worker.person.cccd for worker in scene.hospital.guests}
        share = 0.5 if nation.kinds else 0.08 * parcel.factor

        def eligible(row: dict[str, str]) -> bool:
            return row.get("SO_DINH_DANH") in guests

    planted = register_faults.plant(
        parcel.contract, parcel.name, parcel.tables, random, share, nation.kinds, eligible
    )
    rows = parcel.tables.get("birth_certificates", [])
    judge = nation.judge(parcel.contract)
    said = judge.said(parcel.tables, parcel.sent, parcel.sender) if planted else []
    wrong = {(table, at) for table, at, rule in said if rule.severity is Severity.ERROR}
    for at, row in enumerate(rows):
        if ("birth_certificates", at) not in wrong:
            scene.certified[row["SO_GIAYTO_NND"], row["NGAY_SINH_CON"][:8]] = row["MA_GCS"]
        else:  # it waits: whether it is lacking nobody can say
            scene.waiting.add(row["SO_GIAYTO_NND"])
    keys = {name: judge.contract.table(name) for name in parcel.tables}
    return [
        replace(fault, key="|".join(_key(parcel, fault, keys[fault.table]))) for fault in planted
    ]


def _key(parcel: Parcel, fault: Fault, table: object) -> list[str]:
    row = parcel.tables[fault.table][fault.row]
    names = getattr(table, "key", ())
    return [row.get(name) or "" for name in names]
