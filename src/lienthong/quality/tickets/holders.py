"""The records that hold a ticket open: kept ones that break its rule, and units that wait in quarantine for it.

Read from the masks that stand beside the rows, so that the list and the number of a ticket cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract
from lienthong.findings import OtherRecord
from lienthong.quality.tickets.ticket import Ticket
from lienthong.records.store.rulesets import load


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """One row that breaks the rule. `entry` is its place in quarantine, None for a kept record."""

    standing: Literal["kept", "quarantined"]
    key: str | None
    row: int | None
    receipt: str
    entry: int | None
    received_at: datetime
    others: list[dict[str, Any]] = []
    """Records of other databases that it contradicts: contract, table, root, key, sender."""


def holders(
    conn: psycopg.Connection[Any], contract: Contract, given: Ticket, *, limit: int = 50
) -> list[Holder]:
    """The rows that hold it open, quarantined ones first, at most `limit`."""
    found = list(_waiting(conn, given, limit))
    if len(found) < limit and contract.table(given.table_name) is not None:
        found += _kept(conn, contract, given, limit - len(found))
    return found


def _bits(conn: psycopg.Connection[Any], given: Ticket) -> dict[int, int]:
    """Ruleset to the position of the ticket's rule."""
    ids = conn.execute(
        "SELECT id FROM records.ruleset WHERE contract = %s AND table_name = %s",
        [given.contract, given.table_name],
    ).fetchall()
    return {
        number: at
        for number, rules in load(conn, (row[0] for row in ids)).items()
        for at, rule in enumerate(rules.rules)
        if rule.key == given.rule_key
    }


def _kept(
    conn: psycopg.Connection[Any], contract: Contract, given: Ticket, limit: int
) -> Iterator[Holder]:
    bits = _bits(conn, given)
    table = contract.table(given.table_name)
    there = conn.execute(
        "SELECT to_regclass(%s)", [f'"{given.contract}"."{given.table_name}"']
    ).fetchone()
    if not bits or table is None or there is None or there[0] is None:
        return
    places = sql.SQL("(VALUES {}) AS b(ruleset, at)").format(
        sql.SQL(", ").join(
            sql.SQL("({}::int, {}::int)").format(sql.Literal(number), sql.Literal(at))
            for number, at in sorted(bits.items())
        )
    )
    rows = conn.execute(
        sql.SQL(
            "SELECT t._key, t._row, t._receipt, t._from, c.others, current_setting('lienthong.scope', true) = 'all'"
            " FROM {} t JOIN {} ON b.ruleset = t._ruleset"
            " LEFT JOIN records.crossing c ON c.contract = %s AND c.key = t._key AND c.sender = t._sender"
            " AND c.table_name = %s AND c.row = t._row AND c.rule = %s AND c.field = %s AND c.until IS NULL"
            " WHERE t._sender = %s AND t._failed IS NOT NULL"
            " AND CASE WHEN octet_length(t._failed) * 8 > b.at THEN get_bit(t._failed, b.at) = 1 ELSE false END"
            " ORDER BY t._key, t._row LIMIT %s"
        ).format(sql.Identifier(contract.name, given.table_name), places),
        [given.contract, given.table_name, given.rule, given.field, given.sender, limit],
    )
    for key, row, receipt, since, others, everywhere in rows:
        named = msgspec.convert(others or [], list[OtherRecord])
        yield Holder(
            standing="kept", key=key, row=row, receipt=receipt, entry=None, received_at=since,
            others=[msgspec.to_builtins(one if everywhere else one.known_to(given.sender)) for one in named],
        )  # fmt: skip


def _waiting(conn: psycopg.Connection[Any], given: Ticket, limit: int) -> Iterator[Holder]:
    """Units in quarantine: by the bit in their masks, or by the reader's or the store's own reason."""
    bits = _bits(conn, given)
    rows = conn.execute(
        "SELECT q.id, q.key, q.receipt, q.received_at, w.row FROM records.quarantine q CROSS JOIN LATERAL ("
        " SELECT (b.bit ->> 0)::bigint AS row FROM jsonb_array_elements(q.masks -> %(table)s -> 'bits') AS b(bit)"
        " JOIN unnest(%(rulesets)s::int[], %(places)s::int[]) AS p(ruleset, at)"
        " ON p.ruleset = (q.masks -> %(table)s ->> 'ruleset')::int"
        " WHERE ('x' || substr(lpad(b.bit ->> 1, 1000, '0'), 1000 - p.at / 4, 1))::bit(4)::int >> (p.at %% 4) & 1 = 1"
        " UNION ALL SELECT (f ->> 'row')::bigint FROM jsonb_array_elements(q.faults) f"
        " WHERE f ->> 'rule' = %(rule)s AND coalesce(f ->> 'field', '') = %(field)s"
        " AND coalesce(f ->> 'table', q.root) = %(table)s) w"
        " WHERE q.state = 'open' AND q.contract = %(contract)s AND q.sender = %(sender)s ORDER BY q.id LIMIT %(limit)s",
        {
            "table": given.table_name,
            "rulesets": list(bits),
            "places": list(bits.values()),
            "rule": given.rule,
            "field": given.field,
            "contract": given.contract,
            "sender": given.sender,
            "limit": limit,
        },
    )
    for id, key, receipt, since, row in rows:
        yield Holder(
            standing="quarantined", key=key, row=row, receipt=receipt, entry=id, received_at=since
        )
