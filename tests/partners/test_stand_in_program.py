"""The command `lienthong portal-stand-in`: it serves, is killed, and comes back with what it had accepted."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx

from tests.ports import free_port

PERSON = {"name": "Lê Thị Mẫu", "number": "001190000001"}


@contextmanager
def program(port, file, home):
    """The program, killed hard at the end."""
    command = [
        sys.executable,
        "-m",
        "lienthong",
        "portal-stand-in",
        "--port",
        str(port),
        "--file",
        str(file),
    ]
    process = subprocess.Popen(
        command, env={"LIENTHONG_HOME": str(home), "LIENTHONG_LANGUAGE": "en", "PATH": ""},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()


def test_what_it_accepted_survives_a_kill(tmp_path):
    port = free_port()
    url, file = f"http://127.0.0.1:{port}", tmp_path / "held" / "portal.jsonl"
    with program(port, file, tmp_path) as (_, said):
        assert url in said
        filed = {"procedure": "1.012279", "unit": "G18.12", "person": PERSON}
        code = httpx.post(f"{url}/stand-in/dossiers", json=filed, timeout=60).json()["code"]
        httpx.put(f"{url}/stand-in/clock", json={"seconds": 86400.0}, timeout=60).raise_for_status()
    with program(port, file, tmp_path) as (_, said):
        assert url in said
        held = httpx.get(f"{url}/stand-in/dossiers/{code}", timeout=60).json()
        assert held["states"] == ["1"] and [one["kind"] for one in held["pushes"]] == ["dossier"]
        again = httpx.post(f"{url}/stand-in/dossiers", json=filed, timeout=60).json()["code"]
        assert again != code and again[:6] == code[:6]


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with program(taken.getsockname()[1], tmp_path / "x.jsonl", tmp_path) as (process, said):
            assert process.wait(60) == 2
            assert "cannot listen" in said
