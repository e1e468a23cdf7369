"""What the stand-in Portal knows of the invented dossiers: sent by our own sender over a line that sometimes fails.

Then it is made a little wrong on purpose, so that there is something to reconcile and a queue to work off. Everything
goes to a stand-in that we made; nothing of it can leave the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psycopg

from lienthong import clock
from lienthong.partners.portal import catalogues, inbound, reconciling, times
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.gathering import Gathering
from lienthong.partners.portal.sending import Sending
from lienthong.partners.stand_ins.portal import catalogue
from lienthong.partners.stand_ins.portal.citizens import Citizens, Paper
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Moods, Rates
from lienthong.partners.stand_ins.portal.paying import Paying
from lienthong.partners.stand_ins.portal.pushing import Pushing
from lienthong.partners.stand_ins.portal.site import SECRET
from lienthong.partners.stand_ins.portal.wire import Wire
from lienthong.procedures.agencies import agencies
from lienthong.synthetic.chance import chance, declared

ADDRESS = "http://127.0.0.1"
ROUND = 1_000
ROUNDS = 60
"""Rounds after which sending is given up: with the declared rates two or three are needed for each thousand."""
LOOKED_AT = timedelta(days=14)


def synchronise(
    conn: psycopg.Connection[Any],
    file: Path,
    home: Path,
    *,
    seed: int,
    until: datetime,
    advance: Callable[[int], object] = lambda count: None,
) -> int:
    """Send every dossier to a stand-in that keeps what it hears in `file`; returns how many. `conn` in autocommit.

    Afterwards both sides differ in the declared number of dossiers, and messages with known faults wait in the queue.
    """
    facts = declared("dossiers")["portal"]
    memory = Memory(file=file)
    try:
        catalogue.fill(memory, agencies(home))
        moods = Moods(Rates(**facts["rates"]), seed)
        client = _client(Wire(memory, moods))
        conn.execute("SET synchronous_commit = off")
        catalogues.fetch_all(conn, client, clock.now())
        sent = _send(conn, client, home, advance)
        _when_it_was_heard(conn, facts)
        _rate(conn, facts["ratings"])
        moods.choose(Rates())
        spoilt = _spoil(conn, memory, chance(seed, "portal"), facts["differences"])
        _push(conn, memory, seed, until, facts["pushes"])
        _compare(conn, client, until, spoilt)
    finally:
        conn.execute("RESET synchronous_commit")
        memory.close()
    return sent


def _client(wire: Wire) -> Client:
    """The client that we always use, over a line inside this program."""

    def answer(request: httpx.Request) -> httpx.Response:
        reply = wire.take(request.content)
        if reply.hang_up:
            raise httpx.ReadError("the line broke", request=request)
        return httpx.Response(reply.status, content=reply.content)

    access = Access(
        url=ADDRESS, unit="G18", username=wire.memory.username, password=wire.memory.password
    )
    return Client(access, transport=httpx.MockTransport(answer))


def _send(
    conn: psycopg.Connection[Any], client: Client, home: Path, advance: Callable[[int], object]
) -> int:
    """Rounds of sending until nothing is left; whoever must wait is due again at once, for the wait is invented."""
    moment, sent = clock.now(), 0
    sending = Sending(client, gather=Gathering(home), now=lambda: moment)
    for _ in range(ROUNDS):
        done = sending.round(conn, ROUND)
        sent += done.dossiers
        advance(done.dossiers)
        if not (done.dossiers or done.waiting or done.stopped):
            break
        moment += timedelta(hours=2)
    sending.close()
    return sent


def _when_it_was_heard(conn: psycopg.Connection[Any], facts: Mapping[str, Any]) -> None:
    """Steps of the past were heard soon after they were taken, some of them days later, and not today."""
    late, seconds = facts["late"], facts["late_days"] * 86_400
    conn.execute(
        "UPDATE portal.step s SET tried_at = x.at, accepted_at = x.at FROM ("
        " SELECT e.dossier, e.number, e.at + make_interval(secs => CASE WHEN h.it %% 1000 < %s"
        "  THEN h.it %% %s ELSE 5 + h.it %% 600 END) AS at"
        " FROM dossiers.event e, LATERAL (SELECT abs(hashtext(e.dossier || '/' || e.number)::bigint) AS it) h) x"
        " WHERE s.dossier = x.dossier AND s.number = x.number AND s.state = 'accepted'",
        [late * 10, seconds],
    )
    conn.execute(
        "UPDATE portal.dossier p SET sent_at = x.at, changed_at = x.at, failing_since = NULL FROM ("
        " SELECT dossier, max(accepted_at) AS at FROM portal.step GROUP BY dossier) x WHERE p.code = x.dossier"
    )
    conn.execute(
        "UPDATE portal.link SET failures = 0, open_until = '-infinity', failed_at = NULL, last_success = %s",
        [clock.now()],
    )


def _rate(conn: psycopg.Connection[Any], shares: Mapping[str, int]) -> None:
    """Some of those who got a result said how satisfied they are, a day later."""
    very, satisfied, not_satisfied = (shares[name] for name in ("very", "satisfied", "not"))
    conn.execute(
        "INSERT INTO portal.rating (dossier, overall, criteria, rated_at, received_at)"
        " SELECT code, CASE WHEN it < %(a)s THEN 2 WHEN it < %(b)s THEN 1 ELSE 0 END, '{}', at, at"
        " FROM (SELECT code, returned_at + interval '1 day' AS at, abs(hashtext('rated/' || code)::bigint) %% 100 AS it"
        "  FROM dossiers.dossier WHERE returned_at IS NOT NULL) x WHERE it < %(c)s AND at < %(now)s"
        " ON CONFLICT DO NOTHING",
        {
            "a": very,
            "b": very + satisfied,
            "c": very + satisfied + not_satisfied,
            "now": clock.now(),
        },
    )


def _spoil(
    conn: psycopg.Connection[Any], memory: Memory, random: Random, counts: Mapping[str, int]
) -> list[str]:
    """Make the stand-in's memory of some dossiers a little wrong, as systems in service are."""
    ended = [
        code
        for (code,) in conn.execute(
            "SELECT code FROM dossiers.dossier WHERE state IN ('settled', 'returned') AND due_at IS NOT NULL"
            " AND settled_at < due_at ORDER BY settled_at DESC LIMIT 600"
        ).fetchall()
        if memory.steps.get(code)
    ]
    spoilt = random.sample(ended, k=min(len(ended), sum(counts.values())))
    chosen = iter(spoilt)
    for kind, count in counts.items():
        for _, code in zip(range(count), chosen, strict=False):
            if kind == "step_twice":
                memory.change("step", step=memory.steps[code][-1])
            else:
                memory.change(
                    "dossier", fields=memory.dossiers[code] | _WRONG[kind](memory.dossiers[code])
                )
    return spoilt


_WRONG: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "not_heard": lambda fields: {"TrangThaiHoSo": "4", "NgayKetThucXuLy": None, "NgayTra": None},
    "other_due": lambda fields: {"NgayHenTra": _earlier(fields.get("NgayHenTra"))},
}


def _earlier(written: object) -> str | None:
    """The same moment a day before, as the Portal writes it."""
    moment = times.read(written)  # type: ignore[arg-type]
    return None if moment is None else times.written(moment - timedelta(days=1))


def _push(
    conn: psycopg.Connection[Any],
    memory: Memory,
    seed: int,
    until: datetime,
    faults: Sequence[Sequence[str]],
) -> None:
    """Citizens file a few dossiers whose messages have faults: they wait in our queue, some for days."""
    moods, hours = Moods(), iter(range(3, 1000, 11))
    before = memory.clock
    pushing = Pushing(memory, moods, lambda kind, body: _taken(conn, kind, body, memory.now()))
    citizens = Citizens(memory, pushing, Paying(memory, pushing, ADDRESS, SECRET), ADDRESS)
    unit = next(one["MADONVI"] for one in memory.agencies if one["MADONVI"].startswith("X01."))
    procedure = sorted(code for code in memory.procedures if code != catalogue.UNMAPPED)[7]
    for at, each in enumerate(faults):
        moment = until - timedelta(hours=next(hours))
        memory.clock = lambda moment=moment: moment  # type: ignore[misc]
        moods.then_push(*each)  # type: ignore[arg-type]
        number = f"001{190 + at % 10}{chance(seed, 'pushed', at).randrange(10**6):06d}"
        paper = Paper(
            component="TP01",
            name="don-de-nghi.pdf",
            content=b"%PDF-1.4 synthetic",
            media_type="application/pdf",
        )
        citizens.file(procedure, unit, {"name": "Người Nộp Mẫu", "number": number}, papers=[paper])
        pushing.round()
    memory.clock = before


def _taken(
    conn: psycopg.Connection[Any], kind: str, body: Mapping[str, Any], at: datetime
) -> tuple[int | None, str]:
    given = inbound.take(conn, kind, body, at=at)
    return given.code, given.message


def _compare(
    conn: psycopg.Connection[Any], client: Client, until: datetime, spoilt: Sequence[str]
) -> None:
    """What the comparisons of the last nights would have found among the dossiers of the last days and these."""
    recent = [
        code
        for (code,) in conn.execute(
            "SELECT d.code FROM dossiers.dossier d JOIN dossiers.event e ON e.position = d.last_event"
            " WHERE e.at > %s OR d.settled_at > %s", [until - LOOKED_AT, until - 3 * LOOKED_AT],
        ).fetchall()
    ]  # fmt: skip
    codes = list(dict.fromkeys([*recent, *spoilt]))
    reconciling.reconcile(conn, client, codes, now=clock.now())
