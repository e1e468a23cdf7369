# ruff: noqa: E501 a field stands on one line
"""Row 5 of the goals: single records by API, 300 a second, each checked, stored and answered after the commit."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import threading
import time
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from bench.measuring import PROGRAM, Line, processor
from bench.store import kept_store

RATE = 300
SENDERS = 24
RECORD = {
    "visits": [
        {"id": "V-{at}", "kind": "0{digit}", "born": "1980-05-0{digit}", "entered": "2026-11-19", "days": "{digit}",
         "total": "150000.5", "icd": "J1{digit}.{digit}", "name": "Người bệnh {at}"}
    ]
}  # fmt: skip
CONTRACT = """apiVersion: v3.2.0
kind: DataContract
id: single
name: single
version: 1.0.0
status: active
schema:
  - name: visits
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: kind, logicalType: string, required: true, enum: [{value: '01'}, {value: '02'}, {value: '03'}, {value: '04'}, {value: '05'}, {value: '06'}, {value: '07'}, {value: '08'}]}
      - {name: name, logicalType: string, classification: personal, logicalTypeOptions: {maxLength: 60}}
      - {name: born, logicalType: date, required: true}
      - {name: entered, logicalType: date}
      - {name: days, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 365}}
      - {name: total, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - {name: icd, logicalType: string, logicalTypeOptions: {pattern: '^[A-Z][0-9]{2}(\\.[0-9])?$'}}
    quality:
      - {id: S-1, type: sql, query: 'SELECT count(*) FROM visits WHERE born > entered', mustBe: 0}
"""


def measure(folder: Path, seconds: int) -> list[Line]:
    """Sends RATE records a second on schedule; latency counts from the scheduled moment, so waiting shows."""
    home = folder / "store-records"
    with kept_store(home) as environment:
        (home / "contracts").mkdir(parents=True, exist_ok=True)
        (home / "contracts" / "single.odcs.yaml").write_text(CONTRACT)
        token = _token(environment["LIENTHONG_DATABASE_URL"])
        port = _free_port()
        site = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(port)], env={**os.environ, **environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(base)
            _send(base, token, 2, prefix="warm")
            before = processor(site.pid)
            times, wrong = _send(base, token, seconds, prefix="bench")
            used = (processor(site.pid) - before) / len(times) * 1000
        finally:
            site.terminate()
            site.wait(20)
    in_process = _in_process()
    times.sort()
    cuts = quantiles(times, n=100)
    rate = len(times) / (seconds + max(0.0, times[-1] / 1000))
    note = f"median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, worst {times[-1]:.1f} ms over {seconds} s; {used:.2f} ms of the site's processor for each"
    if wrong:
        note += f"; {len(wrong)} not answered with 201: {wrong[0]}"
    return [
        Line("one record checked in a warm process", f"p99 {in_process:.2f} ms", "", "", "p99 ≤ 1 ms",
             in_process <= 1.0, "a care visit of 8 rows, 1,500 rules"),
        Line(f"single records by API, {RATE}/s", f"p99 {cuts[98]:.1f} ms at {rate:.0f}/s", "", "",
             "p99 ≤ 50 ms at 300/s", cuts[98] <= 50 and not wrong, note,
             {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "worst": times[-1], "rate": rate, "processor": used}),
    ]  # fmt: skip


def _token(url: str) -> str:
    import psycopg

    from lienthong.access import operator, tokens

    with psycopg.connect(url) as conn:
        return tokens.create(conn, operator(), facility="01009", name="bench", province="01")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait_for(base: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"{base}/login", timeout=2)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("the site did not answer within a minute")


def _send(base: str, token: str, seconds: int, prefix: str) -> tuple[list[float], list[str]]:
    """SENDERS threads take the next due record in turn; milliseconds of each, and the answers that were wrong."""
    total, lock, given = RATE * seconds, threading.Lock(), iter(range(RATE * seconds))
    times: list[float] = []
    wrong: list[str] = []
    record = json.dumps(RECORD)
    begun = time.perf_counter() + 0.2

    def sender() -> None:
        # The plainest client there is: the bench must not be slower than what it measures.
        place = base.removeprefix("http://")
        client = http.client.HTTPConnection(place, timeout=60)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        while True:
            with lock:
                at = next(given, None)
            if at is None:
                client.close()
                return
            due = begun + at / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            body = record.replace("{at}", f"{prefix}{at}").replace("{digit}", str(at % 8 + 1))
            client.request("POST", "/api/v1/records/single/visits", body.encode(), headers)
            answer = client.getresponse()
            said = answer.read()
            took = (time.perf_counter() - due) * 1000
            with lock:
                times.append(took)
                if answer.status != 201:
                    wrong.append(f"{answer.status} {said[:200]!r}")

    threads = [threading.Thread(target=sender) for _ in range(min(SENDERS, total))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, wrong


def _in_process() -> float:
    """p99 in milliseconds of the generated rules over one care visit with all its rows."""
    from lienthong.contracts.codes import Codes
    from lienthong.contracts.reading import read_contract
    from lienthong.contracts.rules.compiled import compile_contract
    from lienthong.contracts.rules.python import RecordEngine
    from lienthong.records.checking.moments import ago

    contract = read_contract("care")
    engine = RecordEngine(compile_contract(contract), Codes())
    visit = _visit(contract)
    received = datetime.fromisoformat("2026-11-20T09:00:00+07:00")
    times = []
    for _ in range(2000):
        begun = time.perf_counter()
        engine.check(visit, received=received, ago=ago)
        times.append((time.perf_counter() - begun) * 1000)
    return quantiles(times[100:], n=100)[98]


def _visit(contract: Any) -> dict[str, list[dict[str, Any]]]:
    """One synthetic visit as rows of text cells."""
    import tempfile

    from bench.dossiers import _make_part
    from lienthong.records.checking.engine import connect
    from lienthong.records.formats.reading import read

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.xml"
        _make_part((file, 1, 0, 1))
        con = connect()
        with read(file, contract) as reading:
            rows = {}
            for name, source in reading.sources.items():
                source.attach(con)
                result = con.execute(f"SELECT * FROM ({source.relation})")
                names = [column[0] for column in result.description]
                rows[name] = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        con.close()
    return {name: found for name, found in rows.items() if found}
