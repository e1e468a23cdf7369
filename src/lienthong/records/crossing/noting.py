"""What an intake leaves behind for rules across databases, in its own transaction: what findings name on the records
it kept, and that others must look again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong.contracts.contract import Contract
from lienthong.contracts.keys import key_of
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.contracts.rules.others import Named
from lienthong.records.checking.checked import WORD, Checked
from lienthong.records.checking.naming import MOST, is_personal, others_of
from lienthong.records.crossing.lacking import note_waiting
from lienthong.records.store import bulk

if TYPE_CHECKING:
    from lienthong.records.intake.keeping import Arrival
    from lienthong.records.intake.single.settling import Place
    from lienthong.records.intake.units import Batch, Group

KEPT = ("new", "changed")


def told(contract: Contract, names: Iterable[Named]) -> list[dict[str, str]]:
    """The records that a finding names as they are kept: contract, table, root, key, sender."""
    found = list(others_of(contract, sorted(names, key=_place)))
    made: list[dict[str, str]] = msgspec.to_builtins(found)
    return made


def _place(name: Named) -> tuple[str, str, str]:
    return name.table, name.key or "", name.sender or ""


def note_places(
    conn: psycopg.Connection[Any], places: list[Place], looked: Mapping[str, str]
) -> None:
    """After units in memory were kept: their findings across databases, and what must be looked at again."""
    lines = [line for place in places if place.state in KEPT for line in _lines(place)]
    if lines:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO records.crossing (contract, table_name, key, sender, province, version, receipt, row,"
                " rule, field, others, since, brought_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                lines,
            )
    receipts: dict[str, set[str]] = defaultdict(set)
    waiting: dict[str, set[str]] = defaultdict(set)
    for place in places:
        if place.state in KEPT:
            receipts[place.unit.contract.name].add(place.receipt)
        elif place.state == "blocked":
            waiting[place.unit.contract.name].add(place.receipt)
    for contract, those in sorted(receipts.items()):
        note_due(conn, contract, sorted(those), looked.get(contract))
    for contract, those in sorted(waiting.items()):
        note_waiting(conn, contract, receipts=sorted(those))


def note_due(
    conn: psycopg.Connection[Any],
    contract: str,
    receipts: list[str],
    looked: str | None,
    again: bool = False,
) -> None:
    """Remember that records of these receipts were kept, when rules of any database look at them or they looked.

    `again`: they lack something that waits in quarantine, so they are asked again themselves.
    """
    conn.execute(
        "INSERT INTO records.crossing_due (contract, receipts, looked, again) SELECT %(contract)s, %(receipts)s,"
        " %(looked)s::pg_snapshot, %(again)s WHERE %(looked)s::text IS NOT NULL OR EXISTS"
        " (SELECT 1 FROM records.crossing_link WHERE other_contract = %(contract)s)",
        {"contract": contract, "receipts": receipts, "looked": looked, "again": again},
    )
    conn.execute("SELECT pg_notify('lienthong_submission', 'crossing')")


def note_batch(
    conn: psycopg.Connection[Any],
    batch: Batch,
    checked: Checked,
    arrival: Arrival,
    looked: str | None,
    again: bool = False,
) -> None:
    """After a large submission was kept: the same."""
    from lienthong.records.intake.verdicts import verdict

    kept = False
    for made in batch.groups:
        found = batch.con.execute(
            f"SELECT EXISTS (SELECT 1 FROM {verdict(made)} WHERE state <> 'unchanged')"
        ).fetchone()
        kept = kept or bool(found and found[0])
        for table in made.tables:
            if checked.tables[table.name].crossing:
                _copy_lines(conn, batch, checked, made, table.name, arrival)
    if kept:
        note_due(conn, batch.contract.name, [arrival.receipt], looked, again)


def note_gone(conn: psycopg.Connection[Any], contract: str, table: str, sender: str) -> None:
    """Before the records of the temporary table `ending` go: what they linked to stays known, their findings end."""
    fields = {
        key_of(name).field
        for row in conn.execute(
            "SELECT other_fields FROM records.crossing_link WHERE other_contract = %s AND other_table = %s",
            [contract, table],
        ).fetchall()
        for name in row[0]
    }
    if fields:
        cells = sql.SQL(", ").join(
            part
            for name in sorted(fields)
            for part in (sql.Literal(name), sql.Identifier("c", name))
        )
        conn.execute(
            sql.SQL(
                "INSERT INTO records.crossing_gone (contract, table_name, cells) SELECT {}, {},"
                " jsonb_build_object({}) FROM {} c JOIN ending e ON e.key = c._key AND c._sender = %s"
            ).format(
                sql.Literal(contract), sql.Literal(table), cells, sql.Identifier(contract, table)
            ),
            [sender],
        )
    conn.execute(
        "UPDATE records.crossing c SET until = e.ends, ended_by = 'replaced' FROM ending e"
        " WHERE c.contract = %s AND c.table_name = %s AND c.sender = %s AND c.key = e.key AND c.until IS NULL",
        [contract, table, sender],
    )


def _lines(place: Place) -> list[tuple[Any, ...]]:
    given, lines = place.unit, []
    for name, answers in given.answers.items():
        compiled = given.engine.compiled.table(name)
        if compiled is None:
            continue
        across = {at for at, rule in enumerate(compiled.rules) if rule.crossing}
        for at, answer in enumerate(answers if across else ()):
            for position in across.intersection(answer.failed):
                rule = compiled.rules[position].rule
                lines.append(
                    (
                        given.contract.name,
                        name,
                        given.key,
                        given.sender,
                        given.province,
                        place.version,
                        place.receipt,
                        given.places[name][at],
                        rule.id,
                        rule.fields[0] if rule.fields else "",
                        Jsonb(told(given.contract, given.named.get((name, at, position), ()))),
                        place.since,
                        place.receipt,
                    )
                )
    return lines


def _copy_lines(
    conn: psycopg.Connection[Any],
    batch: Batch,
    checked: Checked,
    made: Group,
    table: str,
    arrival: Arrival,
) -> None:
    from lienthong.records.intake.units import own
    from lienthong.records.intake.verdicts import verdict

    about = checked.tables[table]
    hit = [position for position in about.crossing if about.failed.get(position)]
    if not hit:
        return
    member = next(one for one in made.tables if one.name == table)
    whose = (
        f"(SELECT _root AS _row, _root FROM {made.record})" if member is made.root else own(member)
    )
    rules = ", ".join(
        f"({position}, {literal(about.rules[position].id)},"
        f" {literal(about.rules[position].fields[0] if about.rules[position].fields else '')})"
        for position in hit
    )
    marked = " UNION ALL ".join(
        f"SELECT _row, {position} AS position FROM {quoted('bad_' + table)}"
        f" WHERE f{position // WORD} & {1 << position % WORD} <> 0"
        for position in hit
    )
    roots = ", ".join(
        f"({literal(name)}, {literal((lent.root or lent.name).rpartition('.')[2])},"
        f" {is_personal(batch.contract, name)})"
        for name, lent in batch.contract.borrowed.items()
    )
    names = (
        "SELECT _row, position, to_json(list({contract: split_part(other, '.', 1), 'table': split_part(other, '.', 2),"
        " root: root, key: coalesce(key, ''), sender: coalesce(sender, ''), personal: personal}"
        f" ORDER BY other, key, sender)[:{MOST}])::VARCHAR AS others"
        f" FROM {quoted('named_' + table)} JOIN (VALUES {roots}) b(other, root, personal) USING (other) GROUP BY ALL"
    )
    bulk.copy(
        conn,
        batch.con,
        sql.SQL("records.crossing"),
        f"SELECT {literal(batch.contract.name)} AS contract, {literal(table)} AS table_name, r._key AS key,"
        f" {literal(arrival.sender)} AS sender, r._province AS province, v._version AS version,"
        f" {literal(arrival.receipt)} AS receipt, m._row AS row,"
        f" p.rule, p.field, coalesce(n.others, '[]') AS others, v._from AS since,"
        f" {literal(arrival.receipt)} AS brought_by"
        f" FROM ({marked}) m JOIN {whose} w ON w._row = m._row JOIN {made.record} r ON r._root = w._root"
        f" JOIN {verdict(made)} v ON v._root = r._root AND v.state <> 'unchanged'"
        f" JOIN (VALUES {rules}) p(position, rule, field) ON p.position = m.position"
        f" LEFT JOIN ({names}) n ON n._row = m._row AND n.position = m.position",
        json=frozenset(("others",)),
    )
