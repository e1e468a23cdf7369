"""What must be looked at again, and which kept records it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from lienthong import audit
from lienthong.contracts.keys import key_of
from lienthong.errors import NotFound
from lienthong.records.crossing.links import Link, beginning, key_sql, links_to, short

AT_ONCE = 200
"""Acts of intake that are served together."""

GIVE_UP = 3

Unit = tuple[str, str]
"""A record: its key and who sent it."""


class Due(NamedTuple):
    """Acts of intake under one contract whose consequences for other records wait."""

    ids: list[int]
    contract: str
    receipts: list[str]
    written: list[str]


def waiting(conn: psycopg.Connection[Any]) -> list[Due]:
    """The oldest acts that wait, by contract."""
    rows = conn.execute(
        "SELECT contract, array_agg(id), array_agg(written::text) FROM (SELECT * FROM records.crossing_due"
        " WHERE done_at IS NULL AND attempts < %s ORDER BY id LIMIT %s) d GROUP BY contract ORDER BY min(id)",
        [GIVE_UP, AT_ONCE],
    ).fetchall()
    found = []
    for contract, ids, written in rows:
        receipts = conn.execute(
            "SELECT DISTINCT unnest(receipts) FROM records.crossing_due WHERE id = ANY(%s) ORDER BY 1",
            [ids],
        ).fetchall()
        found.append(Due(ids, contract, [row[0] for row in receipts], written))
    return found


def done(conn: psycopg.Connection[Any], due: Due) -> None:
    """Close these acts; what nobody can ask for any more is forgotten."""
    conn.execute("UPDATE records.crossing_due SET done_at = now() WHERE id = ANY(%s)", [due.ids])
    conn.execute(
        "DELETE FROM records.crossing_gone WHERE contract = %s AND written = ANY(%s::xid8[])",
        [due.contract, due.written],
    )
    conn.execute(
        "DELETE FROM records.crossing_due WHERE done_at < now() - interval '2 days' AND NOT EXISTS"
        " (SELECT 1 FROM records.crossing_due w WHERE w.done_at IS NULL AND w.attempts < %s)",
        [GIVE_UP],
    )


def tried(conn: psycopg.Connection[Any], due: Due, why: str = "") -> None:
    """Count an attempt that failed; `why` is the kind of the failure."""
    conn.execute(
        "UPDATE records.crossing_due SET attempts = attempts + 1, why = %s WHERE id = ANY(%s)",
        [why, due.ids],
    )


class GivenUp(NamedTuple):
    """Acts of looking again of one database that failed GIVE_UP times; `since`: the oldest, `why`: the last failure."""

    contract: str
    acts: int
    receipts: int
    since: datetime
    why: str


def given_up(conn: psycopg.Connection[Any]) -> list[GivenUp]:
    """What is not looked at again any more until somebody asks for it, the oldest first."""
    rows = conn.execute(
        "SELECT contract, count(*), sum(cardinality(receipts)), min(at),"
        " coalesce((array_agg(why ORDER BY id DESC))[1], '') FROM records.crossing_due"
        " WHERE done_at IS NULL AND attempts >= %s GROUP BY contract ORDER BY 4",
        [GIVE_UP],
    ).fetchall()
    return [GivenUp(*row) for row in rows]


def try_again(conn: psycopg.Connection[Any], contract: str, actor: audit.Acting) -> int:
    """Let what was given up of a database be looked at again; returns how many acts. Raises NotFound for none."""
    done = conn.execute(
        "UPDATE records.crossing_due SET attempts = 0 WHERE contract = %s AND done_at IS NULL AND attempts >= %s",
        [contract, GIVE_UP],
    )
    if not done.rowcount:
        raise NotFound("crossing.none", "Nothing of %(contract)s was given up.", contract=contract)
    about = {"contract": contract, "acts": done.rowcount}
    audit.write(conn, actor, "record.recheck_asked", about)
    conn.execute("SELECT pg_notify('lienthong_submission', 'crossing')")
    return done.rowcount


def concerned(conn: psycopg.Connection[Any], due: Due) -> dict[str, set[Unit]]:
    """Contract to its kept records that are linked to what was kept, replaced or taken away by these acts."""
    found: dict[str, set[Unit]] = {}
    seen = set()
    for link in links_to(conn, due.contract):
        place = link._replace(rule="")
        if place not in seen and _is_there(conn, link):
            seen.add(place)
            found.setdefault(link.contract, set()).update(_linked(conn, link, due))
    hurried = _hurried(conn, due)
    if hurried:
        found.setdefault(due.contract, set()).update(_of_receipts(conn, due.contract, hurried))
    return found


def _is_there(conn: psycopg.Connection[Any], link: Link) -> bool:
    row = conn.execute(
        "SELECT count(*) FROM records.contract_version WHERE contract = ANY(%s)",
        [[link.contract, link.other_contract]],
    ).fetchone()
    return bool(row and row[0])


def _linked(conn: psycopg.Connection[Any], link: Link, due: Due) -> Iterator[Unit]:
    there = _kinds(conn, link.other_contract, link.other_table)
    here = _kinds(conn, link.contract, link.table)
    needed = ((link.other_fields, there), (link.fields, here))
    if any(key_of(one).field not in kinds for fields, kinds in needed for one in fields):
        return
    own = link.contract == link.other_contract and _complete(conn, due)
    query = sql.SQL(
        "SELECT DISTINCT a._key, a._sender FROM {here} a JOIN ("
        " SELECT {fields} FROM {there} b WHERE b._receipt = ANY(%(receipts)s) AND b._from >= {since} AND {short_b}"
        " UNION SELECT {gone} FROM records.crossing_gone WHERE written = ANY(%(written)s::xid8[])"
        " AND contract = %(contract)s AND table_name = %(table)s) k({names}) ON {equal}"
        " WHERE {short_a} AND ({all} OR a._receipt <> ALL(%(receipts)s))"
    ).format(
        here=sql.Identifier(link.contract, link.table),
        there=sql.Identifier(link.other_contract, link.other_table),
        fields=sql.SQL(", ").join(key_sql(name, "b") for name in link.other_fields),
        since=SINCE,
        short_b=short("b", there, link.other_fields),
        gone=sql.SQL(", ").join(
            beginning(
                one,
                sql.SQL("(cells ->> {})::{}").format(sql.Literal(name), sql.SQL(there[name])),
            )
            for one, name in ((one, key_of(one).field) for one in link.other_fields)
        ),
        names=sql.SQL(", ").join(sql.Identifier(f"k{at}") for at in range(len(link.fields))),
        equal=sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(key_sql(name, "a"), sql.Identifier("k", f"k{at}"))
            for at, name in enumerate(link.fields)
        ),
        short_a=short("a", here, link.fields),
        all=sql.Literal(not own),
    )
    yield from conn.execute(
        query,
        {
            "receipts": due.receipts,
            "written": due.written,
            "contract": link.other_contract,
            "table": link.other_table,
        },
    ).fetchall()


def _complete(conn: psycopg.Connection[Any], due: Due) -> bool:
    """Whether the records of an act saw each other as they are now: all at once, and none of them held back."""
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM records.submission WHERE receipt = ANY(%s) AND quarantined > 0)",
        [due.receipts],
    ).fetchone()
    return len(due.ids) == 1 and not (row and row[0])


SINCE = sql.SQL(
    "(SELECT min(received_at) FROM records.submission WHERE receipt = ANY(%(receipts)s))"
)
"""Versions hold from the arrival of their submission at the earliest."""


def _hurried(conn: psycopg.Connection[Any], due: Due) -> list[str]:
    """Receipts whose rules looked at another database while it was changing, so that they missed the change, or whose
    rows lack what waits in quarantine."""
    rows = conn.execute(
        "SELECT DISTINCT unnest(d.receipts) FROM records.crossing_due d WHERE d.id = ANY(%s)"
        " AND (d.again OR d.looked IS NOT NULL AND EXISTS (SELECT 1 FROM records.crossing_due o WHERE o.id <> d.id"
        " AND o.at > d.at - interval '1 day' AND NOT pg_visible_in_snapshot(o.written, d.looked)"
        " AND o.contract IN (SELECT other_contract FROM records.crossing_link WHERE contract = d.contract)))",
        [due.ids],
    ).fetchall()
    return [row[0] for row in rows]


def _of_receipts(
    conn: psycopg.Connection[Any], contract: str, receipts: list[str]
) -> Iterator[Unit]:
    row = conn.execute(
        "SELECT structure FROM records.contract_version WHERE contract = %s ORDER BY number DESC LIMIT 1",
        [contract],
    ).fetchone()
    for name, about in (row[0] if row else {}).items():
        if about["root"] == name:
            query = sql.SQL(
                "SELECT _key, _sender FROM {} WHERE _receipt = ANY(%(receipts)s) AND _from >= {}"
            ).format(sql.Identifier(contract, name), SINCE)
            yield from conn.execute(query, {"receipts": receipts}).fetchall()


def _kinds(conn: psycopg.Connection[Any], contract: str, table: str) -> dict[str, str]:
    row = conn.execute(
        "SELECT structure -> %s -> 'fields' FROM records.contract_version WHERE contract = %s"
        " ORDER BY number DESC LIMIT 1",
        [table, contract],
    ).fetchone()
    return (row[0] if row else None) or {}
