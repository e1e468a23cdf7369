"""Brings the Portal to the state of our events: dossiers in order, each step once, whatever breaks on the way.

A step has no number over there and doubles when it is sent again, so the ledger is written before a step goes out
(`sending`) and after it was taken (`accepted`). What stands as `sending` when somebody comes back is unknown: the
Portal is asked what it has, and only what it has not is sent. Dossiers are taken in batches: written down together
before and after, sent side by side, each in the order of its own events.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import structlog

from lienthong import clock
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal import gathering, ledger, line, saying
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.ledger import Step, Work

FIRST_WAIT, LONGEST_WAIT = 15.0, 3600.0
"""Seconds before a dossier is tried again: doubled each time, up to an hour, with some chance in it."""
BATCH = 24
"""Dossiers that are written down together; when the program is killed the Portal is asked about so many at most."""
LOOK_AGAIN = 600.0
"""Seconds after which all dossiers are compared again, not only those with new events."""
IN_FLIGHT = 5000
"""Positions of events that may be committed later than higher ones."""

SHOWN = 200
"""Steps of the other side that are kept for whoever decides."""


class Sent(msgspec.Struct, kw_only=True):
    """What one round did. `stopped`: the breaker is open."""

    dossiers: int = 0
    steps: int = 0
    waiting: int = 0
    blocked: int = 0
    stopped: bool = False


class Sending:
    """Sends to one Portal. `now` and `chance` are handed in so that tests own the clock and the dice.

    `side_by_side` dossiers of a batch are sent at the same time, each over a connection of its own.
    """

    def __init__(
        self,
        client: Client,
        *,
        now: Callable[[], datetime] = clock.now,
        chance: Callable[[], float] = random.random,
        table: Moves | None = None,
        side_by_side: int = 1,
        gather: gathering.Gathering | None = None,
    ) -> None:
        self.client, self._now, self._chance = client, now, chance
        self._table = table or moves()
        self._gather = gather or gathering.Gathering()
        self._crew = ThreadPoolExecutor(side_by_side, "portal") if side_by_side > 1 else None
        self._log = structlog.get_logger()
        self._mark = 0
        self._compared_at: datetime | None = None

    def close(self) -> None:
        """End the threads."""
        if self._crew is not None:
            self._crew.shutdown()

    def round(self, conn: psycopg.Connection[Any], limit: int = 2000) -> Sent:
        """Send what is due, oldest events first; `conn` must be in autocommit, so that the ledger outlives us."""
        done = Sent()
        codes = [] if self._stopped(conn, done) else self._due(conn, limit)
        while codes and not done.stopped:
            standing = line.line(conn).standing(self._now())
            size = 1 if standing == "trying" else BATCH
            batch, codes = codes[:size], codes[size:]
            held = ledger.hold(conn, batch)
            try:
                self._batch(conn, held, done)
            finally:
                if not conn.closed and not conn.broken:
                    ledger.let_go(conn, held)
            self._stopped(conn, done)
        return done

    def _stopped(self, conn: psycopg.Connection[Any], done: Sent) -> bool:
        done.stopped = line.line(conn).standing(self._now()) == "open"
        return done.stopped

    def _due(self, conn: psycopg.Connection[Any], limit: int) -> list[str]:
        """What is to be sent. All dossiers are compared now and then; in between only new events are looked at."""
        now = self._now()
        if self._compared_at is None or abs((now - self._compared_at).total_seconds()) > LOOK_AGAIN:
            last = ledger.last_position(conn)
            codes = ledger.due(conn, now, limit)
            if len(codes) < limit:
                self._compared_at, self._mark = now, max(0, last - IN_FLIGHT)
            return codes
        return ledger.due(conn, now, limit, self._mark)

    # -- one batch

    def _batch(self, conn: psycopg.Connection[Any], codes: Sequence[str], done: Sent) -> None:
        settle = self.client.profile.settle_seconds
        works = ledger.load(conn, codes, self._now(), settle)
        if not works:
            return
        self._gather.fill(conn, works, self._now())
        for work in works:
            self._prepare(work)
        ledger.begin(conn, works, self._now())
        broken = _Streak()
        self._each(works, lambda work: self._one(work, broken))
        self._keep(conn, works, broken, done)

    def _each(self, works: Sequence[Work], does: Callable[[Work], None]) -> None:
        if self._crew is None or len(works) == 1:
            for work in works:
                does(work)
            return
        futures = [self._crew.submit(does, work) for work in works]
        wait(futures)
        for future in futures:
            future.result()

    def _prepare(self, work: Work) -> None:
        """Say every step that was not taken yet; what is in doubt stays so until the Portal was asked."""
        work.doubtful = set(work.unknown)
        for event in saying.steps_of(work.events):
            if event.number not in work.accepted and event.number not in work.never:
                said = saying.step_fields(
                    work.dossier, event, self._table, self.client.profile, work
                )
                work.steps.append(
                    Step(number=event.number, said=said, print=saying.fingerprint(said))
                )

    def _one(self, work: Work, broken: _Streak) -> None:
        if broken.enough:
            return  # the line is down: nothing of this dossier was tried
        work.tried = True
        try:
            self._settle_unknown(work)
            self._person(work)
            self._dossier(work)
            self._steps(work)
            work.done = True
            broken.answered()
        except saying.Unsayable as unsayable:
            work.missing = unsayable.missing
        except Unavailable as silent:
            work.failure, work.line_failed = silent, True
            broken.failed()
        except Refused as refused:
            work.failure = refused
            broken.answered()
        except Exception as fault:
            # A dossier of a shape that nobody foresaw stops no other; its words stay out of the log.
            self._log.exception("portal.fault", dossier=work.dossier.code)
            work.failure = Refused(
                "portal.fault",
                "The dossier could not be said (%(why)s); tell the developers.",
                why=type(fault).__name__,
            )

    def _keep(
        self, conn: psycopg.Connection[Any], works: Sequence[Work], broken: _Streak, done: Sent
    ) -> None:
        now = self._now()
        ledger.keep(conn, works, [self._wait(work) for work in works], now)
        silent = [work.failure for work in works if work.line_failed and work.failure]
        if broken.answers:
            line.works(conn, now)
        if broken.count and silent:
            line.failed(conn, silent[-1], now, broken.count)
        done.dossiers += sum(work.done for work in works)
        done.steps += sum(len(work.sent) for work in works)
        done.blocked += sum(bool(work.missing) for work in works)
        done.waiting += sum(work.failure is not None for work in works)

    def _wait(self, work: Work) -> float:
        longer = FIRST_WAIT * 2.0 ** min(work.attempts, 20)
        return min(LONGEST_WAIT, longer) * (0.5 + self._chance() / 2)

    # -- one dossier

    def _person(self, work: Work) -> None:
        """The Portal's own id of whoever filed online: asked for once, never made up."""
        number = work.applicant.get("number")
        if saying.needs_technical_id(work, self.client.profile) and number:
            work.technical_id = self.client.technical_id(str(number))

    def _dossier(self, work: Work) -> None:
        """Make or change the dossier: it is known by its code, so that repeating does no harm."""
        fields = saying.dossier_fields(work, self.client.profile)
        answer = self.client.dossier(fields, update=work.created)
        if not work.created and self.client.profile.exists(answer.message):
            self.client.dossier(fields, update=True)
        work.created = True

    def _steps(self, work: Work) -> None:
        left = [step for step in work.steps if step.number not in work.sent]
        size = self.client.profile.chunk
        for at in range(0, len(left), size):
            chunk = left[at : at + size]
            # A refused chunk may have been taken in part: it stays in doubt until the Portal says what it has.
            work.doubtful |= {step.number for step in chunk}
            work.out |= {step.number for step in chunk}
            self.client.progress([step.said for step in chunk])
            work.sent |= {step.number: step.print for step in chunk}

    def _settle_unknown(self, work: Work) -> None:
        """Ask what became of steps that went out without an answer; raises Refused for what a person must decide."""
        if not work.unknown:
            return
        theirs = self.client.look_up(work.dossier.code)
        steps = [] if theirs is None else theirs.get("TienDo")
        if steps is None:
            _hold(work, dict.fromkeys(work.unknown))
            steps = []
        own = {step.number: step.print for step in work.steps}
        there = Counter(saying.fingerprint(step) for step in steps)
        there.subtract(work.accepted.values())
        for number, print_ in work.unknown.items():
            # It may stand in the ledger as we knew it before, or as a person found it over there.
            found = next((one for one in (print_, own.get(number, print_)) if there[one] > 0), None)
            if found is not None:
                work.sent[number] = found
                there[found] -= 1
        ours = {*work.accepted.values(), *work.unknown.values(), *own.values(), *work.familiar}
        strange = [step for step in steps if saying.fingerprint(step) not in ours]
        seen = {
            step.number: [one for one in strange if self._may_be(step, one)]
            for step in work.steps
            if step.number in work.unknown and step.number not in work.sent
        }
        if any(seen.values()):
            _hold(work, {number: found for number, found in seen.items() if found})
        work.doubtful -= set(work.unknown)

    def _may_be(self, ours: Step, theirs: Mapping[str, Any]) -> bool:
        """Whether a step that we do not know may be this one: of its state or moment, or of a state nobody can read."""
        state = str(theirs.get("TrangThai"))
        return (
            state == ours.said["TrangThai"]
            or state not in self.client.profile.states.values()
            or theirs.get("ThoiDiemXuLy") == ours.said["ThoiDiemXuLy"]
        )


def _hold(work: Work, seen: Mapping[int, Sequence[Mapping[str, Any]] | None]) -> None:
    """Hold these steps back with what was seen of each; None: the Portal tells nothing, and who was let go may go.

    A permission was given for what was seen then; another strange step needs another look.
    """
    held = {n: found or () for n, found in seen.items() if found or n not in work.allowed}
    if not held:
        return
    work.held = {
        number: [
            {
                "at": str(one.get("ThoiDiemXuLy") or "")[:20],
                "state": str(one.get("TrangThai") or "")[:10],
                "print": saying.fingerprint(one),
            }
            for one in found[:SHOWN]
        ]
        for number, found in held.items()
    }
    if not any(held.values()):
        raise Refused(
            "portal.blind",
            "The Portal does not say which steps it has; they are not sent again without knowing.",
        )
    raise Refused(
        "portal.strange-step",
        "The Portal has a step like one in doubt, at another moment; it is not sent before somebody looked.",
    )


class _Streak:
    """How often the line failed in a row in this batch, for all that send it."""

    def __init__(self) -> None:
        self.count, self.answers, self._lock = 0, 0, threading.Lock()

    @property
    def enough(self) -> bool:
        return self.count >= line.BREAK_AFTER

    def failed(self) -> None:
        with self._lock:
            self.count += 1

    def answered(self) -> None:
        with self._lock:
            self.count, self.answers = 0, self.answers + 1
