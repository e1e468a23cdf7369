"""Kept records for programs: by key, as of a moment, their versions; every reading passes the gate with its purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import Parameter
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.access.reading_line import Reading, ReadingLine
from lienthong.api.asking import aware, contract_named, limited
from lienthong.api.encoded import Encoded
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure, Refused
from lienthong.records.intake import Submission
from lienthong.records.intake.single import RecordIntake
from lienthong.records.store import reading, withheld

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
Purpose = Annotated[str, Parameter(description="Why it is read: care, quality, insurance, ...")]
SEARCH, READ = {"action": "record.search"}, {"action": "record.read"}
Sender = Annotated[
    str | None, Parameter(description="Facility code, when several senders use the key.")
]


@get(
    "/records/{contract:str}/{table:str}",
    opt=SEARCH,
    sync_to_thread=True,
    summary="Search records",
)
def search(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    contract: str,
    table: str,
    purpose: Purpose,
    key: Annotated[str | None, Parameter(description="Beginning of the key.")] = None,
    sender: Sender = None,
    receipt: str | None = None,
    after: Annotated[str, Parameter(description="Key of the last one seen.")] = "",
    limit: int = 50,
) -> list[reading.Row]:
    """Present records in the order of their keys; of withheld ones (an identity key is wrong) the cells stay empty."""
    given = contract_named(contracts, contract)
    about = {"contract": contract, "table": table, "key": key, "receipt": receipt, "sender": sender}
    with pool.connection() as conn:
        permit = policy.allow(
            conn, actor, "record.search", {k: v for k, v in about.items() if v}, purpose
        )
        found = reading.search(
            conn,
            given,
            table=table,
            key=key,
            sender=permit.facility or sender,
            receipt=receipt,
            after=(after, "\U0010ffff") if after else ("", ""),
            limit=limited(limit),
        )
    return withheld.hide(found, actor, purpose)


@get(
    "/records/{contract:str}/{table:str}/{key:str}",
    opt=READ,
    summary="A record",
)
async def record(
    request: Request[Any, Any, Any],
    contract: str,
    table: str,
    key: str,
    purpose: Purpose,
    sender: Sender = None,
    as_of: Annotated[
        datetime | None, Parameter(description="As it was known at this moment.")
    ] = None,
) -> Encoded[reading.Record]:
    """One record with all its rows, now or as it was known at a moment; 409 for a version with a wrong identity key."""
    # Nothing is injected here. Most of these do not come here at all but by `api.straight`, which does the same.
    state, actor = request.app.state, request.user
    asked = reading_of(state, actor, contract, table, key, purpose, sender, aware(as_of))
    return Encoded(await read_one(state, actor, purpose, asked))


def reading_of(
    state: State,
    actor: Actor,
    contract: str,
    table: str,
    key: str,
    purpose: str,
    sender: str | None = None,
    moment: datetime | None = None,
) -> Reading:
    """The reading of one record, permitted by the gate. Raises NotFound, NotAllowed."""
    given = contract_named(state.contracts, contract)
    about = {"contract": contract, "table": table, "key": key}
    if moment:
        about["as_of"] = moment.isoformat()
    if sender:
        about["sender"] = sender
    permit = policy.decide(actor, "record.read", about, purpose)

    def read(conn: Connection[Any], wanted: Sequence[Any]) -> list[reading.Record | Failure]:
        return reading.records(conn, given, wanted, table=table, as_of=moment)

    return Reading(
        actor=actor,
        permit=permit,
        resource=about,
        kind=(contract, given.digest, table, moment),
        read=read,
        wanted=(key, permit.facility or sender),
    )


async def read_one(state: State, actor: Actor, purpose: str, asked: Reading) -> reading.Record:
    """The record, when the read log says so. Raises what `reading.record` raises, Conflict for a withheld one."""
    line: ReadingLine = state.readings
    found: reading.Record = await line.read(asked)
    withheld.pass_on(actor, found.sender, found.province, found.withheld, purpose)
    if found.until is None:
        state.served.note(
            (asked.resource["contract"], found.root, found.sender, found.key, found.receipt)
        )
    return found


@get(
    "/records/{contract:str}/{table:str}/{key:str}/versions",
    opt=READ,
    sync_to_thread=True,
    summary="Versions of a record",
)
def versions(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    contract: str,
    table: str,
    key: str,
    purpose: Purpose,
    sender: Sender = None,
) -> list[reading.Version]:
    """Every version, newest first; read one with `as_of`."""
    given = contract_named(contracts, contract)
    about = {"contract": contract, "table": table, "key": key, "sender": sender}
    with pool.connection() as conn:
        permit = policy.allow(
            conn, actor, "record.read", {k: v for k, v in about.items() if v}, purpose
        )
        return reading.versions(conn, given, key, table=table, sender=permit.facility or sender)


@post(
    "/records/{contract:str}/{table:str}",
    opt={"action": "submission.send"},
    status_code=201,
    summary="Send one record",
)
async def send(
    request: Request[Any, Any, Any],
    contract: str,
    table: str,
    sender: Annotated[
        str | None, Parameter(description="Facility code; the token's own by default.")
    ] = None,
) -> Response[Submission]:
    """Keep one record: the fields of one row, or {table: [rows]} for a record of several tables.

    201 when it was kept or put in quarantine (see the receipt), 200 for the same bytes again, 202 when it waits
    for a file of the same sender.
    """
    # Nothing is injected here: 300 of these come in a second, and each parameter costs them.
    actor: Actor = request.user
    single: RecordIntake = request.app.state.single
    given = contract_named(request.app.state.contracts, contract)
    body = await request.body()
    whose = sender or actor.facility
    if not whose:
        raise Refused("api.sender", "Name the facility that sends (sender=…).")
    policy.decide(actor, "submission.send", {"sender": whose, "contract": contract})
    kept = await single.post(
        body,
        contract=contract,
        sender=whose,
        actor=actor.id,
        table=None if _whole(body, given) else table,
        granted=actor.contracts,
    )
    status = 200 if kept.again else 202 if kept.state == "received" else 201
    return Response(
        kept, status_code=status, headers={"location": f"/api/v1/submissions/{kept.receipt}"}
    )


def _whole(body: bytes, contract: Contract) -> bool:
    """Whether the body names tables, so that it is a record of several tables and not one row."""
    try:
        names = _OBJECT.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return False
    return bool(names) and all(contract.table(name) is not None for name in names)


ROUTES = [send, search, record, versions]
