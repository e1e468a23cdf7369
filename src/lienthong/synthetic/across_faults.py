"""Faults across databases: each record is right by itself, and another database speaks against it.

In each catchment one of them is planted, in turn, as a record of its own that nothing else refers to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from lienthong.synthetic import products, registers
from lienthong.synthetic.chance import chance, declared
from lienthong.synthetic.databases import practice, prevention
from lienthong.synthetic.events import Stop
from lienthong.synthetic.facilities import EXAMPLE, Facility, facility
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.lives import VISITS_EACH
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import FEMALE, Person, person
from lienthong.synthetic.scene import Scene
from lienthong.synthetic.visits import Visit, case_of, condition_for, written

FIRST = 90_000
"""Number of the first visit of a catchment that is made for a fault; the others are numbered from 0."""
FIRST_NOBODY = 990_000_000
NO_LICENCE = "9999999/SYT-CCHN"

Found = tuple[Parcel, str, int, str, str, str, tuple[tuple[str, int, str, str], ...]]
"""Parcel, table, row, field, rule, the other record, further rules that are true of it."""
BESIDE = "beside"
"""The fact of a parcel that names the right parcels of others that come before it."""
Planter = Callable[[Scene], "Found | None"]


def plant(scene: Scene) -> Iterator[tuple[Parcel, Fault | None]]:
    """The fault of this catchment, when its people allow one: the kinds are tried in turn. Without a fault: a right
    parcel against which the fault speaks."""
    if scene.silent:
        return
    names = list(KINDS)
    turn = scene.lives.catchment.place % len(names)
    for name in names[turn:] + names[:turn]:
        found = KINDS[name](scene)
        if found is None:
            continue
        parcel, table, row, field, rule, other, also = found
        beside = parcel.facts.get(BESIDE)
        if isinstance(beside, Parcel):
            yield dataclasses.replace(beside, name=_name(beside, f"{parcel.sender}-beside")), None
        facts = {key: fact for key, fact in parcel.facts.items() if key != BESIDE}
        parcel = dataclasses.replace(
            parcel, name=_name(parcel, "across"), facts={**facts, "right": True}
        )
        yield parcel, Fault(
            submission=parcel.name, table=table, row=row, field=field, rule=rule, kind=name, group=8, also=also,
            database=parcel.contract, other=other, both=_sender_of_both(scene, name),
        )  # fmt: skip
        return


def _sender_of_both(scene: Scene, kind: str) -> str:
    """Who sent the other record where the rule looks both ways."""
    if kind == second_certificate.__name__:
        return scene.hospital.code
    return EXAMPLE if kind in (in_two_places.__name__, operating_elsewhere.__name__) else ""


def _name(parcel: Parcel, what: str) -> str:
    return f"{parcel.contract}-{parcel.sent:%Y%m%d}-{parcel.sender}-{what}.json"


def visit_after_death(scene: Scene) -> Found | None:
    """Somebody is examined days after the notice of death."""
    for death in scene.lives.deaths:
        left = (death.at + timedelta(days=3)).replace(hour=10, minute=7)
        if left < scene.span.until and not _noticed_wrong(scene, death.number):
            made = _visit(scene, death.who, left)
            return (
                _sent(scene, made, left), "XML1", 0, "SO_CCCD", "X-DEAD-01", f"vital_events {death.who.number}", (),
            )  # fmt: skip
    return None


def _noticed_wrong(scene: Scene, number: int) -> bool:
    suffix = f".GBT.{number % 100_000:05d}."
    return any(suffix in key for key in scene.spoiled)


def prescriber_without_licence(scene: Scene) -> Found | None:
    """A drug is ordered under a licence that nobody gave."""
    found = _any_visit(scene)
    if found is None:
        return None
    made, left = found
    made.tables["XML2"][0]["MA_BAC_SI"] = NO_LICENCE
    return _sent(scene, made, left), "XML2", 0, "MA_BAC_SI", "X-LIC-01", "practice.licences", ()


def outside_licence(scene: Scene) -> Found | None:
    """Somebody was admitted on the one day on which the hospital had no operating licence in force."""
    free = _anybody(scene)
    if free is None:
        return None
    who, left = free
    number = scene.lives.catchment.place * VISITS_EACH + FIRST
    random = chance(scene.seed, "across", number)
    nights = (left.date() - practice.closed_on(scene.span)).days
    condition = condition_for(random, who.age(left.date()), stay=True)
    made = written(case_of(random, number, "stay", scene.hospital, who, condition, left, nights))
    other = f"practice.facilities {scene.hospital.code}"
    return _sent(scene, made, left), "XML1", 0, "", "X-FAC-01", other, ()


def revoked_drug(scene: Scene) -> Found | None:
    """A drug is given whose registration was revoked months ago."""
    found = _any_visit(scene)
    if found is None:
        return None
    made, left = found
    made.tables["XML2"][0]["SO_DANG_KY"] = declared("products")["revoked_drug"]["number"]
    return _sent(scene, made, left), "XML2", 0, "SO_DANG_KY", "X-DRUG-02", "medicines.drugs", ()


def revoked_device(scene: Scene) -> Found | None:
    """A machine in use whose registration was revoked and which was recalled."""
    key = declared("products")["revoked_device"]["key"]
    row = products.equipment(scene.hospital.code, key, f"{key}.1.{scene.hospital.code}.M001")
    parcel = scene.parcel(
        "devices", scene.hospital, {"equipment": [row]}, scene.opening(30), posted=True
    )
    also = (("equipment", 0, "SO_CHUAN", "X-DEV-12"),)
    return parcel, "equipment", 0, "SO_CHUAN", "X-DEV-11", "devices.devices", also


def dose_too_early(scene: Scene) -> Found | None:
    """A measles dose for a child who is weeks too young."""
    youngest = declared("life")["schedule"]["MEASLES"][0][0]
    for child in prevention.children(scene):
        at = datetime.combine(child.person.born, datetime.min.time()) + timedelta(
            days=youngest - 60, hours=9
        )
        if (
            child.certificate
            or not scene.span.first < at.date()
            or at > scene.span.until - timedelta(hours=2)
        ):
            continue
        fact = next(fact for fact in declared("life")["vaccines"] if fact["vaccine"] == "SOI")
        row = prevention.dose(scene, prevention.Shot(child, fact, 0, at), "MEASLES", 1)
        parcel = scene.parcel(
            "prevention", scene.hospital, {"doses": [row]}, at + timedelta(minutes=40), posted=True
        )
        return parcel, "doses", 0, "", "X-PRV-05", "prevention.schedule", ()
    return None


def second_certificate(scene: Scene) -> Found | None:
    """One birth with two certificates."""
    for pregnancy, birth in scene.lives.births:
        mother, child = pregnancy.mother, birth.children[0]
        if len(birth.children) > 1 or (mother.cccd, f"{child.at:%Y%m%d}") not in scene.certified:
            continue
        issued = birth.left + timedelta(days=1)
        if issued + timedelta(minutes=10) > scene.span.until:
            continue
        row = registers.birth_row(
            scene.hospital, scene.lives.catchment.place * VISITS_EACH + FIRST, mother, issued=issued, born=child.at,
            sex=child.person.sex, weight=child.weight, name=child.person.name, order=birth.order,
            surgical=birth.surgical, early=birth.early,
        )  # fmt: skip
        parcel = _certificate(scene, row, issued + timedelta(minutes=5))
        return (
            parcel,
            "birth_certificates",
            0,
            "",
            "X-BIRTH-01",
            f"vital_events.birth_certificates {scene.certified[mother.cccd, f'{child.at:%Y%m%d}']}",
            (),
        )
    return None


def mother_unknown(scene: Scene) -> Found | None:
    """A birth certificate whose mother no other database knows."""
    place = scene.lives.catchment.place
    # Near the end: by then the databases that might know her hold something.
    issued = scene.span.until.replace(hour=9, minute=place % 50) - timedelta(days=2)
    if issued.date() <= scene.span.first:
        return None
    mother = person(
        scene.seed,
        FIRST_NOBODY + place,
        scene.hospital.province,
        scene.span.on,
        ages=(20, 35),
        sex=FEMALE,
    )
    row = registers.birth_row(
        scene.hospital, place * VISITS_EACH + FIRST + 1, mother, issued=issued, born=issued - timedelta(hours=30),
        sex="1", weight=3100, name=registers.child_name(scene.random("nobody"), mother.name), order=1, surgical=False,
        early=False,
    )  # fmt: skip
    parcel = _certificate(scene, row, issued + timedelta(minutes=5))
    return (
        parcel,
        "birth_certificates",
        0,
        "SO_GIAYTO_NND",
        "X-BIRTH-02",
        "mother_child.deliveries",
        (),
    )


def in_two_places(scene: Scene) -> Found | None:
    """Somebody registers hours here that are registered elsewhere already."""
    if scene.hospital.code == EXAMPLE:
        return None
    guest = facility(scene.seed, EXAMPLE).guests[0]
    since = (
        f"{max(guest.licensed + timedelta(days=60), scene.span.first - timedelta(days=200)):%Y%m%d}"
    )
    row = {
        "MACCHN": guest.licence, "MA_CSKCB": scene.hospital.code, "NOI": "1", "THU": "4", "TU_GIO": "0800",
        "DEN_GIO": "1200", "TU_NGAY": since,
    }  # fmt: skip
    parcel = scene.parcel(
        "practice", scene.hospital, {"working_slots": [row]}, scene.opening(40), posted=True
    )
    there = f"{guest.licence}|{EXAMPLE}|4|{registers.OPENS}|{registers.since(guest)}"
    return parcel, "working_slots", 0, "", "X-TWO-02", f"practice.working_slots {there}", ()


def operating_elsewhere(scene: Scene) -> Found | None:
    """Whoever operates at 01999 is said to begin another operation here before that one has ended."""
    if scene.hospital.code == EXAMPLE:
        return None
    turn = scene.lives.catchment.place // len(KINDS)
    left = datetime.combine(scene.span.first + timedelta(days=4 + turn // 4), datetime.min.time())
    left += timedelta(hours=10, minutes=2 + 150 * (turn % 4))
    people = list(islice(_free(scene), 2))
    if len(people) < 2 or left + timedelta(days=1, hours=1) > scene.span.until:
        return None
    there = facility(scene.seed, EXAMPLE)
    begun = _operated(scene, people[0], left, there, there.head.licence, nights=1)
    beside = dataclasses.replace(
        scene.parcel(
            "care", there, dict(begun.tables), left + timedelta(minutes=3), posted=True,
            facts={"visits": [begun], "right": True},
        ),
        province=there.province,
    )  # fmt: skip
    left += timedelta(days=1, minutes=20)  # told of on the day after: by then the other is known
    made = _operated(scene, people[1], left, scene.hospital, there.head.licence, nights=2)
    row = next(at for at, one in enumerate(made.tables["XML3"]) if one["MA_NHOM"] == "8")
    parcel = _sent(scene, made, left)
    parcel = dataclasses.replace(parcel, facts={**parcel.facts, BESIDE: beside})
    also = (("XML3", row, "NGUOI_THUC_HIEN", "X-LIC-24"),)
    return parcel, "XML3", row, "NGUOI_THUC_HIEN", "X-TWO-01", f"care {begun.key}", also


def _operated(
    scene: Scene, who: Person, left: datetime, where: Facility, performer: str, nights: int
) -> Visit:
    """Nights in hospital after an operation by that performer; it begins on the first day at the time of leaving."""
    number = scene.lives.catchment.place * VISITS_EACH + FIRST + nights
    condition = next(one for one in declared("clinic")["conditions"] if one.get("operation"))
    made = written(
        case_of(
            chance(scene.seed, "across", number),
            number,
            "stay",
            where,
            who,
            condition,
            left,
            nights,
        )
    )
    for row in made.tables["XML3"]:
        if row["MA_NHOM"] == "8":
            row["NGUOI_THUC_HIEN"] = performer
    return made


KINDS: dict[str, Planter] = {
    planter.__name__: planter
    for planter in (
        visit_after_death, outside_licence, prescriber_without_licence, revoked_drug, revoked_device, dose_too_early,
        second_certificate, mother_unknown, in_two_places, operating_elsewhere,
    )
}  # fmt: skip


def _certificate(scene: Scene, row: dict[str, str], sent: datetime) -> Parcel:
    return scene.parcel(
        "vital_events", scene.hospital, {"birth_certificates": [row]}, sent, posted=True
    )


def _any_visit(scene: Scene) -> tuple[Visit, datetime] | None:
    """An examination of a grown-up who was nowhere else in the days, at a minute before all others of its day.

    None in a place so small that there is nobody left.
    """
    found = _anybody(scene)
    return None if found is None else (_visit(scene, *found), found[1])


def _free(scene: Scene) -> Iterator[Person]:
    """Grown-ups who were nowhere in the days."""
    seen = {stop.who.number for stop in scene.lives.stops} | set(scene.lives.died)
    seen |= {one.mother.number for one in scene.lives.pregnancies}
    return (
        who
        for _, who in scene.lives.people
        if who.number not in seen and 30 <= who.age(scene.span.on) < 60
    )


def _anybody(scene: Scene) -> tuple[Person, datetime] | None:
    who = next(_free(scene), None)
    if who is None:
        return None
    left = datetime.combine(
        scene.span.first + timedelta(days=scene.span.days // 2), datetime.min.time()
    )
    left += timedelta(hours=10, minutes=31)
    return who, left


def _visit(scene: Scene, who: Person, left: datetime) -> Visit:
    number = scene.lives.catchment.place * VISITS_EACH + FIRST
    random = chance(scene.seed, "across", number)
    condition = condition_for(random, who.age(left.date()), stay=False)
    stop = Stop(who, number, "exam", condition, left)
    return written(
        case_of(random, number, stop.kind, scene.hospital, who, stop.condition, stop.left, 0, ())
    )


def _sent(scene: Scene, made: Visit, left: datetime) -> Parcel:
    return scene.parcel(
        "care", scene.hospital, dict(made.tables), left + timedelta(minutes=3), posted=True,
        facts={"visits": [made]},
    )  # fmt: skip
