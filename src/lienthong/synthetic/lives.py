"""What happens to the people of one catchment in some days: who falls ill, gives birth, is born, dies, is checked.

Only facts are decided here, once; every database tells them in its own words, so that the databases agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.events import Birth, Contact, Death, Outbreak, Pregnancy, Span, Stop
from lienthong.synthetic.facilities import Facility, facility
from lienthong.synthetic.households import BABIES, SLOTS, Catchment, Household, households
from lienthong.synthetic.lines import certificate_number
from lienthong.synthetic.people import Person, resident
from lienthong.synthetic.visits import Newborn, condition_for

VISITS_EACH = 100_000
"""Numbers kept for the visits of each catchment."""
FIRST_MINUTE, MINUTES = 8 * 60, 14 * 60


@dataclass
class Lives:
    """One catchment in the days of a span."""

    seed: int
    catchment: Catchment
    span: Span
    people: list[tuple[int, Person]] = field(default_factory=list)
    pregnancies: list[Pregnancy] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    homes: list[tuple[int, Household]] = field(default_factory=list)
    outbreaks: list[Outbreak] = field(default_factory=list)

    @cached_property
    def hospital(self) -> Facility:
        """The hospital that serves the catchment."""
        return facility(self.seed, self.catchment.hospital)

    @property
    def births(self) -> Iterator[tuple[Pregnancy, Birth]]:
        """Every delivery with its pregnancy."""
        return ((one, one.birth) for one in self.pregnancies if one.birth)

    @cached_property
    def died(self) -> dict[int, datetime]:
        """When somebody died, by number."""
        return {one.who.number: one.at for one in self.deaths}

    def alive(self, who: Person, at: datetime) -> bool:
        """Whether the person lived for the whole day."""
        died = self.died.get(who.number)
        return died is None or at.date() < died.date() - timedelta(days=10)


def certificates(made: Lives) -> dict[int, str]:
    """The numbers of the birth certificates by the number of the child."""
    number, found = made.catchment.place * VISITS_EACH, {}
    for _, birth in made.births:
        for child in birth.children:
            found[child.person.number] = certificate_number(
                made.catchment.hospital, number, child.at
            )
            number += 1
    return found


def lives(seed: int, catchment: Catchment, span: Span) -> Lives:
    """Everything that happens in a catchment; the same whatever happens elsewhere."""
    made = Lives(seed, catchment, span)
    for commune, home in households(seed, catchment, span.on):
        made.homes.append((commune, home))
        made.people += [(commune, member) for member in home.members]
    _die(made)
    _bear(made)
    _visit(made)
    made.stops = _at_their_minute(made)
    return made


def _die(made: Lives) -> None:
    span, facts = made.span, declared("life")
    for _, who in made.people:
        random = chance(made.seed, "death", who.number)
        yearly = _by_age(facts["rates"]["death"], who.age(span.on))
        if random.random() >= min(0.5, span.expected("death", yearly)):
            continue
        at = moment_in(span, random) - timedelta(hours=1)
        cause = random.choice(facts["causes_of_death"])
        made.deaths.append(
            Death(
                who=who,
                number=made.catchment.place * VISITS_EACH + len(made.deaths),
                arrived=at - timedelta(hours=random.randint(8, 90)),
                at=at,
                code=cause["code"],
                cause=cause["vi"],
            )
        )


def _by_age(rates: dict[str, float], age: int) -> float:
    return [rate for start, rate in rates.items() if int(start) <= age][-1]


def _bear(made: Lives) -> None:
    span, facts = made.span, declared("life")
    low, high = facts["mothers"]
    ahead = 200
    for commune, home in made.homes:
        if home.couple is None or not low <= home.couple[1].age(span.on) <= high:
            continue
        father, mother = home.couple
        random = chance(made.seed, "pregnancy", home.number)
        share = min(0.85, span.expected("birth", facts["rates"]["birth"], span.days + ahead))
        youngest = home.children[-1].born if home.children else date(1900, 1, 1)
        if random.random() >= share or not made.alive(mother, span.until):
            continue
        left = moment_in(span, random, days=span.days + ahead)
        if (left.date() - youngest).days < 500:
            continue
        made.pregnancies.append(_pregnancy(made, commune, home, random, left))


def _pregnancy(
    made: Lives, commune: int, home: Household, random: Random, left: datetime
) -> Pregnancy:
    facts, span = declared("life"), made.span
    assert home.couple is not None
    father, mother = home.couple
    nights = random.randint(2, 4)
    weeks = (
        random.randint(29, 31) if random.random() * 100 < facts["early"] else random.randint(37, 41)
    )
    day = (left - timedelta(days=nights)).date()
    began = day - timedelta(days=weeks * 7 + random.randint(0, 6))
    order = len(home.children) + 1
    contacts: list[Contact] = []
    for week in facts["antenatal_weeks"]:
        at = datetime.combine(
            began + timedelta(days=week * 7 + random.randint(0, 5)), datetime.min.time()
        )
        at += timedelta(minutes=random.randint(7 * 60 + 30, 16 * 60))
        if week < weeks - 1 and at <= span.until and at.date() < day:
            contacts.append(Contact(at=at, week=week, number=len(contacts) + 1))
    birth = None
    if left <= span.until:
        birth = _birth(made, home, random, left, nights, weeks, order)
    return Pregnancy(
        mother=mother, father=father, last_period=began, due=began + timedelta(days=facts["pregnancy_days"]),
        contacts=tuple(contacts), station=made.catchment.stations()[commune], order=order, birth=birth,
    )  # fmt: skip


def _birth(made: Lives, home: Household, random: Random, left: datetime, nights: int, weeks: int,
           order: int) -> Birth:  # fmt: skip
    facts = declared("life")
    surgical = random.random() * 100 < facts["surgical"]
    born = left - timedelta(days=nights, minutes=170) + timedelta(minutes=80)
    twins = random.random() * 100 < facts["twins"]
    children = []
    for place in range(2 if twins else 1):
        at = born + timedelta(minutes=4 * place)
        child = resident(
            random, home.number * SLOTS + BABIES + place, home.home, at.date(), at.date()
        )
        low, high = (1100, 1900) if weeks < 32 else (2200, 2700) if twins else (2500, 3900)
        children.append(Newborn(person=child, at=at, weight=random.randint(low, high)))
    return Birth(
        at=born, children=tuple(children), weeks=weeks, order=order, surgical=surgical, left=left
    )


class _Visits:
    """Makes the visits of a catchment, numbered as they are made; nobody is in two at once."""

    def __init__(self, made: Lives) -> None:
        self.made, self.span = made, made.span
        place = made.catchment.place
        self.numbers = iter(range(place * VISITS_EACH, (place + 1) * VISITS_EACH))
        self.with_child = {one.mother.number for one in made.pregnancies}

    def of_births(self) -> None:
        """Each delivery is a stay of the mother."""
        for pregnancy, birth in self.made.births:
            condition = declared("clinic")["birth"] | {
                "surgical": birth.surgical, "early": birth.early, "order": birth.order,
            }  # fmt: skip
            nights = (birth.left.date() - birth.at.date()).days
            self.made.stops.append(
                Stop(
                    pregnancy.mother, next(self.numbers), "birth", condition, birth.left, nights, birth.children,
                )
            )  # fmt: skip

    def of(self, who: Person) -> None:
        """The visits of one person."""
        rates = declared("life")["rates"]
        age = who.age(self.span.on)
        random = chance(self.made.seed, "visits", who.number)
        expected = self.span.expected("visit", rates["visit"]) * (1.5 if age > 60 else 0.9)
        if who.number in self.with_child:
            return
        for _ in range(min(3, int(expected) + (random.random() < expected % 1))):
            left = moment_in(self.span, random)
            if (left.date() - who.born).days < 30:
                continue
            stay = random.random() < rates["stay"] and age > 1
            kind = ("stay" if random.random() < 0.85 else "short") if stay else "exam"
            nights = random.randint(2, 7) if kind == "stay" else 0
            condition = condition_for(random, who.age(left.date()), stay=stay)
            self._come(Stop(who, next(self.numbers), kind, condition, left, nights))
        if random.random() < self.span.expected("notifiable", rates["notifiable"]):
            self._notifiable(who, age, random)

    def _notifiable(self, who: Person, age: int, random: Random) -> None:
        left = moment_in(self.span, random)
        known = [
            one for one in declared("clinic")["notifiable"]
            if one["ages"][0] <= age <= one["ages"][1] and (left.date() - who.born).days > 30
        ]  # fmt: skip
        if known:
            condition = Weighted(known, [one["weight"] for one in known]).draw(random)
            self._come(Stop(who, next(self.numbers), "exam", condition, left))

    def of_meals(self) -> None:
        """Food poisoning: some people of a commune come on the same day."""
        made = self.made
        random = chance(made.seed, "poisoning", made.catchment.place)
        yearly = declared("life")["rates"]["poisoning"]
        if random.random() >= min(0.7, self.span.expected("poisoning", yearly)):
            return
        commune = random.randrange(len(made.catchment.communes))
        guests = [
            who for where, who in made.people if where == commune and who.age(self.span.on) > 3
        ]
        meal = moment_in(self.span, random) - timedelta(hours=3)
        came = []
        for who in random.sample(guests, min(len(guests), random.randint(4, 9))):
            left = min(meal + timedelta(hours=2, minutes=random.randint(30, 55)), self.span.until)
            stop = Stop(who, next(self.numbers), "exam", declared("clinic")["poisoning"], left)
            if who.number not in self.with_child and self._come(stop, everywhere=True):
                came.append(stop.number)
        if len(came) > 1:
            made.outbreaks.append(
                Outbreak(
                    number=made.catchment.place * 10,
                    commune=commune,
                    meal=meal,
                    numbers=tuple(came),
                )
            )

    def _come(self, stop: Stop, *, everywhere: bool = False) -> bool:
        made = self.made
        if not made.alive(stop.who, stop.left) or _meets(made, stop, everywhere=everywhere):
            return False
        made.stops.append(stop)
        return True


def _visit(made: Lives) -> None:
    visits = _Visits(made)
    visits.of_births()
    for _, who in made.people:
        visits.of(who)
    visits.of_meals()


def _meets(made: Lives, stop: Stop, *, everywhere: bool) -> bool:
    """Whether the person was there at that time already; visits made one after another need no look `everywhere`."""
    for other in reversed(made.stops):
        if other.who.number != stop.who.number:
            if everywhere:
                continue
            return False
        if other.come <= stop.left.date() + timedelta(
            days=1
        ) and stop.come <= other.left.date() + timedelta(days=1):
            return True
    return False


def _at_their_minute(made: Lives) -> list[Stop]:
    """The visits in the order of their end, each in a minute of its own: nobody can begin two things at once."""
    taken: set[datetime] = {stop.left for stop in made.stops if stop.kind == "birth"}
    placed = []
    for stop in sorted(made.stops, key=lambda one: (one.left, one.number)):
        left = stop.left
        if stop.kind != "birth":
            while left in taken:
                left += timedelta(minutes=1)
            taken.add(left)
        if left <= made.span.until:
            placed.append(
                stop if left == stop.left else Stop(
                    stop.who, stop.number, stop.kind, stop.condition, left, stop.nights, stop.children
                )
            )  # fmt: skip
    return sorted(placed, key=lambda one: one.left)


def moment_in(span: Span, random: Random, days: int | None = None) -> datetime:
    """A moment of the days, in working hours more often than not; `days` reaches past the end."""
    for _ in range(8):
        day = span.first + timedelta(days=random.randrange(days or span.days))
        if day.weekday() < 6 or random.random() < 0.3:
            break
    minute = FIRST_MINUTE + 180 + random.randrange(MINUTES - 180)
    at = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    return at if days or at < span.until else span.until - timedelta(minutes=random.randint(5, 400))
