"""Checks a reading against a contract: every rule over every row, in one DuckDB in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lienthong.contracts.contract import Contract
from lienthong.contracts.rules.casts import literal, macros
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule
from lienthong.contracts.rules.others import Others
from lienthong.records.checking.across import leave_open, look_across, name_others, named_table
from lienthong.records.checking.checked import Checked, TableChecked
from lienthong.records.checking.event_days import rows_by_day, settle_days
from lienthong.records.checking.few import are_few, judge_few
from lienthong.records.checking.gathered import find_gathered
from lienthong.records.checking.lists import attach_lists
from lienthong.records.checking.measuring import measure
from lienthong.records.checking.passes import (
    find_hits,
    go_through,
    hit_table,
    make_masks,
    named,
    narrow_view,
    plan_all,
    plan_less,
)
from lienthong.records.checking.plan import Plan, Situation, make_plan, narrow_columns
from lienthong.records.checking.relations import (
    attach_empty,
    attach_plain,
    attach_source,
    attach_typed,
    source_name,
)
from lienthong.records.checking.turns import side_by_side
from lienthong.records.formats.presence import settle_names
from lienthong.records.formats.told import untold

if TYPE_CHECKING:
    from lienthong.contracts.rules.python import RecordEngine

MEMORY_LIMIT = "256MB"
FEW_TABLES = 4
MEMORY_OF_MANY = "1GB"
"""A message of many tables keeps the narrow columns and the hits of all of them at the same time."""
MANY = 4
"""Rules looking into a table from which on its few columns are kept instead of being read for each."""


def connect(
    workdir: Path | None = None, memory: str = MEMORY_LIMIT, threads: int | None = None
) -> Any:
    """An in-memory DuckDB that spills to `workdir` and reaches for nothing on the network."""
    options: dict[str, Any] = {
        "memory_limit": memory,
        "threads": threads or min(os.cpu_count() or 1, 4),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if workdir is not None:
        options["temp_directory"] = str(workdir / "duckdb")
    con = duckdb.connect(":memory:", config=options)
    con.execute("SET TimeZone = 'UTC'")
    con.execute("; ".join(macros()))
    return con


def check(
    contract: Contract,
    reading: Any,
    *,
    received: datetime,
    codes: Any = None,
    con: Any = None,
    sender: str | None = None,
    compiled: CompiledContract | None = None,
    known: set[str] | None = None,
    workdir: Path | None = None,
    engine: RecordEngine | Callable[[], RecordEngine] | None = None,
    only: Sequence[Path] | None = None,
    others: Others | None = None,
) -> Checked:
    """The rules of `contract` over a `records.formats` Reading (or anything with `sources`, `faults`, `units`).

    `received` is the aware moment of receipt; `codes` the code lists at hand; `sender` the facility that
    answers for the file, given to rules as `_sender`; `known` names what else is at hand (`store` ...);
    `engine` (or what makes it) the generated rules of the contract, with which a small file is checked faster;
    `only` (for a contract of unknown hands) the files and folders that its SQL and all that follows may touch;
    `others` gives rows of other databases, without it the rules that look at them are unknown.
    The result holds the connection; call `close()` when done.
    """
    begun = time.perf_counter()
    if compiled is None:
        from lienthong.contracts.rules.compiled import compile_contract  # heavy: the SQL parser

        compiled = compile_contract(contract)
    memory = MEMORY_LIMIT if len(reading.sources) <= FEW_TABLES else MEMORY_OF_MANY
    given, con = con, con or connect(workdir, memory)
    while True:
        try:
            tables, situation = _run(
                con,
                compiled,
                reading,
                received,
                codes,
                sender,
                known or set(),
                engine,
                only,
                others,
            )
            break
        except duckdb.Error:
            # A file that was taken on trust turned out malformed: it is read again, row by row.
            if not getattr(reading, "optimistic", False) or not reading.careful():
                raise
            if given is None:
                con.close()
                con = connect(workdir, memory)
    checked = Checked(compiled, con, tables, list(reading.faults), situation.columns)
    checked.codes = codes
    checked.sheets = frozenset(
        name for name, source in reading.sources.items() if getattr(source, "in_sheet", False)
    )
    checked.seconds = time.perf_counter() - begun
    return checked


def _run(
    con: Any,
    compiled: CompiledContract,
    reading: Any,
    received: datetime,
    codes: Any,
    sender: str | None,
    known: set[str],
    engine: RecordEngine | Callable[[], RecordEngine] | None,
    only: Sequence[Path] | None,
    others: Others | None,
) -> tuple[dict[str, TableChecked], Situation]:
    situation = _attach(con, compiled, reading, sender, received)
    situation.sender = sender
    situation.trusting = getattr(reading, "optimistic", False)
    situation.looks = compiled.looks
    settle_names(
        compiled.contract,
        reading,
        lambda name: rows_by_day(situation, compiled.contract, name),
    )
    situation.missing = {
        (fault.table, fault.field)
        for fault in reading.faults
        if getattr(fault, "kind", "") == "column-missing"
    }
    sent = [table for table in compiled.tables if table.name in reading.sources]
    rules = [rule for table in sent for rule in table.rules]
    needs = {need for rule in rules for need in rule.rule.needs} - known
    needs |= {name for rule in rules for name in rule.lists}
    situation.missing_lists = {need for need in needs if codes is None or not codes.has(need)}
    look_across(situation, compiled.contract, sent, others, reading.units is not None)
    plans = [make_plan(situation, table, reading.sources[table.name]) for table in sent]
    if engine is not None and are_few(situation, plans, reading):
        judge_few(situation, plans, engine() if callable(engine) else engine)
    settle_days(situation, compiled.contract, plans)
    attach_lists(con, codes, {name for plan in plans for name in plan.lists()})
    if only is not None:
        confine(con, only)
    _pass_all(situation, plans, reading, others)
    return {plan.name: plan.checked for plan in plans}, situation


def _pass_all(situation: Situation, plans: list[Plan], reading: Any, others: Others | None) -> None:
    """Every table row by row, then the rules that look across rows and tables, then counts."""
    con = situation.con
    narrow_columns(plans)
    for plan in plans:
        _look_first(situation, plan, reading)
    for plan in plans:
        hit_table(situation, plan)
    find_gathered(situation, plans)
    near = [
        (plan, p)
        for plan in plans
        for p in plan.hits
        if plan.compiled.rules[p].reads and not plan.compiled.rules[p].gathered
    ]
    side_by_side(situation, [partial(find_hits, plan=plan, position=p) for plan, p in near])
    _name_others(situation, plans, others)
    _measure(situation, plans, lambda rule: bool(rule.reads))
    for plan in plans:
        if plan.unnumbered or plan.uses >= MANY:
            attach_typed(con, plan.compiled.table, situation.columns[plan.name])
            con.execute(f"DROP TABLE IF EXISTS {named('narrow', plan.name)}")
    far = [(plan, p) for plan in plans for p in plan.hits if not plan.compiled.rules[p].reads]
    side_by_side(situation, [partial(find_hits, plan=plan, position=p) for plan, p in far])
    _measure(situation, plans, lambda rule: bool(rule.rows))
    plan_less(situation, plans)
    try:
        side_by_side(situation, [partial(make_masks, plan=plan) for plan in plans])
    finally:
        plan_all(situation)
    _measure(situation, plans, lambda rule: True)


def _measure(situation: Situation, plans: list[Plan], now: Callable[[CompiledRule], bool]) -> None:
    """Measures the counted rules whose turn it is and that were not measured yet."""
    for plan in plans:
        for position in plan.counted:
            if position not in plan.checked.measured and now(plan.compiled.rules[position]):
                measure(situation, plan, position)


def _name_others(situation: Situation, plans: list[Plan], others: Others | None) -> None:
    for plan in plans:
        across = [p for p in plan.hits if plan.compiled.rules[p].crossing]
        if across:
            named_table(situation.con, plan.name)
            plan.checked.crossing = frozenset(across)
        for position in across:
            name_others(situation, plan, position)
            if others is not None:
                leave_open(situation, plan, position, others)


def _look_first(situation: Situation, plan: Plan, reading: Any) -> None:
    """Counts a table's rows; a file that must be gone through in its order is checked row by row on the way."""
    if plan.unnumbered:
        go_through(situation, plan)
        narrow_view(situation, plan)
        return
    known = getattr(reading.sources[plan.name], "count", None)
    if known is None:
        counted = f"SELECT count(*) FROM {source_name(plan.name)}"
        known = situation.con.execute(counted).fetchone()[0]
    plan.checked.rows = known
    if plan.uses >= MANY:
        narrow_view(situation, plan)


def confine(con: Any, paths: Sequence[Path]) -> None:
    """Lets a connection touch these files and folders and nothing else from now on; this cannot be undone."""
    files = [str(path) for path in paths if not path.is_dir()]
    folders = [str(path) for path in paths if path.is_dir()]
    for setting, allowed in (("allowed_paths", files), ("allowed_directories", folders)):
        con.execute(f"SET {setting} = [{', '.join(map(literal, allowed))}]")
    con.execute("SET python_enable_replacements = false; SET enable_external_access = false")


def _attach(
    con: Any, compiled: CompiledContract, reading: Any, sender: str | None, received: datetime
) -> Situation:
    """Every table of the contract as `src_` and `typed_`; what is not told is empty in an envelope, else absent."""
    columns: dict[str, dict[str, str]] = {}
    contract = compiled.contract
    absent = set(untold(contract, reading))
    rules = (rule for table in compiled.tables for rule in table.rules)
    as_written = any(not rule.portable or rule.mentions for rule in rules)
    for table in contract.tables:
        if table.name in reading.sources:
            found = attach_source(con, reading.sources[table.name], sender)
        else:
            found = attach_empty(con, table)
        columns[table.name] = found
        attach_typed(con, table, found)
        if as_written:
            attach_plain(con, table)
    return Situation(con=con, columns=columns, absent=absent, received=received)
