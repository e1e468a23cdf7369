"""Dossiers of procedures by API at 100,000 kept ones: single reads, lists of 100, creations; beside a bare server."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.measuring import PROGRAM, Line, processor
from bench.reads import _bare
from bench.records import _free_port, _wait_for
from bench.store import kept_store

CALLERS = 8
UNITS = [f"H{number}.{room}" for number in range(10, 44) for room in ("50", "50.01", "50.02")]
CODE = "1.002600"
APPLICANT = {"kind": "person", "name": "Nguyễn Văn Mẫu", "number_kind": "cccd", "number": "001190000001"}  # fmt: skip
Request = tuple[str, str, bytes | None]


def measure(folder: Path, seconds: int, dossiers: int = 100_000) -> list[Line]:
    """Closed loops from CALLERS connections; every answer is looked at."""
    with kept_store(folder / "store-procedures") as environment:
        begun = time.perf_counter()
        codes, token = fill(environment["LIENTHONG_DATABASE_URL"], dossiers)
        filled = time.perf_counter() - begun
        with served(environment) as (port, pid):
            reads = Loop(
                port, token, pid, lambda at: ("GET", f"/{codes[at * 7919 % len(codes)]}", None)
            )
            reads.run(2)
            read, body = reads.run(seconds), reads.body
            lists = Loop(port, token, pid, _list_of, callers=2)
            lists.run(1)
            listed = lists.run(seconds)
            files = Loop(port, token, pid, _filing, callers=16, status=201)
            files.run(2)
            made = files.run(seconds)
    bare = _bare(folder, body, seconds)
    return [
        Line(f"keeping {dossiers:,} dossiers with their events", f"{dossiers / filled:,.0f}/s", "", "", "-", True),
        Line(f"reading one of {dossiers:,} dossiers, gate and read log", f"{read.rate:,.0f}/s",
             f"{bare:,.0f}/s (bare ASGI)", f"{bare / read.rate:.1f}", "≥ 1,000/s", read.rate >= 1000,
             read.said, read.data),
        Line("list of 100 dossiers by unit, state, due", f"p95 {listed.p95:.1f} ms", "", "", "p95 ≤ 50 ms",
             listed.p95 <= 50, listed.said, listed.data),
        Line(f"filing dossiers by API at {dossiers:,}", f"{made.rate:,.0f}/s", "", "", "≥ 300/s", made.rate >= 300,
             made.said, made.data),
    ]  # fmt: skip


def fill(url: str, count: int) -> tuple[list[str], str]:
    """`count` dossiers of a year, in every state, and the token of somebody who may do everything here."""
    import psycopg

    from lienthong.access import operator, tokens
    from lienthong.dossiers import bulk
    from lienthong.procedures import catalogue
    from lienthong.procedures.procedure import Manner, Procedure, Step, TimeLimit

    days = TimeLimit(value=10, unit="working_days")
    procedure = Procedure(
        code=CODE, name={"vi": "Thủ tục đo"}, levels=("province",), manners=(Manner(limits=(days,)),),
        steps=(Step(name={"vi": "Thẩm định"}, limit=days),),
    )  # fmt: skip
    with psycopg.connect(url) as conn:
        catalogue.draft(conn, "bench", procedure, "bench")
        catalogue.publish(conn, "bench", CODE, date(2025, 1, 1))
        kept = bulk.keep_many(conn, "bench", _invented(count))
        token = tokens.create(
            conn, operator(), facility=UNITS[0], name="bench", province="01", roles=["operator"]
        )
        conn.commit()
        conn.autocommit = True
        conn.execute("ANALYZE")
    return [one.code for one in kept], token


def _invented(count: int) -> Iterator[tuple[Any, list[Any]]]:
    from lienthong.clock import VIETNAM
    from lienthong.dossiers.dossier import Filing
    from lienthong.dossiers.history import Event

    first = datetime(2025, 11, 20, 8, 0, tzinfo=VIETNAM)
    way = [("receive", {}), ("start", {}), ("settle", {"result": "GP"}), ("hand_over", {})]
    for at in range(count):
        filed = first + timedelta(minutes=at * 525_000 / count)
        # Nine of ten are over, as in any office; the others stand where their turn has come.
        length = 4 if at % 10 else at // 10 % 4
        filing = Filing(
            procedure=CODE, unit=UNITS[at % len(UNITS)], province="01", channel="online", filed_at=filed,
            applicant=APPLICANT | {"number": f"0011900{at:05d}"}, summary=f"Hồ sơ {at}",
        )  # fmt: skip
        yield (
            filing,
            [
                Event(act=act, to_state="", at=filed + timedelta(hours=5 * number), about=about)
                for number, (act, about) in enumerate(way[:length], 1)
            ],
        )


def _list_of(at: int) -> Request:
    unit = UNITS[at * 31 % len(UNITS)]
    asked = (
        f"unit={unit}",
        f"unit={unit}&order=due",
        f"unit={unit}&state=processing",
        "order=due",
        "state=new",
    )
    return "GET", f"?limit=100&{asked[at % len(asked)]}", None  # fmt: skip


def _filing(at: int) -> Request:
    body = {
        "procedure": CODE,
        "unit": UNITS[at % len(UNITS)],
        "channel": "online",
        "applicant": APPLICANT,
    }
    return "POST", "", json.dumps(body).encode()  # fmt: skip


@contextmanager
def served(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The site over the store: its port and its process."""
    port = _free_port()
    site = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(port)],
        env={**os.environ, **environment, "LIENTHONG_JOBS": "no"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        yield port, site.pid
    finally:
        site.terminate()
        site.wait(20)


class Measured:
    """What a loop took: answers a second, milliseconds of each."""

    def __init__(self, times: Sequence[float], taken: float, used: float) -> None:
        cuts = quantiles(sorted(times), n=100)
        self.rate, self.p95 = len(times) / taken, cuts[94]
        self.said = (
            f"median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms; {used / len(times) * 1000:.2f} ms of the site's"
            " processor for each, beside the database's"
        )
        self.data = {"rate": self.rate, "p50": cuts[49], "p95": cuts[94], "processor": used}


class Loop:
    """Callers that ask one thing after another."""

    def __init__(
        self, port: int, token: str, pid: int, ask: Callable[[int], Request], *,
        callers: int = CALLERS, status: int = 200,
    ) -> None:  # fmt: skip
        self.port, self.pid, self.ask, self.callers, self.status = port, pid, ask, callers, status
        self.headers = {"authorization": f"Bearer {token}", "accept-encoding": "identity",
                        "content-type": "application/json"}  # fmt: skip
        self.body = b""
        self._next = 0
        self._lock = threading.Lock()

    def run(self, seconds: float) -> Measured:
        """Ask for so long."""
        times: list[float] = []
        wrong: list[str] = []
        begun, before = time.perf_counter(), processor(self.pid)

        def caller() -> None:
            client = http.client.HTTPConnection("127.0.0.1", self.port)
            while time.perf_counter() < begun + seconds and not wrong:
                with self._lock:
                    at, self._next = self._next, self._next + 1
                method, path, body = self.ask(at)
                asked = time.perf_counter()
                client.request(method, f"/api/v1/dossiers{path}", body, self.headers)
                answer = client.getresponse()
                got = answer.read()
                times.append((time.perf_counter() - asked) * 1000)
                if answer.status != self.status:
                    wrong.append(f"{path}: {answer.status} {got[:300]!r}")
            self.body = got

        crew = [threading.Thread(target=caller) for _ in range(self.callers)]
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        if wrong:
            raise RuntimeError(wrong[0])
        return Measured(times, time.perf_counter() - begun, processor(self.pid) - before)
