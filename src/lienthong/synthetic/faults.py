"""Plants faults in clean visits, one kind at a time, and says exactly which findings they must cause.

Each function changes one visit in the way one real mistake does and keeps everything else true, so that
the finding named is the
only one; where a mistake has further true consequences they are named too. How often each kind happens stands in
declared/synthetic/error_rates.yaml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from lienthong.synthetic.chance import chance, declared
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.promises import property_rules
from lienthong.synthetic.visits import Visit

if TYPE_CHECKING:
    from lienthong.synthetic.country import Country, Sending


@dataclass(frozen=True)
class Planted:
    """One change: where it shows (`place` = row within the visit's table) and which rule must see it.

    `rule` is a rule's id, or `required`, `type`, `enum` ... for what the property declares. `also` are
    true consequences.
    """

    table: str
    place: int
    field: str
    rule: str
    also: tuple[tuple[str, int, str, str], ...] = ()


Plant = Callable[[Visit, Random], "Planted | None"]


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its name, its group (1 to 8, see ledger.GROUPS) and the function that plants it.

    `rare`: few visits can carry it (stays, births, papers), so where all kinds are wanted it is tried first.
    """

    name: str
    group: int
    plant: Plant
    rare: bool = False


KINDS: dict[str, Kind] = {}


def kind(group: int, *, rare: bool = False) -> Callable[[Plant], Plant]:
    """Register a planting function under its own name."""

    def register(plant: Plant) -> Plant:
        KINDS[plant.__name__] = Kind(plant.__name__, group, plant, rare)
        return plant

    return register


def plant_in(visit: Visit, sending: Sending, country: Country, rows: Counter[str]) -> list[Fault]:
    """Plant at most one fault in `visit` (changed in place) and give its line of the ledger; `rows` = rows
    before it by table."""
    planted = _late(visit) if sending.late else None
    if planted:
        return [_fault(planted, "sent_late", 7, visit, sending, rows)]
    random = chance(country.seed, "fault", visit.number)
    for name in _chosen(country, sending, visit.number, random):
        planted = KINDS[name].plant(visit, random)
        if planted:
            return [_fault(planted, name, KINDS[name].group, visit, sending, rows)]
    return []


def _chosen(country: Country, sending: Sending, number: int, random: Random) -> list[str]:
    """The kinds to try: all in turn when the country names them, else by their rates and the sender's factor."""
    names = _kinds()
    if country.kinds:
        names = [name for name in names if name in country.kinds or country.kinds == ("all",)]
        rare = [name for name in names if KINDS[name].rare]
        common = [name for name in names if not KINDS[name].rare]
        turn = number // 2
        ordered = (rare, common) if number % 2 else (common, rare)
        return [
            name
            for those in ordered
            for name in those[turn % (len(those) or 1) :] + those[: turn % (len(those) or 1)]
        ]
    rates = declared("error_rates")["care"]
    random.shuffle(names)
    return [
        name
        for name in names
        if random.random() * 100
        < rates.get(name, rates["other"])["percent"] * sending.facility.factor
    ]


def _kinds() -> list[str]:
    from lienthong.synthetic import faults_of_lines, faults_of_summary  # noqa: F401  they register themselves

    return sorted(KINDS)


def _late(visit: Visit) -> Planted:
    papers = [("XML9", at, "NGAY_CT", "TIM-07") for at in range(len(visit.tables.get("XML9", [])))]
    return Planted("XML1", 0, "NGAY_RA", "TIM-02", (("XML1", 0, "NGAY_RA", "TIM-01"), *papers))


def _fault(
    planted: Planted, name: str, group: int, visit: Visit, sending: Sending, rows: Counter[str]
) -> Fault:
    def rule(table: str, field: str, named: str) -> str:
        return property_rules("care").get((table, field, named), named)

    return Fault(
        submission=sending.name, table=planted.table, row=rows[planted.table] + planted.place, kind=name, group=group,
        key=visit.key, field=planted.field, rule=rule(planted.table, planted.field, planted.rule),
        also=tuple(
            (table, rows[table] + place, field, rule(table, field, named))
            for table, place, field, named in planted.also
        ),
    )  # fmt: skip
