"""Measures whole processes: wall clock, processor seconds and peak memory, the way a user pays for them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

BIN = Path(sys.executable).parent
PROGRAM = str(BIN / "lienthong")


class Run(NamedTuple):
    """One process: seconds of wall clock and of processors, peak memory in MiB, what it printed."""

    wall: float
    cpu: float
    mib: float
    code: int
    out: str


def run(command: Sequence[str | Path], **environment: str) -> Run:
    """Runs a process to its end."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
    )
    assert process.stdout is not None and process.stderr is not None
    out = process.stdout.read()
    problems = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {problems[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, out)


def best(runs: list[Run]) -> Run:
    """The median run by wall clock: neither the lucky one nor the one the machine was busy with."""
    middle = statistics.median_low([one.wall for one in runs])
    return next(one for one in runs if one.wall == middle)


class Line(NamedTuple):
    """One line of the result: what was measured, our figure, the yardstick's, the goal, and what else to know."""

    work: str
    ours: str
    yardstick: str
    ratio: str
    goal: str
    met: bool
    note: str = ""
    data: dict[str, Any] = {}


def processor(root: int) -> float:
    """Seconds of processor that a process and its children have used so far."""
    children: dict[int, list[tuple[int, float]]] = {}
    own = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parts = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            used = (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
            children.setdefault(int(parts[1]), []).append((int(entry.name), used))
            own = used if int(entry.name) == root else own
    waiting = [root]
    while waiting:
        for pid, used in children.get(waiting.pop(), []):
            own += used
            waiting.append(pid)
    return own
