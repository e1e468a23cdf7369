"""The site as a process of its own, listened to as long as it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

PATIENCE = 600.0
"""Seconds after which a server that does not start is given up: a bound, for a machine that is busy."""


@contextmanager
def served_at(port: int, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of `lienthong serve` with these variables added to ours; told to end afterwards, and waited for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lienthong", "serve", "--port", str(port)],
        env=os.environ | dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told: list[str] = []
    started = threading.Event()
    ended = threading.Event()

    def listen() -> None:
        """Read until it ends: a server whose words nobody reads would stand still when the pipe is full."""
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if "Started worker" in line:
                started.set()
        ended.set()
        started.set()

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        if not started.wait(PATIENCE) or ended.is_set():
            raise AssertionError("the server did not start:\n" + "".join(told))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
        listening.join()
        assert process.stdout is not None
        process.stdout.close()
