"""Ports for programs that a test starts: nobody else is given one between the choice and the program's start.

The system gives whoever connects somewhere a port of its own range, and whoever binds to port 0 too. Ours lie below
that range, and each is held by a lock until this process ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from pathlib import Path

LOWEST = 10_240
"""Below are ports that services have by habit."""
_held: list[int] = []


def free_port() -> int:
    """A port of this machine on which nobody listens, and which no other process of the tests gets."""
    first = _first_of_the_system()
    for number in range(first - LOWEST):
        port = LOWEST + (os.getpid() * 61 + len(_held) + number) % (first - LOWEST)
        if _hold(port):
            return port
    raise AssertionError("every port is taken")


def _first_of_the_system() -> int:
    """Where the range begins from which the system gives ports away."""
    with contextlib.suppress(OSError, ValueError):
        told = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        return told if told > LOWEST + 1000 else 32_768
    return 32_768


def _hold(port: int) -> bool:
    path = Path(tempfile.gettempdir()) / f"lienthong-test-port-{os.getuid()}-{port}"
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    _held.append(lock)
    return True
