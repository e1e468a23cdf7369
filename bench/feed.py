"""The feed of changes: how many a reader takes a second, and how soon a kept record is told, by page and by message."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg

from bench.measuring import Line
from bench.store import kept_store

POSTS = 400
PAGE = 1000
WARM = 20
"""Records before those that are measured: the first ones bring the tables and the rules."""


def measure(folder: Path, rows: int) -> list[Line]:
    """Reads a feed of `rows` changes from its beginning; then tells POSTS records one after another."""
    home = folder / "store-feed"
    with kept_store(home) as environment:
        from lienthong.database import Database

        database = Database(environment["LIENTHONG_DATABASE_URL"])
        _fill(database, rows)
        read = _read_all(database, rows)
        sent = _send_all(database, home, rows)
        served, scored = _told(database, home)
    cuts, marks = quantiles(served, n=100), quantiles(scored, n=100)
    return [
        Line("reading the feed of changes, page by page", f"{rows / read:,.0f} changes/s", "", "", "–", True,
             f"{rows:,} changes, {PAGE} a page", {"seconds": read}),
        Line("sending it to a subscriber, signed", f"{rows / sent:,.0f} changes/s", "", "", "–", True,
             "a real HTTP receiver on this machine, 1,000 changes a message", {"seconds": sent}),
        Line("a posted record, from reception to a reader of the feed", f"p99 {cuts[98]:.0f} ms", "", "", "p99 ≤ 1 s",
             cuts[98] <= 1000, f"median {cuts[49]:.0f} ms, one after another", {"p50": cuts[49], "p99": cuts[98]}),
        Line("a posted record, from reception to the score", f"p99 {marks[98]:.0f} ms", "", "", "p99 ≤ 1 s",
             marks[98] <= 1000, f"median {marks[49]:.0f} ms", {"p50": marks[49], "p99": marks[98]}),
    ]  # fmt: skip


def _fill(database: Any, rows: int) -> None:
    with database.connect("owner") as conn:
        conn.execute(
            "INSERT INTO records.change_bundle (contract, table_name, sender, province, kind, receipt, received_at,"
            " kept_at, number, keys, versions, events) SELECT 'bench', 'visits', '01009', '01', 'kept', 'r' || b,"
            " now(), now(), 1000, (SELECT array_agg('V' || b || '-' || i) FROM generate_series(1, 1000) i),"
            " array_fill(1, ARRAY[1000]), array_fill(0::bigint, ARRAY[1000]) FROM generate_series(1, %s) b",
            [rows // 1000],
        )


def _read_all(database: Any, rows: int) -> float:
    from lienthong.records import feed

    seen, at = 0, 0
    begun = time.perf_counter()
    with database.connect() as conn:
        while seen < rows:
            page = feed.page(conn, at, limit=PAGE)
            seen, at = seen + len(page.changes), page.position
    return time.perf_counter() - begun


def _send_all(database: Any, home: Path, rows: int) -> float:
    from lienthong.access import operator
    from lienthong.partners.subscribers import Deliveries, subscriptions
    from lienthong.partners.subscribers.sealing import Seal

    here = frozenset(("127.0.0.1",))
    with _receiving() as url:
        with database.connect() as conn:
            asked = subscriptions.New(name="bench", url=url, purpose="quality", after=0, most=PAGE)
            made, _ = subscriptions.subscribe(
                conn, operator(), asked, seal=Seal(home), allowed=here
            )
        deliveries = Deliveries(home, here)
        begun = time.perf_counter()
        with database.connect(autocommit=True) as conn:
            while deliveries.step(conn, made.id) == "sent":
                pass
            taken = time.perf_counter() - begun
            sent = subscriptions.subscription(conn, made.id).sent
    if sent != rows:
        raise RuntimeError(f"{sent} of {rows} changes were sent")
    return taken


def _told(database: Any, home: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from a record's reception until a reader of the feed has it, and until it counts in the score."""
    import json

    from bench.records import CONTRACT, RECORD
    from lienthong.records import feed
    from lienthong.records.feed import reading
    from lienthong.records.intake.single import RecordIntake

    (home / "contracts").mkdir(parents=True, exist_ok=True)
    (home / "contracts" / "single.odcs.yaml").write_text(CONTRACT)
    record = json.dumps(RECORD)
    served: list[float] = []
    scored: list[float] = []
    with database.pool(4) as pool, database.connect(autocommit=True) as conn:
        line = RecordIntake(pool, home)
        conn.execute("LISTEN lienthong_change")
        at = reading.horizon(conn)
        for number in range(POSTS):
            body = record.replace("{at}", f"T{number}").replace("{digit}", str(number % 8 + 1))
            begun = time.perf_counter()
            line.submit(body.encode(), contract="single", sender="01009", actor="bench")
            while True:
                page = feed.page(conn, at)
                at = page.position
                if page.changes:
                    break
                for _ in conn.notifies(timeout=0.5, stop_after=1):
                    pass
            told = (time.perf_counter() - begun) * 1000
            if number % 4 == 0:
                _until_counted(conn, number + 1)
                scored.append((time.perf_counter() - begun) * 1000)
            if number < WARM:
                scored.clear()
            else:
                served.append(told)
        line.close()
    return served, scored


def _until_counted(conn: psycopg.Connection[Any], number: int) -> None:
    while True:
        row = conn.execute(
            "SELECT row_count FROM quality.daily WHERE contract = 'single' AND day = '-infinity'"
        ).fetchone()
        if row and row[0] >= number:
            return
        time.sleep(0.005)


class _receiving:
    """A receiver that takes everything at once."""

    def __enter__(self) -> str:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
