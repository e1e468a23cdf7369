"""What happens to one invented dossier between its filing and the moment of the demonstration.

Officials act in working hours, before or after the deadline that the procedure's own terms set; the moments are
drawn, the deadlines are computed as for any dossier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from lienthong import clock
from lienthong.dossiers import deadlines
from lienthong.dossiers.history import ASSIGN, EXTEND, FILED, STEP, Event, Terms, replay
from lienthong.dossiers.moves import Moves, moves
from lienthong.synthetic.chance import declared

WORK = "working_days"


@dataclass(frozen=True)
class Setting:
    """Under which terms and by whom a dossier is settled; `lateness` multiplies the share of late ones."""

    terms: Terms
    online: bool
    unit: str
    lateness: float
    components: Sequence[str]
    result: str
    result_code: str
    holders: Sequence[str]
    clerk: str = ""
    head: str = ""

    def who(self, act: str) -> str:
        """The account that does an act: one of the demonstration's, else an invented one of the agency."""
        role = _ROLES.get(act, "thuly")
        own = {"tiepnhan": self.clerk, "lanhdao": self.head}.get(role, "")
        return own or f"{role}.{self.unit.lower()}"


class Life:
    """The events of one dossier after its filing, up to `until`."""

    def __init__(self, random: Random, filed: datetime, until: datetime, setting: Setting) -> None:
        self.random, self.until, self.setting = random, until, setting
        self.facts = declared("dossiers")
        self.table: Moves = moves()
        self.events: list[Event] = [Event(act=FILED, to_state="new", at=filed, number=1)]
        self.over = False

    def lived(self) -> list[Event]:
        """Everything after the filing, oldest first."""
        self._reception()
        if not self.over:
            self._work()
        return self.events[1:]

    # -- reception

    def _reception(self) -> None:
        at = self._looked_at()
        if self._happens(self.facts["refused"]):
            self._move("refuse_reception", "not_received", at, reason=self._reason("refused"))
            self.over = True
        elif self._happens(self.facts["supplement"] / 2):
            self._supplement(at)
        else:
            self._move("receive", "received", at)

    def _looked_at(self) -> datetime:
        """When the reception desk turns to it: at once at a desk, within eight working hours online, or later."""
        filed = self.events[0].at
        if not self.setting.online:
            return self._after_minutes(filed, 2, 25)
        if self._happens(self.facts["reception_late"]):
            return clock.add_working_hours(filed, self.random.uniform(9, 30))
        return clock.add_working_hours(filed, self.random.uniform(0.2, 7.5))

    # -- work

    def _work(self) -> None:
        received = self.events[-1].at
        holder = self.random.choice(self.setting.holders)
        self._act(ASSIGN, clock.add_working_hours(received, self.random.uniform(0.1, 1)), to=holder)
        if self._happens(self.facts["payment"]):
            self._pay()
        if self.over or self._now == "received":
            self._move("start", "processing", self._later(0.2, 4))
        if self._happens(self.facts["supplement"] / 2):
            self._supplement(self._later(1, 12))
        if self._happens(self.facts["withdrawn"]):
            self._move(
                "withdraw", "withdrawn", self._later(1, 16), reason=self._reason("withdrawn")
            )
        elif self._happens(self.facts["stopped"]):
            self._move("stop", "stopped", self._later(4, 24), reason=self._reason("stopped"))
        else:
            self._settle()

    def _pay(self) -> None:
        at = self._later(0.2, 3)
        amount = self.random.choice((150_000, 300_000, 1_500_000))
        self._move("ask_payment", "payment", at, fees=[{"name": "Phí thẩm định", "amount": amount}])
        self._move("paid", "processing", at + timedelta(hours=self.random.uniform(1, 70)))

    def _supplement(self, at: datetime) -> None:
        """One notice, sometimes a second; now and then nothing ever comes."""
        components = self.setting.components or self.facts["components"]
        asked = self.random.sample(
            list(components), k=min(len(components), self.random.choice((1, 1, 2)))
        )
        self._move("ask_supplement", "supplement", at, components=asked)
        if self._happens(self.facts["lapsed"]):
            ends = self._closing(at + timedelta(days=30))
            self._move("stop", "stopped", ends, reason=self._reason("lapsed"))
            self.over = True
            return
        back = "processing" if self._received else "received"
        came = self._in_hours(at + timedelta(days=self.random.triangular(0.5, 21, 4)))
        self._move("supplement", back, came)

    def _settle(self) -> None:
        if self.over:
            return
        due = self._due()
        issued = {"result": self.setting.result, "result_code": self.setting.result_code}
        begun = self.events[-1].at
        ends, late = self._end(begun, due)
        if late and due is not None and self._happens(self.facts["apologies"]):
            promised = self._closing(ends + timedelta(days=1))
            said = self._in_hours(max(begun, due - timedelta(days=1.5)), latest=due)
            self._act(EXTEND, said, due=promised.isoformat(), reason=self._reason("apology"))
        self._steps(begun, ends)
        self._move("settle", "settled", ends, **issued)
        if self._happens(self.facts["handed_over"]):
            self._move("hand_over", "returned", self._later(0.2, 14))
            if self._happens(self.facts["corrected"]):
                self._move(
                    "correct", "processing", self._later(8, 60), reason=self._reason("corrected")
                )
                self._move("settle", "settled", self._later(2, 10), **issued)
                self._move("hand_over", "returned", self._later(0.2, 8))

    def _end(self, begun: datetime, due: datetime | None) -> tuple[datetime, bool]:
        """When it is decided, and whether that is after the deadline."""
        if due is None or due <= begun:
            late = due is not None
            return clock.add_working_hours(begun, self.random.uniform(4, 90)), late
        if self._happens(self.facts["late"] * self.setting.lateness):
            return clock.add_working_hours(due, self.random.expovariate(1 / 20) + 0.5), True
        share = self.random.triangular(0.15, 1, 0.8)
        return self._in_hours(begun + (due - begun) * share, latest=due), False

    def _steps(self, begun: datetime, ends: datetime) -> None:
        """The steps of the internal process one after the other, when the procedure tells them."""
        count = len(self.setting.terms.steps)
        for number in range(2, count + 1):
            at = self._in_hours(begun + (ends - begun) * (number - 1) / count, latest=ends)
            self._act(STEP, max(at, self.events[-1].at), step=number)

    # -- moments

    def _due(self) -> datetime | None:
        return replay(
            self.events, self.setting.terms, self.table, online=self.setting.online
        ).due_at

    def _later(self, least: float, most: float) -> datetime:
        return clock.add_working_hours(self.events[-1].at, self.random.uniform(least, most))

    def _after_minutes(self, moment: datetime, least: int, most: int) -> datetime:
        return moment + timedelta(minutes=self.random.randint(least, most))

    def _in_hours(self, moment: datetime, latest: datetime | None = None) -> datetime:
        """The moment, or the next one at which offices are open, but not past `latest`."""
        found = clock.add_working_hours(moment, self.random.uniform(0.01, 0.9))
        return min(found, latest) if latest is not None else found

    def _closing(self, moment: datetime) -> datetime:
        day = clock.local(moment).date()
        while not clock.is_working_day(day):
            day += timedelta(days=1)
        return deadlines.closing(day)

    # -- writing

    @property
    def _now(self) -> str:
        return self.events[-1].to_state

    @property
    def _received(self) -> bool:
        return any(self.table.states[one.to_state].clock == "runs" for one in self.events)

    def _move(self, act: str, to: str, at: datetime, **about: Any) -> None:
        self._write(Event(act=act, to_state=to, at=at, about=about))

    def _act(self, act: str, at: datetime, **about: Any) -> None:
        self._write(Event(act=act, to_state=self._now, at=at, about=about))

    def _write(self, event: Event) -> None:
        """Whatever lies in the future has not happened, and nothing after it."""
        at = max(event.at.replace(microsecond=0), self.events[-1].at)
        if self.over or at > self.until:
            self.over = True
            return
        before = self.events[-1]
        self.events.append(
            Event(
                act=event.act, from_state=before.to_state, to_state=event.to_state, at=at,
                actor=self._who(event.act),
                role=_DUTIES.get(event.act, "processor"), number=before.number + 1, about=event.about,
            )
        )  # fmt: skip

    def _who(self, act: str) -> str:
        """Who does it; work at the desk is done by whoever holds the dossier."""
        holder = next((one.about["to"] for one in reversed(self.events) if one.act == ASSIGN), "")
        if act not in _ROLES and holder:
            return str(holder)
        return self.setting.who(act)

    def _happens(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def _reason(self, name: str) -> str:
        return str(self.random.choice(self.facts["reasons"][name]))


_ROLES = {
    "receive": "tiepnhan", "refuse_reception": "tiepnhan", "hand_over": "tiepnhan", "withdraw": "tiepnhan",
    "settle": "lanhdao", "stop": "lanhdao", "correct": "lanhdao", EXTEND: "lanhdao", ASSIGN: "lanhdao",
}  # fmt: skip
_DUTIES = {
    "receive": "receiver", "refuse_reception": "receiver", "hand_over": "receiver", "withdraw": "receiver",
    "paid": "receiver", "settle": "decider", "stop": "decider", "correct": "decider", EXTEND: "decider",
    ASSIGN: "decider",
}  # fmt: skip
