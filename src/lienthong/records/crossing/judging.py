"""Units in memory before the rules across databases: one look at the store for all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg

from lienthong.contracts.rules.others import Crossed, Crossing, Record
from lienthong.contracts.rules.python import Answer, RecordEngine
from lienthong.contracts.rules.python_form import Rows
from lienthong.records.checking.moments import ago
from lienthong.records.crossing.stored import StoredOthers

if TYPE_CHECKING:
    from lienthong.records.intake.single.unit import Unit

SECONDS = 2.0
"""How long small submissions wait for other databases."""

_crossings: dict[int, tuple[RecordEngine, Crossing]] = {}


def crossing_of(engine: RecordEngine) -> Crossing:
    """The rules of an engine's contract that look at other databases."""
    kept = _crossings.get(id(engine))
    if kept is None or kept[0] is not engine:
        if len(_crossings) > 31:
            _crossings.clear()
        kept = (engine, Crossing(engine))
        _crossings[id(engine)] = kept
    return kept[1]


def judge_across(
    conn: psycopg.Connection[Any],
    units: list[Unit],
    absent: frozenset[str] = frozenset(),
    seconds: float = SECONDS,
) -> dict[str, str]:
    """Writes into the units what rules across databases say of them; `absent` are own tables that were not sent.

    Returns for each contract that looked what was visible to it.
    """
    by_contract: dict[str, list[Unit]] = defaultdict(list)
    asking: set[str] = set()
    for given in units:
        # Units without such a rule stay: those that have one may look at them.
        by_contract[given.contract.name].append(given)
        if crossing_of(given.engine).tables & set(given.rows):
            asking.add(given.contract.name)
    by_contract = {name: those for name, those in by_contract.items() if name in asking}
    looked = {}
    for name, those in sorted(by_contract.items()):
        others = StoredOthers(conn, name, seconds)
        _judge(those, others, absent)
        if others.looked is not None:
            looked[name] = others.looked
    return looked


def _judge(units: list[Unit], others: StoredOthers, absent: frozenset[str]) -> None:
    engine = units[0].engine
    batches = [_typed(given) for given in units]
    records = [
        {table: [Record(given.key, given.sender)] * len(rows) for table, rows in given.rows.items()}
        for given in units
    ]
    try:
        with others.at_once():
            answers = crossing_of(engine).decide_all(batches, records, others, absent)
    except psycopg.errors.QueryCanceled:
        return  # what was not answered in time stays unknown until it is asked again
    for given, crossed in zip(units, answers, strict=True):
        _write(given, crossed)


def _typed(given: Unit) -> Rows:
    sent: dict[str, list[Mapping[str, Any]]] = {
        table: [row | {"_sender": given.sender} for row in rows]
        for table, rows in given.rows.items()
    }
    return given.engine.typed(sent, given.received, ago)


def _write(given: Unit, crossed: Crossed) -> None:
    given.named = {place: names for place, names in crossed.named.items() if names}
    for table, decided in crossed.decided.items():
        answers = given.answers.get(table)
        if not answers:
            continue
        given.answers[table] = [
            Answer(
                tuple(sorted({*(set(answer.failed) - decided), *failed})),
                tuple(
                    sorted({*(set(answer.unknown) - decided), *crossed.open.get((table, at), ())})
                ),
            )
            for at, (answer, failed) in enumerate(zip(answers, crossed.failed[table], strict=True))
        ]
