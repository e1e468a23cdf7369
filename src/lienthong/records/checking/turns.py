"""Many small statements at once: planning a rule keeps one core busy, whatever the number of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from lienthong.records.checking.plan import Situation

WORTH = 8
"""Jobs from which on a second thread is worth its start."""


def side_by_side(situation: Situation, jobs: Sequence[Callable[[Situation], None]]) -> None:
    """Runs the jobs on the cores there are, each with a connection of its own; the first error is raised."""
    workers = min(os.cpu_count() or 1, 4)
    if len(jobs) < WORTH or workers == 1:
        for job in jobs:
            job(situation)
        return
    left = iter(jobs)

    def work(own: Situation) -> None:
        for job in left:
            job(own)

    cursors = [situation.con.cursor() for _ in range(workers)]
    try:
        for cursor in cursors:
            cursor.execute("SET TimeZone = 'UTC'")
        with ThreadPoolExecutor(workers) as pool:
            done = [pool.submit(work, replace(situation, con=cursor)) for cursor in cursors]
            for one in done:
                one.result()
    finally:
        for cursor in cursors:
            cursor.close()
