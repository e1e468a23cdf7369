"""The questions to a table as SQL: one statement that gives every row its mask, written once for both engines.

DuckDB runs it as it stands; `spark_sql` carries it to Spark. Relations are called `rows_<database>.<table>` (all
rows of a table), `typed_<database>.<table>` (those that rows of the same database may find), `kept_<database>.<table>`
(those that other databases find), `moments` and `look_<number>`.
"""

from __future__ import annotations

from typing import Any

from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import TEXT_PREFIX, quoted
from lienthong.contracts.rules.compiled_form import CompiledRule, Look
from lienthong.contracts.rules.days import DAY
from lienthong.contracts.rules.row_names import INNER, ROW
from lienthong.records.checking.checked import WORD
from lienthong.warehouse import layout, moments, questions
from lienthong.warehouse.lifting import PREFIX, lift
from lienthong.warehouse.questions import Question

ABOUT = ("_ruleset", "_failed", "_unknown", "_waiting", "_sender", "_province", "_counted")
"""What rows that are counted together share, beside their masks."""
NAMING = ("_key", "_sender", "_province", "_receipt", "_row", "_entry")
"""What names a row: of which record, from whom, and where it stands in what was sent."""
HITS = ("hit_receipt", "hit_key", "hit_row", "hit_entry", "position")
"""The columns of the relation `hits`, as `found` gives them."""
VIETNAM = "INTERVAL 7 HOUR"


def rows_name(question: Question) -> str:
    """The relation of all rows of a table."""
    return f"rows_{question.contract.name}.{question.table.name}"


def typed_name(database: str, table: str) -> str:
    """The relation of the rows of a table that others may find."""
    return f"{questions.TYPED}{database}.{table}"


def kept_name(place: str) -> str:
    """The relation of the kept rows of `database.table`: what rules of other databases find."""
    return f"kept_{place}"


def columns(table: Table) -> str:
    """Every column as rules see it: what was sent of a typed cell is its value, or the text that did not parse."""
    shown = [quoted(field.name) for field in table.fields]
    shown += [
        f"coalesce({quoted(TEXT_PREFIX + field.name)}, CAST({quoted(field.name)} AS VARCHAR))"
        f" AS {quoted(TEXT_PREFIX + field.name)}"
        for field in table.fields
        if field.type != "string"
    ]
    return ", ".join([*shown, *layout.SYSTEM])


def rows(question: Question, *, day: bool, ago: bool) -> str:
    """SELECT of the rows with their typed columns, the day of their event and the moments before receipt."""
    shown = ", ".join(f"s.{name}" for name in layout.SYSTEM)
    cells = columns(question.table).removesuffix(", ".join(layout.SYSTEM))
    shown = cells + shown
    if day:
        received = f"CAST(strftime(_received + {VIETNAM}, '%Y%m%d') AS BIGINT)"
        told = questions.event_day(question.contract, question.table, received)
        shown += f", {told} AS {quoted(DAY)}"
    join = ""
    if ago:
        shown += "".join(f", m.{moments.column(at)}" for at in range(len(question.agos)))
        join = f" LEFT JOIN moments m ON m.{moments.MINUTE} = s.{moments.MINUTE}"
    return f"SELECT {shown} FROM {quoted(rows_name(question))} s{join}"


def window(rule: CompiledRule, alias: str = "") -> str:
    """The condition that a row is asked at all, for a rule of some days only."""
    if not rule.rule.dated:
        return ""
    day = f"{quoted(alias)}.{quoted(DAY)}" if alias else quoted(DAY)
    return f"{day} BETWEEN {rule.rule.first} AND {rule.rule.last} AND "


def predicate(question: Question, rule: CompiledRule, row: str, source: str) -> tuple[str, str]:
    """A rule that looks at other rows, over the relations of a snapshot; `row` is the alias of the judged row.

    Gives `source`, the SELECT of the rows, with further columns that it needs too.
    """
    own = {table.name for table in question.contract.tables}
    tree = questions.scoped(rule, own, row)
    for one in tree.find_all(questions.exp.Table):
        name = one.name.removeprefix(questions.TYPED)
        if name in own:
            one.this.set("this", typed_name(question.contract.name, name))
        elif "." in name:
            one.this.set("this", kept_name(name))
    tree, lifted = lift(tree, row)
    told = window(rule, row) + f"({moments.named(tree.sql(dialect='duckdb'), question)})"
    if lifted:
        asked = ", ".join(
            f"{moments.named(one.sql(dialect='duckdb'), question)} AS {quoted(f'{PREFIX}{at}')}"
            for at, one in enumerate(lifted)
        )
        source = f"SELECT {quoted(row)}.*, {asked} FROM ({source}) AS {quoted(row)}"
    return told, source


def masked(question: Question, *, hits: bool) -> str:
    """SELECT NAMING, ABOUT and the mask words f0, f1 .. of every row.

    Local rules and gathered ones are asked here; with `hits` the rows in the relation of that name, which other rules
    found before, have their bits too.
    """
    asked = {}
    for at in question.local:
        rule = question.rules[at]
        asked[at] = f"{window(rule)}({moments.named(rule.sql, question)})"
    day = any(question.rules[at].rule.dated for at in (*asked, *question.gathered))
    source = _with_casts(question, rows(question, day=day, ago=bool(question.agos)), asked)
    own = ", ".join(f"{sql} AS o{word}" for word, sql in enumerate(_words(question, asked)))
    looked = {
        at: f"{window(question.rules[at], ROW)}({question.rules[at].gathered})"
        for at in question.gathered
    }
    joins = "".join(f" {_joined(question.looks[at], at)}" for at in question.asked_looks)
    masks = [f"{quoted(ROW)}.o{word} | {sql}" for word, sql in enumerate(_words(question, looked))]
    if hits:
        masks = [f"{sql} | coalesce(h.h{word}, 0)" for word, sql in enumerate(masks)]
        joins += (
            f" LEFT JOIN ({_hit_words(question)}) h ON h.hit_receipt = {quoted(ROW)}._receipt"
            f" AND h.hit_row = {quoted(ROW)}._row AND h.hit_key = {_known_key()}"
            f" AND h.hit_entry = coalesce({quoted(ROW)}._entry, 0)"
        )
    names = ", ".join(f"{quoted(ROW)}.{name}" for name in dict.fromkeys((*NAMING, *ABOUT)))
    shown = ", ".join(f"{sql} AS f{word}" for word, sql in enumerate(masks))
    return (
        f"SELECT {names}, {shown} FROM (SELECT *, {own} FROM ({source}) AS {quoted(ROW)})"
        f" AS {quoted(ROW)}{joins}"
    )


def found(question: Question, position: int) -> str:
    """SELECT receipt, key, row, entry and position of the rows that one looking rule hits.

    Rows that wait keep what was said of them among the rows of their file.
    """
    rule = question.rules[position]
    alias = quoted(ROW)
    wrong, source = predicate(
        question, rule, ROW, rows(question, day=rule.rule.dated, ago=bool(rule.agos))
    )
    return (
        f"SELECT {alias}._receipt, {_known_key()}, {alias}._row, coalesce({alias}._entry, 0), {position}"
        f" FROM ({source}) AS {alias} WHERE NOT {alias}._waiting AND {wrong}"
    )


def _known_key() -> str:
    return f"coalesce({quoted(ROW)}._key, '')"


def look(question: Question, number: int) -> str:
    """SELECT of a look: a table grouped by what rules join it by, within one sender (and one receipt for units)."""
    asked = question.looks[number]
    wanted = {
        use.aggregate
        for at in question.gathered
        for use in question.rules[at].uses
        if use.look == number
    }
    keys = [*asked.keys, *(f"{quoted(INNER)}.{name}" for name in _scope(asked))]
    shown = [f"{key} AS k{at}" for at, key in enumerate(keys)]
    shown += [f"{asked.aggregates[at]} AS a{at}" for at in sorted(wanted)]
    known = " AND ".join(f"({key}) IS NOT NULL" for key in asked.keys)
    source = quoted(typed_name(question.contract.name, asked.table))
    groups = ", ".join(keys)
    return f"SELECT {', '.join(shown)} FROM {source} AS {quoted(INNER)} WHERE {known} GROUP BY {groups}"


def _joined(asked: Look, number: int) -> str:
    alias = quoted(f"_g{number}")
    keys = [*asked.row_keys, *(f"{quoted(ROW)}.{name}" for name in _scope(asked))]
    alike = " AND ".join(f"{alias}.k{at} = ({key})" for at, key in enumerate(keys))
    return f"LEFT JOIN look_{number} {alias} ON {alike}"


def _scope(asked: Look) -> list[str]:
    unit = any(f"{quoted(INNER)}.{quoted('_unit')}" in key for key in asked.keys)
    return [questions.SAME_SENDER, *(["_receipt"] if unit else [])]


def _with_casts(question: Question, source: str, asked: dict[int, str]) -> str:
    """The rows with the soft casts that local rules share."""
    used = " ".join(asked.values())
    shared = [one for one in question.compiled.shared if f'"{one.name}"' in used]
    if not shared:
        return source
    arguments = ", ".join(f"{one.argument} AS {one.name}a" for one in shared)
    casts = ", ".join(f"{one.function}({one.name}a) AS {one.name}" for one in shared)
    return f"SELECT *, {casts} FROM (SELECT *, {arguments} FROM ({source}) AS v) AS v"


def _words(question: Question, asked: dict[int, str]) -> list[str]:
    words: list[list[str]] = [["CAST(0 AS BIGINT)"] for _ in range(question.words)]
    for at, sql in sorted(asked.items()):
        words[at // WORD].append(f"CASE WHEN {sql} THEN {1 << at % WORD} ELSE 0 END")
    return [f"({' + '.join(parts)})" for parts in words]


def _hit_words(question: Question) -> str:
    sums = ", ".join(
        "CAST(sum(" + _bits(question, word) + f") AS BIGINT) AS h{word}"
        for word in range(question.words)
    )
    place = ", ".join(HITS[:-1])
    return f"SELECT {place}, {sums} FROM hits GROUP BY {place}"


def _bits(question: Question, word: int) -> str:
    """The bit of a hit in one word."""
    own = [at for at in question.others if at // WORD == word]
    cases = " ".join(f"WHEN {at} THEN {1 << at % WORD}" for at in own)
    return f"CASE position {cases} ELSE 0 END" if own else "0"


def grouped(question: Question, source: str) -> str:
    """SELECT of ABOUT, the mask words and how many rows share them."""
    words = ", ".join(f"f{word}" for word in range(question.words))
    names = ", ".join(ABOUT)
    return f"SELECT {names}, {words}, count(*) AS rows FROM {source} GROUP BY {names}, {words}"


def wrong(question: Question, source: str) -> str:
    """SELECT of the rows on which an asked rule failed or that brought a mask."""
    words = [f"f{word}" for word in range(question.words)]
    shown = ", ".join([*dict.fromkeys((*NAMING, *ABOUT)), *words])
    some = " OR ".join([*(f"{word} <> 0" for word in words), "_failed IS NOT NULL"])
    return f"SELECT {shown} FROM {source} WHERE {some}"


def as_group(row: Any) -> tuple[Any, ...]:
    """The values of one line of `grouped`: what is shared, the words, the number."""
    return row[: len(ABOUT)], row[len(ABOUT) : -1], row[-1]
