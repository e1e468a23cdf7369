"""Invented hospitals and their staff: five-character codes that begin with the OLD province code,
licences, departments.

01999 exists in every country, because the tutorial and the shared example submission speak of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.people import Person, person
from lienthong.synthetic.places import places

EXAMPLE = "01999"
FIRST_STAFF = 900_000_000
FIRST_GUEST = 950_000_000
GUESTS = 3
TRADITIONAL = "K16"
TITLES = {"1": "bác sỹ", "3": "điều dưỡng", "4": "hộ sinh", "5": "kỹ thuật y"}
_ROLES = ("1", "1", "1", "1", "1", "3", "3", "3", "4", "5", "5", "5")
_DEPARTMENTS = ("K01", "K03", "K19", "K27", "K03", "K01", "K03", "K19", "K27", "K42", "K39", "K42")


@dataclass(frozen=True)
class Worker:
    """One member of staff: `licence` is the number of the practice licence, `title` the claims code of the
    profession."""

    person: Person
    licence: str
    title: str
    department: str
    licensed: date


@dataclass(frozen=True)
class Facility:
    """One hospital. `province` is today's code; `factor` says how many faults it makes (0 none, 1 as the
    published rates). `healer` is its doctor of traditional medicine; `guests` are registered and treat nobody."""

    code: str
    name: str
    province: str
    factor: float
    silent: bool
    staff: tuple[Worker, ...]
    healer: Worker
    guests: tuple[Worker, ...] = ()

    def doctors(self, department: str) -> tuple[Worker, ...]:
        """Doctors of the department, or all doctors when it has none."""
        all_doctors = tuple(worker for worker in self.staff if worker.title == "1")
        return (
            tuple(worker for worker in all_doctors if worker.department == department)
            or all_doctors
        )

    def hands(self) -> tuple[Worker, ...]:
        """Those who carry out tests: everybody but doctors, technicians first."""
        others = [worker for worker in self.staff if worker.title != "1"]
        return tuple(sorted(others, key=lambda worker: worker.title != "5"))

    @property
    def everybody(self) -> tuple[Worker, ...]:
        """All with a licence."""
        return (*self.staff, self.healer, *self.guests)

    @property
    def head(self) -> Worker:
        """The one who signs for the facility."""
        return self.staff[0]


def kind_of(code: str) -> str:
    """What the hospital of that code is, as the list of senders says."""
    return "hospital" if code[2:] in ("001", "999") else "medical_centre"


def facilities(seed: int, *, per_old_province: int = 2) -> tuple[Facility, ...]:
    """The hospitals of the country: 01999 first, then so many for each of the 63 old provinces (0: one for
    each of today's 34)."""
    codes = [EXAMPLE]
    if not per_old_province:
        codes += [f"{places().prefixes[province][0]}001" for province in sorted(places().provinces)]
    for number in range(1, per_old_province + 1):
        codes += [f"{old}{number:03d}" for old in sorted(places().old_provinces)]
    return tuple(facility(seed, code) for code in codes)


@lru_cache(maxsize=4096)
def facility(seed: int, code: str) -> Facility:
    """The hospital of that code."""
    province = places().old_provinces[code[:2]]
    random = chance(seed, f"facility/{code}")
    kinds = declared("error_rates")["sender_quality"]
    factor = Weighted([kind["factor"] for kind in kinds], [kind["share"] for kind in kinds]).draw(
        random
    )
    kind = "Bệnh viện Đa khoa" if kind_of(code) == "hospital" else "Trung tâm Y tế khu vực"
    name = f"{kind} mẫu {code}, {places().provinces[province]}"
    workers = tuple(_worker(seed, code, place, province) for place in range(len(_ROLES)))
    more = tuple(
        _worker(seed, code, place, province)
        for place in range(len(_ROLES), len(_ROLES) + GUESTS + 1)
    )
    rare = random.random() * 100 < declared("error_rates")["silent_senders"]["percent"]
    return Facility(
        code=code, name=name, province=province, factor=0.6 if code == EXAMPLE else factor,
        silent=rare and code != EXAMPLE, staff=workers, healer=more[0], guests=more[1:],
    )  # fmt: skip


def _worker(seed: int, code: str, place: int, province: str) -> Worker:
    number = FIRST_STAFF + int(code) * len(_ROLES) + place
    role, department = "3", "K03"
    if place < len(_ROLES):
        role, department = _ROLES[place], _DEPARTMENTS[place]
    else:
        number = FIRST_GUEST + int(code) * (GUESTS + 1) + place - len(_ROLES)
        if place == len(_ROLES):
            role, department = "1", TRADITIONAL
    random = chance(seed, f"worker/{code}", place)
    who = person(
        seed,
        number,
        province,
        date(2026, 1, 1),
        ages=(30, 58),
        sex="2" if role == "4" else None,
    )
    licensed = max(date(2014, 1, 1), date(who.born.year + 24, 1, 1)) + timedelta(
        days=random.randint(0, 900)
    )
    issuer = "BYT" if random.random() < 0.3 else "SYT"
    licence = f"{int(code) * 100 + place:07d}/{issuer}-CCHN"
    return Worker(
        person=who,
        licence=licence,
        title=role,
        department=department,
        licensed=licensed,
    )
