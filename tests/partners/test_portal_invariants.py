"""The seven invariants of the exchange with the Portal, after any interleaving of acts, faults, kills and restarts."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lienthong.dossiers import acting, dossier
from lienthong.errors import Failure, Unavailable
from lienthong.partners.portal import inbound, reconciling
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.sending import Sending
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import MOODS, PUSH_FAULTS, Moods, Rates
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.both_sides import broken, looks
from tests.partners.portal_world import PROCEDURE, World, published

UNITS = (f"G18.{number}" for number in itertools.count(600))
PERSON = {"name": "Lê Thị Mẫu", "number": "001190000001"}
RATES = Rates(slow_seconds=0.0)
FAULTS = [one for one in PUSH_FAULTS if not one.startswith("wrong_")]


class Killed(BaseException):
    """The process ends here."""


class Exchange(RuleBasedStateMachine):
    """One ministry, one Portal, citizens, officials, and everything that can go wrong between them."""

    db = None

    @initialize()
    def begin(self):
        self.folder = TemporaryDirectory(prefix="lt-both-")
        self.home = Path(self.folder.name)
        self.conn = self.db.connect(autocommit=True)
        self._forget()
        self.unit = next(UNITS)
        self._agencies(f"  - {{code: {self.unit}, vi: Cục mẫu, parent: G18}}\n")
        self.pushed, self.past, self.merged = [], {}, False
        self.standin = self._portal()
        self.standin.__enter__()
        self.world = World(self.db, self.standin, unit=self.unit)

    def _forget(self):
        """What other runs left is none of this one's business."""
        with self.db.connect("owner") as conn:
            conn.execute(
                "TRUNCATE dossiers.dossier, portal.inbound, portal.link, portal.session, portal.difference CASCADE"
            )
            conn.commit()

    def _portal(self):
        memory = Memory(file=self.home / "portal.jsonl")
        return StandIn(memory, Moods(RATES), deliver=self._deliver)

    def _deliver(self, kind, body):
        with self.db.connect() as conn:
            taken = inbound.take(conn, kind, body, at=self.world.now)
            conn.commit()
        return taken.code, taken.message

    def _agencies(self, lines):
        (self.home / "agencies.yaml").write_text(f"agencies:\n{lines}", "utf-8")

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            self._heal()
            wrong = broken(self.conn, self.standin.memory, self._ours(), self.pushed, self.past)
            assert wrong == {}
        finally:
            self.world.client.close()
            self.standin.__exit__()
            self.conn.close()
            self.folder.cleanup()

    def _ours(self):
        return [
            code for (code,) in self.conn.execute("SELECT code FROM dossiers.dossier").fetchall()
        ]

    def _heal(self):
        """Everything works again, and both sides have the time they need."""
        self.standin.moods.down = False
        self.standin.moods.choose(RATES)
        self.standin.moods._next.clear()
        for _ in range(8):
            self.world.now += timedelta(hours=2)
            self.standin.services.do_late()
            self.standin.pushing.round()
            inbound.resolve(self.conn, self.home, now=self.world.now, client=self.world.client)
        self.world.until_quiet()

    # -- citizens

    @rule(faults=st.sets(st.sampled_from(FAULTS), max_size=2))
    def a_citizen_files(self, faults):
        self.standin.moods.then_push(*faults)
        self.standin.citizens.memory.procedures.setdefault(
            PROCEDURE.code, {"MATTHC": PROCEDURE.code, "TENTTHC": "x"}
        )
        if all(one["MADONVI"] != self.unit for one in self.standin.memory.agencies):
            self.standin.memory.agencies.append({"MADONVI": self.unit, "TENDONVI": "Cục mẫu"})
        self.pushed.append(self.standin.citizens.file(PROCEDURE.code, self.unit, PERSON))

    @precondition(lambda self: self.pushed)
    @rule(which=st.integers(0, 50), twice=st.booleans())
    def a_citizen_supplements(self, which, twice):
        code = self.pushed[which % len(self.pushed)]
        if self.standin.memory.dossiers[code]["TrangThaiHoSo"] == "5":
            self.standin.moods.then_push(*(["repeat"] if twice else []))
            self.standin.citizens.supplement(code, (), "đã bổ sung")

    @rule()
    def the_portal_pushes(self):
        self.standin.pushing.round()

    @precondition(lambda self: self.standin.memory.pushes)
    @rule(which=st.integers(0, 50))
    def the_portal_pushes_again(self, which):
        numbers = list(self.standin.memory.pushes)
        self.standin.pushing.again(numbers[which % len(numbers)])

    # -- officials

    @rule()
    def a_desk_files(self):
        with self.db.connect() as conn:
            self.world.file(conn)

    @precondition(lambda self: self._ours())
    @rule(which=st.integers(0, 50), choice=st.integers(0, 9))
    def an_official_acts(self, which, choice):
        ours = sorted(self._ours())
        with self.db.connect() as conn:
            self.world.act(conn, ours[which % len(ours)], choice)

    @precondition(lambda self: self._ours())
    @rule(which=st.integers(0, 50), days=st.integers(1, 9))
    def a_head_promises_a_new_date(self, which, days):
        ours = sorted(self._ours())
        self.world.now += timedelta(minutes=3)
        with self.db.connect() as conn:
            found = dossier.find(conn, ours[which % len(ours)])
            try:
                new = (found.due_at or self.world.now) + timedelta(days=days)
                acting.extend(conn, "head", found.code, new, "nhiều việc", at=self.world.now)
                conn.commit()
            except Failure:
                conn.rollback()

    @rule()
    def what_came_is_resolved(self):
        with suppress(Unavailable):
            inbound.resolve(self.conn, self.home, now=self.world.now, client=self.world.client)

    # -- the line

    @rule(moods=st.lists(st.sampled_from(("well", *MOODS)), max_size=6))
    def the_worker_sends(self, moods):
        self.standin.moods.then(*moods)
        self.world.send()
        self.standin.moods._next.clear()

    @rule(
        moods=st.lists(st.sampled_from(("well", *MOODS)), max_size=4),
        after=st.integers(1, 8),
        did=st.booleans(),
    )
    def the_worker_is_killed(self, moods, after, did):
        """It ends before or after one of its calls; the next one starts half a minute later and remembers nothing."""
        self.standin.moods.then(*moods)
        left, real = after, self.world.client.call

        def calling(*arguments, **named):
            nonlocal left
            left -= 1
            if left == 0 and not did:
                raise Killed
            answer = real(*arguments, **named)
            if left == 0:
                raise Killed
            return answer

        self.world.client.call = calling
        try:
            with self.db.connect(autocommit=True) as conn:
                self.world.sending.round(conn)
        except Killed:
            pass
        self.world.client.close()
        self.standin.moods._next.clear()
        self.world.now += timedelta(seconds=30)
        self._worker()

    def _worker(self):
        access = Access(
            url=self.standin.url, unit="G18", username="byt", password="practise", timeout=60
        )
        self.world.client = Client(access)
        self.world.sending = Sending(
            self.world.client, now=lambda: self.world.now, chance=lambda: 1.0
        )

    @rule(down=st.booleans())
    def the_line_goes_down_or_comes_back(self, down):
        self.standin.moods.down = down

    @rule()
    def sessions_end(self):
        self.standin.services.expire()

    @rule()
    def the_portal_falls_over_and_comes_back(self):
        """All it knew is in its file; what was late in its hands is lost with it, as the caller must expect."""
        held = (self.standin.memory.dossiers, self.standin.memory.steps, self.standin.memory.pushes)
        down = self.standin.moods.down
        self.standin.__exit__()
        self.world.client.close()
        self.standin = self._portal()
        self.standin.__enter__()
        self.standin.moods.down = down
        assert held == (
            self.standin.memory.dossiers,
            self.standin.memory.steps,
            self.standin.memory.pushes,
        )
        self.standin.memory.clock = lambda: self.world.now
        self.world.standin = self.standin
        self._worker()

    # -- time, comparison, agencies

    @rule(minutes=st.sampled_from((1, 15, 240, 1440, 4320)))
    def time_passes(self, minutes):
        self.world.now += timedelta(minutes=minutes)

    @rule()
    def both_sides_are_compared(self):
        with suppress(Failure):
            reconciling.reconcile(
                self.conn, self.world.client, sorted(self._ours()), now=self.world.now
            )

    @precondition(lambda self: not self.merged and self._ours())
    @rule()
    def the_agency_is_merged_into_another(self):
        self.past = {code: looks(self.conn, code) for code in self._ours()}
        until = f"{(self.world.now - timedelta(days=1)):%Y-%m-%d}"
        self._agencies(
            f"  - {{code: {self.unit}, vi: Cục mẫu, until: '{until}', successor: G18.599}}\n"
            "  - {code: G18.599, vi: Cục mới, parent: G18}\n"
        )
        self.merged = True


@pytest.fixture(scope="module")
def ready(db):
    with db.connect() as conn:
        published(conn)
    return db


def test_any_interleaving_ends_in_the_seven_invariants(ready):
    """Failures, retries, restarts of either side, clock steps and reconciliation, in any order."""
    Exchange.db = ready
    run_state_machine_as_test(
        Exchange,
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            phases=(
                Phase.explicit,
                Phase.generate,
            ),  # shrinking takes minutes; the rules are printed as found
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (lambda memory, code: memory.dossiers.pop(code), "1 "),
        (lambda memory, code: memory.dossiers[code].update(TrangThaiHoSo="8"), "1 "),
        (lambda memory, code: memory.steps[code].append(memory.steps[code][0]), "1 "),
        (lambda memory, code: memory.history[code].extend(["4", "2"]), "3 "),
    ],
)
def test_the_invariants_can_break(ready, harm, name):
    with StandIn() as standin, ready.connect(autocommit=True) as conn:
        world = World(ready, standin, unit=next(UNITS))
        with ready.connect() as other:
            code = world.file(other)
            world.act(other, code, 0)
        world.until_quiet()
        assert broken(conn, standin.memory, [code], [], {}) == {}
        harm(standin.memory, code)
        assert [found[:2] for found in broken(conn, standin.memory, [code], [], {})] == [name]
        world.client.close()


def test_a_lost_push_and_a_changed_dossier_are_named(ready):
    with ready.connect(autocommit=True) as conn:
        wrong = broken(conn, Memory(), [], ["G18.12-261120-189999"], {})
        assert list(wrong) == ["2 nothing lost between push and reception or queue"]
