"""Codes that no list knows, for programs: what waits, and what was decided."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.contracts.codes import Codes
from lienthong.records import code_worklist
from lienthong.records.code_worklist import Decision, State, Waiting


class Decided(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is decided about a code: mapped to a `target` of its list, invalid, or open again; always with a reason."""

    state: State
    reason: str
    target: str = ""


@get(
    "/codes/worklist",
    opt={"action": "code.worklist"},
    sync_to_thread=True,
    summary="Codes that no list knows",
)
def waiting(
    pool: ConnectionPool,
    actor: Actor,
    list: Annotated[str | None, Parameter(description="Only this code list.")] = None,
    show: Annotated[State, Parameter(description="What was decided.")] = "open",
    start: Annotated[int, Parameter(description="How many to skip.", ge=0)] = 0,
    limit: int = 100,
) -> list[Waiting]:
    """Codes seen most often first, with the fields and senders in which they were seen."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "code.worklist", {})
        return code_worklist.waiting(
            conn,
            list=list,
            sender=permit.facility,
            province=permit.province,
            state=show,
            start=start,
            limit=limited(limit),
        )


@get(
    "/codes/worklist/{name:str}/{code:str}",
    opt={"action": "code.worklist"},
    sync_to_thread=True,
    summary="What was decided about a code",
)
def history(pool: ConnectionPool, actor: Actor, name: str, code: str) -> list[Decision]:
    """Every decision about a code, newest first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "code.worklist", {})
        return code_worklist.decisions(conn, name, code)


@post(
    "/codes/worklist/{name:str}/{code:str}",
    opt={"action": "code.decide"},
    status_code=200,
    sync_to_thread=True,
    summary="Decide about a code",
)
def decided(
    pool: ConnectionPool, actor: Actor, codes: Codes, name: str, code: str, data: Decided
) -> Waiting:
    """Map it, mark it invalid, or open it again. No record is rewritten."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "code.decide", {})
        return code_worklist.decide(
            conn,
            codes,
            name,
            code,
            state=data.state,
            target=data.target,
            reason=data.reason,
            actor=actor.id,
        )


ROUTES = [waiting, history, decided]
