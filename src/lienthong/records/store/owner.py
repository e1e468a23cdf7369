"""Acting as the owner of the tables for the length of a block: COPY and new tables do not pass row security."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def as_owner(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Inside a transaction: the role of the connection's own user, then the role that was there before.

    An error leaves the role to the rollback that follows it.
    """
    before = conn.execute(
        "SELECT current_setting('role'), set_config('role', 'none', true)"
    ).fetchone()
    yield
    conn.execute("SELECT set_config('role', %s, true)", [before[0] if before else "none"])
