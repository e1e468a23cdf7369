"""Many dossiers against a stand-in Portal that fails a share of all calls: is anything lost, is any step there twice?

    python -m tests.partners.hundred_thousand --dossiers 100000 --fail 0.1 --kills 3

Everything is real but the dossiers: a PostgreSQL server, the stand-in as a process of its own over HTTP, the sender as
a process that is killed on the way. Only waiting is hurried: when nothing is due, both sides' clocks jump ahead.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import httpx
import msgspec

from lienthong.database import Database
from lienthong.partners.portal import reconciling
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.sending import Sending
from lienthong.reports import cells, counting, forms, period, standing
from tests.partners.both_sides import broken_row
from tests.partners.many_lives import FIRST, LAST, fill

SKIP = 300.0
"""Seconds that both clocks jump ahead when nothing is due."""
ENOUGH = 200
"""Rounds without anything done after which the run is given up."""


class Result(msgspec.Struct, kw_only=True):
    """What came of a run. Every list must be empty, and `steps_there` equal to `steps`."""

    dossiers: int
    steps: int
    steps_there: int = 0
    dossiers_there: int = 0
    making_seconds: float = 0
    sending_seconds: float = 0
    comparing_seconds: float = 0
    kills: int = 0
    calls: int = 0
    faults: int = 0
    differing: int = 0
    examples: list[str] = []
    days_compared: int = 0
    days_differing: list[str] = []
    forms_checked: int = 0
    forms_broken: list[str] = []

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, every form balanced."""
        same = (self.dossiers, self.steps) == (self.dossiers_there, self.steps_there)
        wrong = self.differing or self.forms_broken or self.days_differing
        return same and not wrong and self.forms_checked > 0 and self.days_compared > 0


# -- both clocks


class Hurried:
    """A clock that jumps when nothing is due; the stand-in's goes with it."""

    def __init__(self, portal: str, skipped: Synchronized[float]) -> None:
        self._skipped, self._portal = skipped, httpx.Client(base_url=portal, timeout=60)

    def now(self) -> datetime:
        """This moment, as far ahead as was skipped."""
        return datetime.now(UTC) + timedelta(seconds=self._skipped.value)

    def skip(self) -> None:
        """Jump."""
        self._skipped.value += SKIP
        self._portal.put(
            "/stand-in/clock", json={"seconds": self._skipped.value}
        ).raise_for_status()


def client_of(portal: str) -> Client:
    """A client as the worker has."""
    return Client(Access(url=portal, unit="G18", username="byt", password="practise", timeout=60))


def send_all(conninfo: str, portal: str, lines: int, skipped: Synchronized[float]) -> None:
    """Send until nothing is left, as the worker does; waiting is skipped."""
    hurried, client = Hurried(portal, skipped), client_of(portal)
    sending = Sending(client, now=hurried.now, side_by_side=lines)
    with Database(conninfo).connect("owner", autocommit=True) as conn:
        idle = 0
        while idle < ENOUGH:
            done = sending.round(conn, 2000)
            if done.dossiers:
                idle = 0
                continue
            if not _left(conn):
                break
            idle += 1
            hurried.skip()
    sending.close()
    client.close()


def _left(conn: Any) -> int:
    row = conn.execute(
        "SELECT count(*) FROM dossiers.dossier d LEFT JOIN portal.dossier p USING (code)"
        " WHERE d.last_event > coalesce(p.sent_event, 0)"
    ).fetchone()
    return int(row[0])


def killed_on_the_way(
    send: Callable[..., None],
    arguments: tuple[Any, ...],
    database: Database,
    dossiers: int,
    kills: int,
) -> int:
    """Run the sender as a process, kill it hard at `kills` places, begin it again; how often it was killed."""
    spawn, done = multiprocessing.get_context("spawn"), 0
    while True:
        process = spawn.Process(target=send, args=arguments, daemon=True)
        process.start()
        assert process.pid
        goal = (
            dossiers * (kills - (done + 1)) // (kills + 1)
        )  # so many are left when it is killed next
        while process.is_alive():
            process.join(1.0)
            with database.connect("owner") as conn:
                left = _left(conn)
            if done < kills and process.is_alive() and left <= max(goal, 1):
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                done += 1
                break
        else:
            return done


# -- the run


def run(
    database: Database,
    portal: str,
    dossiers: int,
    *,
    fail: float = 0.1,
    seed: int = 1,
    lines: int = 8,
    kills: int = 0,
    tell: Callable[[str], None] = lambda line: None,
) -> Result:
    """Make dossiers, send them through the faults, compare both sides, count the forms."""
    began = time.monotonic()
    result = Result(dossiers=dossiers, steps=fill(database, dossiers, seed))
    result.making_seconds = time.monotonic() - began
    tell(f"{dossiers:,} dossiers with {result.steps:,} steps made in {result.making_seconds:.0f} s")
    share = fail / 7
    moods = dict.fromkeys(
        ("drop_before", "drop_after", "error_500", "garbage", "expire", "part", "late"), share
    )
    _choose(portal, moods | {"late_seconds": 5.0}, seed)
    skipped = multiprocessing.get_context("spawn").Value("d", 0.0)
    arguments = (database.url, portal, lines, skipped)
    began = time.monotonic()
    if kills:
        result.kills = killed_on_the_way(send_all, arguments, database, dossiers, kills)
    else:
        send_all(*arguments)  # type: ignore[arg-type]
    result.sending_seconds = time.monotonic() - began
    tell(f"sent in {result.sending_seconds:.0f} s ({dossiers / result.sending_seconds:,.0f}/s)")
    Hurried(portal, skipped).skip()
    _read_counts(portal, result)
    tell(
        f"there: {result.dossiers_there:,} dossiers, {result.steps_there:,} steps;"
        f" {result.faults:,} of {result.calls:,} calls failed, {result.kills} kills"
    )
    _choose(portal, {}, seed)
    began = time.monotonic()
    _compare(database, portal, lines, result)
    result.comparing_seconds = time.monotonic() - began
    tell(f"compared in {result.comparing_seconds:.0f} s")
    _compare_days(database, portal, result)
    _count_forms(database, result)
    return result


def _choose(portal: str, rates: dict[str, float], seed: int) -> None:
    answer = httpx.put(f"{portal}/stand-in/moods", json={"rates": rates, "seed": seed}, timeout=60)
    answer.raise_for_status()


def _read_counts(portal: str, result: Result) -> None:
    held = httpx.get(f"{portal}/stand-in/state", timeout=60).json()["held"]
    result.dossiers_there, result.steps_there = held["dossiers"], held["steps"]
    result.faults = sum(count for name, count in held["calls"].items() if name.startswith("mood "))
    services = ("login", "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "TraCuuHoSo", "TraCuuTechID")
    lost = sum(
        held["calls"].get(f"mood {mood}", 0) for mood in ("drop_before", "error_500", "late")
    )
    result.calls = lost + sum(held["calls"].get(name, 0) for name in services)


def _compare(database: Database, portal: str, lines: int, result: Result) -> None:
    client = client_of(portal)
    with database.connect("owner", autocommit=True) as conn:
        codes = [
            code
            for (code,) in conn.execute(
                "SELECT code FROM dossiers.dossier ORDER BY code"
            ).fetchall()
        ]
        found = reconciling.reconcile(conn, client, codes, side_by_side=lines)
    client.close()
    result.differing = len(found)
    result.examples = [f"{one.dossier} {one.kind}: {one.ours} / {one.theirs}" for one in found[:10]]


def _compare_days(database: Database, portal: str, result: Result) -> None:
    """Indicator 1.4 from both sides: received here and held there, by agency and day."""
    span = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
    counted = httpx.get(f"{portal}/stand-in/statistics", params=span, timeout=300).json()
    theirs = {(one["unit"], one["day"]): one["synced"] for one in counted if one["synced"]}
    with database.connect("owner") as conn:
        rows = conn.execute(
            "SELECT unit, (received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date::text, count(*) FROM dossiers.dossier"
            " WHERE received_at IS NOT NULL GROUP BY 1, 2"
        ).fetchall()
    ours = {
        (unit, day): count
        for unit, day, count in rows
        if FIRST.isoformat() <= day <= LAST.isoformat()
    }
    result.days_compared = len(ours)
    result.days_differing = [
        f"{unit} {day}: {ours.get((unit, day), 0)} here, {theirs.get((unit, day), 0)} there"
        for unit, day in sorted(ours.keys() | theirs.keys())
        if ours.get((unit, day)) != theirs.get((unit, day))
    ]


def _count_forms(database: Database, result: Result) -> None:
    """Form II.06 of every unit, month by month, quarter and year: each identity, and what is carried over."""
    with database.connect("owner") as conn:
        standing.follow(conn)
        left: dict[str, int] = {}
        spans = [period.month(FIRST.year + (FIRST.month + at - 1) // 12, (FIRST.month + at - 1) % 12 + 1)
                 for at in range(12)]  # fmt: skip
        for over in spans:
            rows = _rows(conn, over)
            for unit in sorted(rows.keys() | left.keys()):
                row = rows.get(unit, forms.Row())
                result.forms_broken += [
                    f"{unit} {over.first}: {what}" for what in broken_row(row, left.get(unit))
                ]
                left[unit] = row.in_process
                result.forms_checked += 1
        for over in (
            period.quarter(2026, 1),
            period.quarter(2026, 2),
            period.quarter(2026, 3),
            period.year(2026),
        ):
            for unit, row in _rows(conn, over).items():
                result.forms_broken += [
                    f"{unit} {over.first}: {what}" for what in broken_row(row, None)
                ]
                result.forms_checked += 1
        conn.commit()


def _rows(conn: Any, over: period.Period) -> dict[str, forms.Row]:
    counted = counting.count(conn, over, cells.LAW, by="unit")
    names = forms.Row.__struct_fields__
    for unit, found in counted.items():
        for whole in (
            "received",
            "resolved",
            "in_process",
        ):  # what was counted is what its parts add up to
            row = forms.Row(**{name: found[name] for name in names})
            assert getattr(row, whole) == found[whole], (unit, over.first, whole)
    return {
        unit: forms.Row(**{name: found[name] for name in names}) for unit, found in counted.items()
    }


# -- by hand


@contextmanager
def own_database() -> Iterator[Database]:
    """A PostgreSQL server and a database of our own, gone afterwards."""
    from lienthong.database.cluster import Cluster

    folder = Path(tempfile.mkdtemp(prefix="lt-many-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "pg", options={"fsync": "off"})
    cluster.start()
    try:
        database = Database(cluster.conninfo)
        database.migrate()
        yield database
    finally:
        cluster.leave()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_portal(port: int) -> Iterator[str]:
    """The stand-in as a process of its own."""
    command = [
        sys.executable,
        "-m",
        "lienthong",
        "portal-stand-in",
        "--port",
        str(port),
        "--attached",
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=60) as asking:
            asking.get(url + "/stand-in/state").raise_for_status()
        yield url
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(30)


def main() -> int:
    """Run by hand or by the bench; 0 when nothing was lost, doubled or unbalanced."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--dossiers", type=int, default=100_000)
    reading.add_argument("--fail", type=float, default=0.1)
    reading.add_argument("--kills", type=int, default=3)
    reading.add_argument("--lines", type=int, default=8)
    reading.add_argument("--seed", type=int, default=1)
    reading.add_argument("--port", type=int, default=8019)
    asked = reading.parse_args()
    say = sys.stdout.write
    with own_database() as database, own_portal(asked.port) as portal:
        result = run(
            database, portal, asked.dossiers, fail=asked.fail, seed=asked.seed, lines=asked.lines, kills=asked.kills,
            tell=lambda line: (say(line + "\n"), sys.stdout.flush())[1],
        )  # fmt: skip
    say(msgspec.json.format(msgspec.json.encode(result)).decode() + "\n")
    say("nothing lost, nothing twice, every form balanced\n" if result.good else "NOT GOOD\n")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
