"""The rows of other databases that a batch's rules look at, brought into the batch engine.

`Others` gives them by the batch's own keys; they become `typed_<database.table>`. The own database's stored rows
are joined by the rows of the batch, and a record that is in both is taken from the batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.keys import Key, key_of
from lienthong.contracts.rules.casts import SQL_TYPES, TEXT_PREFIX, literal, quoted
from lienthong.contracts.rules.compiled_form import Across, CompiledTable
from lienthong.contracts.rules.others import Asked, Named, Others, columns_of, only_apart
from lienthong.contracts.rules.row_names import ROW
from lienthong.records.checking.plan import Plan, Situation


def look_across(
    situation: Situation,
    contract: Contract,
    sent: Iterable[CompiledTable],
    others: Others | None,
    envelope: bool,
) -> None:
    """Makes `typed_<database.table>` of every other table that rules look at; what is not at hand becomes absent."""
    rules = [
        (table.name, rule)
        for table in sent
        for rule in table.rules
        if rule.crossing and rule.how == "hits"
    ]
    if not rules:
        return
    asked: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for name, rule in rules:
        missing = [need for need in rule.rule.databases if others is None or not others.has(need)]
        if missing:
            situation.absent |= {f"?{need}" for need in missing}
            continue
        for across in rule.crossing:
            selects = asked.setdefault(across.table, {}).setdefault(across.keys, [])
            selects.append(_keys(name, across))
    columns = columns_of(rule for _, rule in rules)
    questions, foreign = [], only_apart(rule for _, rule in rules)
    sender = _sender(situation, [name for name, _ in rules]) if any(foreign.values()) else None
    for table, keys in asked.items():
        pairs = [(fields, _values(situation, selects)) for fields, selects in keys.items()]
        wanted = tuple(pair for pair in pairs if pair[1].num_rows)
        if wanted:
            apart = sender if foreign[table] else None
            questions.append(Asked(table, columns[table], wanted, apart))
        else:
            _attach(situation, contract, table, columns[table], None, envelope)
    answers = others.rows(questions) if others and questions else []
    for question, given in zip(questions, answers, strict=True):
        if given is None:
            situation.absent.add(question.table)
        else:
            alone = question.apart is not None
            _attach(
                situation, contract, question.table, question.columns, given, envelope, alone=alone
            )


def _keys(table: str, across: Across) -> str:
    """SELECT of the keys of the rows that may be wrong, called as the other side calls them."""
    row = quoted(ROW)
    shown = ", ".join(
        f"{_key(row, key_of(own))} AS {quoted(their)}"
        for own, their in zip(across.row_keys, across.keys, strict=True)
    )
    known = " AND ".join(f"{_key(row, key_of(own))} IS NOT NULL" for own in across.row_keys)
    return (
        f"SELECT {shown} FROM {quoted('typed_' + table)} AS {row} WHERE {known} AND {across.when}"
    )


def _sender(situation: Situation, tables: list[str]) -> str | None:
    """Who sent the batch; None when several did, or nobody says."""
    found: set[str | None] = set()
    for name in dict.fromkeys(tables):
        if "_sender" not in situation.columns[name]:
            return None
        typed = quoted("typed_" + name)
        query = f"SELECT DISTINCT _sender FROM {typed} LIMIT 2"
        found |= {row[0] for row in situation.con.execute(query).fetchall()}
    return found.pop() if len(found) == 1 else None


def _key(row: str, key: Key) -> str:
    return key.sql(f"{row}.{quoted(key.field)}")


def _values(situation: Situation, selects: list[str]) -> Any:
    distinct = " UNION ALL ".join(dict.fromkeys(selects))
    return situation.con.sql(f"SELECT DISTINCT * FROM ({distinct})").to_arrow_table()


def _attach(
    situation: Situation,
    contract: Contract,
    name: str,
    columns: tuple[str, ...],
    given: Any,
    envelope: bool,
    *,
    alone: bool = False,
) -> None:
    """`alone`: without the rows of the batch, of which no rule asks."""
    con, table = situation.con, contract.borrowed[name]
    kinds = {
        field.name: SQL_TYPES[field.type] for field in table.fields if field.name in columns
    } | {"_key": "VARCHAR", "_sender": "VARCHAR"}
    shown = ", ".join(
        f"{quoted(column)}::{kind} AS {quoted(column)}" for column, kind in kinds.items()
    )
    empty = ", ".join(f"NULL::{kind} AS {quoted(column)}" for column, kind in kinds.items())
    source = f"SELECT {empty} WHERE false"
    if given is not None:
        con.register("_given", given)
        source = f"SELECT {shown} FROM _given"
    own = (
        contract.table(name.partition(".")[2]) if name.partition(".")[0] == contract.name else None
    )
    if own is not None and own.name not in situation.absent and not alone:
        source = _with_own(situation, contract, own, list(kinds), source, envelope)
    con.execute(f"CREATE OR REPLACE TABLE {quoted('typed_' + name)} AS {source}")
    if given is not None:
        con.unregister("_given")


def _with_own(
    situation: Situation,
    contract: Contract,
    own: Table,
    names: list[str],
    stored: str,
    envelope: bool,
) -> str:
    """Stored rows of other records, then the rows of the batch with the keys of their records."""
    root = (contract.table(own.root) if own.root else None) or own
    sender = "_sender" if "_sender" in situation.columns[own.name] else "NULL::VARCHAR"
    fields = ", ".join(f"b.{quoted(name)}" for name in names if not name.startswith("_"))
    roots = f"(SELECT *, {record_key(root)} AS _record FROM {quoted('typed_' + root.name)})"
    if root is own:
        here = f"SELECT {fields}, b._record AS _key, b.{sender} AS _sender FROM {roots} b"
    else:
        link = "_unit" if envelope or not own.link else own.link
        parents = (
            f"(SELECT {quoted(link)} AS _link, min(_record) AS _record FROM {roots} GROUP BY 1)"
        )
        here = (
            f"SELECT {fields}, p._record AS _key, b.{sender} AS _sender FROM {quoted('typed_' + own.name)} b"
            f" LEFT JOIN {parents} p ON p._link = b.{quoted(link)}"
        )
    here = here.replace("b.NULL::VARCHAR", "NULL::VARCHAR")
    return (
        f"SELECT s.* FROM ({stored}) s WHERE NOT EXISTS (SELECT 1 FROM {roots} k WHERE k._record = s._key"
        f" AND {f'k.{sender}' if sender == '_sender' else sender} = s._sender)"
        f" UNION ALL BY NAME {here}"
    )


def record_key(root: Table) -> str:
    """The key of a record as the store writes it, over the typed columns of its root."""
    if not root.key:
        return "NULL::VARCHAR"
    kinds = {field.name: field.type for field in root.fields}
    parts = []
    for name in root.key:
        column = quoted(name if kinds[name] == "string" else TEXT_PREFIX + name)
        parts.append(f"nullif(trim({column}::VARCHAR), '')")
    if len(parts) == 1:
        return parts[0]
    return " || '|' || ".join(f"replace(replace({p}, '\\', '\\\\'), '|', '\\|')" for p in parts)


# -- which records a finding names


def name_others(situation: Situation, plan: Plan, position: int) -> None:
    """Keeps for each row that a rule across databases hit the other records that its finding names."""
    con, rule = situation.con, plan.compiled.rules[position]
    target, row = quoted(f"named_{plan.name}"), quoted(rule.alias)
    for across in rule.crossing:
        con.execute(
            f"INSERT INTO {target} SELECT DISTINCT {row}._row, {position}, {literal(across.table)},"
            f" {quoted(across.alias)}._key, {quoted(across.alias)}._sender"
            f" FROM {quoted('typed_' + plan.name)} AS {row}"
            f" JOIN {quoted('typed_' + across.table)} AS {quoted(across.alias)} ON {across.named}"
            f" WHERE {row}._row IN (SELECT _row FROM {quoted('hits_' + plan.name)} WHERE position = {position})"
        )


def leave_open(situation: Situation, plan: Plan, position: int, others: Others) -> None:
    """Takes back hits that say that a record is lacking while such a record waits in quarantine: nobody can say. Those
    rows are asked again by themselves, row by row."""
    con, rule = situation.con, plan.compiled.rules[position]
    hits, row = quoted("hits_" + plan.name), quoted(ROW)
    lacking = (
        f"SELECT _row FROM {hits} WHERE position = {position} EXCEPT"
        f" SELECT _row FROM {quoted('named_' + plan.name)} WHERE position = {position}"
    )
    if not con.execute(f"SELECT 1 FROM ({lacking}) LIMIT 1").fetchall():
        return
    kinds = {field.name: field.type for field in plan.compiled.table.fields}
    for across in rule.crossing:
        if any(kinds.get(name) != "string" for name in across.row_keys):
            continue
        shown = [f"{row}.{quoted(name)} AS k{at}" for at, name in enumerate(across.row_keys)]
        known = " AND ".join(f"{row}.{quoted(name)} IS NOT NULL" for name in across.row_keys)
        rows = con.sql(
            f"SELECT {row}._row, {', '.join(shown)} FROM {quoted('typed_' + plan.name)} AS {row}"
            f" WHERE {row}._row IN ({lacking}) AND {known}"
        ).to_arrow_table()
        keys = rows.drop_columns(["_row"]).group_by(rows.column_names[1:]).aggregate([])
        found = others.waiting(across.table, across.keys, keys) if keys.num_rows else []
        wanted = None if found is None else {tuple(one) for one in found}
        cells = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        open_ = [at for at, *key in cells if wanted is None or tuple(key) in wanted]
        if open_:
            con.execute(
                f"DELETE FROM {hits} WHERE position = {position} AND _row IN (SELECT unnest(?::BIGINT[]))",
                [open_],
            )


def named_table(con: Any, table: str) -> None:
    """Makes `named_<table>` (_row, position, other, key, sender)."""
    con.execute(
        f"CREATE OR REPLACE TABLE {quoted('named_' + table)}"
        " (_row BIGINT, position INTEGER, other VARCHAR, key VARCHAR, sender VARCHAR)"
    )


def names_of(con: Any, table: str, rows: Iterable[int]) -> dict[tuple[int, int], tuple[Named, ...]]:
    """(row, position) to the records that a finding names, of these rows."""
    wanted = sorted(set(rows))
    if not wanted:
        return {}
    found: dict[tuple[int, int], list[Named]] = {}
    for row, position, *one in con.execute(
        f"SELECT * FROM {quoted('named_' + table)} WHERE _row IN (SELECT unnest(?::BIGINT[]))"
        " ORDER BY ALL",
        [wanted],
    ).fetchall():
        found.setdefault((row, position), []).append(Named(*one))
    return {place: tuple(those) for place, those in found.items()}
