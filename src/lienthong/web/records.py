"""Kept records: found by key or receipt, shown as they are or as they were known at a moment, with their versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from litestar import Response, get
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.access.roles import roles
from lienthong.contracts.contract import Contract, Field, Table
from lienthong.errors import NotFound, Refused
from lienthong.findings import Finding
from lienthong.records import lineage
from lienthong.records.store import layout, reading, withheld
from lienthong.web.contracts import contract_named
from lienthong.web.page import Page
from lienthong.web.purposes import purposes_of

PAGE = 50
COLUMNS = 5
"""Fields shown in a list beside the key: public and internal ones only."""


def moment_of(text: str) -> datetime | None:
    """The moment of a form or address (ISO; Vietnam's time when it has no zone); None when empty. Raises Refused."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as wrong:
        raise Refused(
            "record.moment", "%(text)s is not a moment; write 2026-11-22T14:05.", text=text
        ) from wrong
    return found if found.tzinfo else found.replace(tzinfo=clock.VIETNAM)


def listed_fields(table: Table) -> tuple[str, ...]:
    """What a list of records may show: the first fields that say nothing of a person."""
    plain = [field.name for field in table.fields if field.sensitivity in ("public", "internal")]
    return tuple(name for name in plain if name not in table.key)[:COLUMNS]


@get("/records", opt={"action": "record.read"}, sync_to_thread=True)
def record_search(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    contract: str = "",
    table: str = "",
    key: str = "",
    receipt: str = "",
    purpose: str = "",
) -> Response[str]:
    """The search form; with a purpose also what was found."""
    chosen = contracts.get(contract) or next(iter(contracts.values()))
    root = next((one for one in layout.roots(chosen) if one.name == table), main_root(chosen))
    found: list[reading.Row] = []
    purposes = purposes_of(actor, "record.search")
    asked = bool(purpose and contract)
    if asked:
        with pool.connection() as conn:
            about = {"contract": chosen.name, "table": root.name, "key": key, "receipt": receipt}
            about = {name: value for name, value in about.items() if value}
            permit = policy.allow(conn, actor, "record.search", about, purpose)
            if is_ready(conn, chosen):
                found = reading.search(
                    conn,
                    chosen,
                    table=root.name,
                    key=key or None,
                    sender=permit.facility,
                    receipt=receipt or None,
                    limit=PAGE,
                    fields=listed_fields(root),
                )
                found = withheld.hide(found, actor, purpose)
    return page.show(
        "records.html",
        contracts=list(contracts.values()),
        roots={name: layout.roots(one) for name, one in contracts.items()},
        chosen=chosen,
        root=root,
        key=key,
        receipt=receipt,
        purpose=purpose,
        purposes={name: roles().purposes[name] for name in purposes},
        found=found,
        asked=asked,
        columns=[root.field(name) for name in listed_fields(root)],
        limit=PAGE,
    )


def _by_cell(
    found: list[Finding],
) -> dict[tuple[str | None, int | None, str | None], list[Finding]]:
    """The findings of a record by the cell that they blame."""
    cells: dict[tuple[str | None, int | None, str | None], list[Finding]] = {}
    for finding in found:
        cells.setdefault((finding.table, finding.row, finding.field), []).append(finding)
    return cells


def columns_of(table: Table, rows: list[dict[str, Any]]) -> list[Field]:
    """The fields of a table that some row fills and that are not its record's key."""
    linked = {table.link, *table.key} if len(table.key) > 1 else {table.link}
    return [
        field
        for field in table.fields
        if field.name not in linked and any(row[field.name] is not None for row in rows)
    ]


def main_root(contract: Contract) -> Table:
    """The table to whose units most tables belong: what people mean by a record of this database."""
    return max(layout.roots(contract), key=lambda root: len(layout.members(contract, root)))


def is_ready(conn: Connection[Any], contract: Contract) -> bool:
    """Whether anything was ever kept under the contract: its tables come with its first submission."""
    place = f'"{contract.name}"."{contract.tables[0].name}"'
    row = conn.execute("SELECT to_regclass(%s)", [place]).fetchone()
    return row is not None and row[0] is not None


@get("/records/{contract:str}/{table:str}", opt={"action": "record.read"}, sync_to_thread=True)
def record_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    contract: str,
    table: str,
    key: str = "",
    sender: str = "",
    purpose: str = "",
    as_of: str = "",
) -> Response[str]:
    """One record, now or as of a moment, with its versions and where it came from."""
    given = contract_named(contracts, contract)
    at = moment_of(as_of)
    with pool.connection() as conn:
        about = {"contract": contract, "table": table, "key": key, "as_of": as_of or None}
        if sender:
            about["sender"] = sender
        permit = policy.allow(conn, actor, "record.read", about, purpose or None)
        if not is_ready(conn, given):
            raise NotFound(
                "record.none", "Nothing was kept in %(contract)s yet.", contract=contract
            )
        whose = permit.facility or sender
        found = reading.record(conn, given, key, table=table, sender=whose, as_of=at)
        versions = reading.versions(conn, given, key, table=table, sender=found.sender)
        origin = lineage.origin(conn, given, found)
    withheld.pass_on(actor, found.sender, found.province, found.withheld, purpose or None)
    return page.show(
        "record.html",
        contract=given,
        record=found,
        versions=versions,
        origin=origin,
        withheld=found.withheld,
        purpose=purpose,
        as_of=as_of,
        columns_of=columns_of,
        tables=[(given.table(name), rows) for name, rows in found.rows.items()],
        blamed=_by_cell(found.findings),
    )


ROUTES = [record_search, record_page]
