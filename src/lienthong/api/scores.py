"""The four criteria for programs, with every numerator and denominator, and the causes that weigh most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import Parameter
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.quality import coverage, expected, explain, old_provinces, score
from lienthong.quality.old_provinces import Map
from lienthong.quality.sums import permitted

Group = Literal["contract", "table_name", "province", "sender", "day"]


class Line(msgspec.Struct, kw_only=True):
    """The scores of one group."""

    group: dict[str, Any]
    card: score.Card


def _part(
    conn: Connection[Any],
    actor: Actor,
    codes: Codes,
    map: Map,
    sender: str | None,
    province: str | None,
    **more: Any,
) -> score.Slice:
    """The slice that is asked for within what is permitted; under map 63 the province is a former one."""
    former = map == "63"
    asked = {"sender": sender, "province": None if former else province}
    permit = policy.allow(conn, actor, "score.read", {k: v for k, v in asked.items() if v})
    part = permitted(permit, **asked, **more)
    if not former:
        return part
    old = old_provinces.load(conn, codes)
    return msgspec.structs.replace(part, old=old, old_province=province)


@get("/scores", opt={"action": "score.read"}, sync_to_thread=True, summary="Scores")
def scores(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str | None = None,
    table: str | None = None,
    province: str | None = None,
    sender: str | None = None,
    since: date | None = None,
    until: date | None = None,
    by: Annotated[list[Group] | None, Parameter(description="Groups; none gives one line.")] = None,
    map: Annotated[
        Map, Parameter(description="34: provinces of today; 63: those before 1 July 2025.")
    ] = "34",
) -> list[Line]:
    """Scores of a part of the data, one line for each group.

    Under map 63 a sender is counted in its former province (by its commune, else by its code; an empty province: not
    known), and `coverage` and `fresh` are left out: nobody says how many senders were expected there.
    """
    day = clock.today()
    wanted = expected.Expected.load(codes, contracts.values(), day)
    groups = list(dict.fromkeys(by or ()))
    with pool.connection() as conn:
        part = _part(
            conn, actor, codes, map, sender, province, contract=contract, table=table, since=since, until=until
        )  # fmt: skip
        former = part.old is not None
        columns = [
            "old_province" if former and name == "province" else str(name) for name in groups
        ]
        cards = score.scores(conn, part, columns, today=day, expected=None if former else wanted)
    return [
        Line(group=dict(zip(groups, key, strict=True)), card=card) for key, card in cards.items()
    ]


@get(
    "/coverage",
    opt={"action": "contract.read"},
    sync_to_thread=True,
    summary="Fields of health data of Decree 102/2025 and the databases that cover them",
)
def covered(
    pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]
) -> list[coverage.Covered]:
    """One line for each field of the decree; a field whose name is not known is said to be unknown."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "contract.read")
        return coverage.coverage(conn, contracts.values())


@get(
    "/scores/explain",
    opt={"action": "score.read"},
    sync_to_thread=True,
    summary="Causes of a score",
)
def explained(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str | None = None,
    province: str | None = None,
    sender: str | None = None,
    limit: int = 10,
    map: Annotated[
        Map, Parameter(description="34: provinces of today; 63: those before 1 July 2025.")
    ] = "34",
) -> list[explain.Cause]:
    """Which rule at which sender, mended, lifts a score most; `points` are hundredths.

    Under map 63 `province` is a former one and each cause tells its sender's (`old_province`, empty: not known); points
    are those of the scores under that map.
    """
    day = clock.today()
    wanted = expected.Expected.load(codes, contracts.values(), day)
    with pool.connection() as conn:
        part = _part(conn, actor, codes, map, sender, province, contract=contract)
        return explain.causes(conn, part, today=day, expected=wanted, limit=limited(limit))


ROUTES = [scores, covered, explained]
