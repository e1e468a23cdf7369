"""One record read by its key over HTTP, with the gate and the read log, beside a server that answers the same bytes."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.measuring import PROGRAM, Line, processor
from bench.records import CONTRACT, RECORD, _free_port, _token, _wait_for
from bench.store import kept_store

READERS = 8
BARE = """
import sys
from pathlib import Path
BODY = Path(__file__).with_name("bare.json").read_bytes()
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": BODY})
if __name__ == "__main__":
    from granian.constants import Interfaces
    from granian.server import Server
    Server("bare:app", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.ASGI, log_access=False).serve()
"""


def measure(folder: Path, seconds: int) -> list[Line]:
    """Reads in a closed loop from READERS connections; the bare server gets the same readers."""
    home = folder / "store-reads"
    with kept_store(home) as environment:
        (home / "contracts").mkdir(parents=True, exist_ok=True)
        (home / "contracts" / "single.odcs.yaml").write_text(CONTRACT)
        token = _token(environment["LIENTHONG_DATABASE_URL"])
        port = _free_port()
        site = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(port)],
            env={**os.environ, **environment, "LIENTHONG_JOBS": "no"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            body = _fill(port, token)
            ours, processor = _read(port, token, seconds, site.pid)
        finally:
            site.terminate()
            site.wait(20)
    bare = _bare(folder, body, seconds)
    note = f"{processor:.2f} ms of the site's processor for each, beside the database's"
    return [
        Line("reading one record by its key, gate and read log", f"{ours:,.0f}/s", f"{bare:,.0f}/s (bare ASGI)",
             f"{bare / ours:.1f}", "≥ 2,500/s", ours >= 2500, note, {"processor": processor}),
    ]  # fmt: skip


def _fill(port: int, token: str) -> bytes:
    client = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    record = json.dumps(RECORD)
    for at in range(100):
        body = record.replace("{at}", str(at)).replace("{digit}", str(at % 8 + 1))
        client.request("POST", "/api/v1/records/single/visits", body.encode(), headers)
        answer = client.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}")
    client.request("GET", "/api/v1/records/single/visits/V-7?purpose=quality", headers=headers)
    return client.getresponse().read()


def _read(port: int, token: str, seconds: int, pid: int) -> tuple[float, float]:
    """Answers a second, and milliseconds of processor of the server's processes for each."""
    headers = {"authorization": f"Bearer {token}", "accept-encoding": "identity"}
    done = [0] * READERS

    def reader(number: int, until: float) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            key = f"V-{(done[number] * 7 + number) % 100}"
            client.request(
                "GET", f"/api/v1/records/single/visits/{key}?purpose=quality", headers=headers
            )
            answer = client.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}")
            done[number] += 1

    for length in (2, seconds):  # the first time warms
        done[:] = [0] * READERS
        begun, before = time.perf_counter(), processor(pid)
        crew = [
            threading.Thread(target=reader, args=[number, begun + length])
            for number in range(READERS)
        ]
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        taken, used = time.perf_counter() - begun, processor(pid) - before
    return sum(done) / taken, used / max(1, sum(done)) * 1000


def _bare(folder: Path, body: bytes, seconds: int) -> float:
    (folder / "bare.py").write_text(BARE)
    (folder / "bare.json").write_bytes(body)
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "bare.py", str(port)],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        return _read(port, "none", seconds, server.pid)[0]
    finally:
        server.terminate()
        server.wait(20)
