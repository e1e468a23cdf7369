"""How long records take, for programs: distributions of each step by database or sender."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from litestar import get
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.records.feed import delays


@get("/latency", opt={"action": "score.read"}, sync_to_thread=True, summary="How long records take")
def latency(
    pool: ConnectionPool,
    actor: Actor,
    contract: str | None = None,
    sender: str | None = None,
    since: date | None = None,
    until: date | None = None,
    by: Annotated[
        Literal["contract", "sender"], Parameter(description="One line for each of these.")
    ] = "contract",
) -> list[delays.Line]:
    """Seconds under which 50, 90 and 99 % of the records lie, and the whole distribution, by step.

    received: since the event; kept: since it was received; served: from the store to the first reader.
    """
    about = {"sender": sender} if sender else {}
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "score.read", about)
        return delays.lines(
            conn,
            contract=contract,
            sender=permit.facility or sender,
            since=since,
            until=until,
            by_sender=by == "sender",
        )


ROUTES = [latency]
