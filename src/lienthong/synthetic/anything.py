"""Rows of a contract of which nobody told us anything: values as it declares, mended until its rules are silent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random

from lienthong.contracts.contract import Contract, Field, Rule, Table
from lienthong.findings import Severity
from lienthong.synthetic.filling import made_up
from lienthong.synthetic.judging import Judge, judge
from lienthong.synthetic.lines import Row
from lienthong.synthetic.patterns import matching
from lienthong.synthetic.people import Person

TRIES = 40
"""How often a row is mended before it is given up."""
_MATCHES = re.compile(
    r"NOT\s+REGEXP_MATCHES\(\s*(?:UPPER\()?\s*(?:\w+\.)?(\w+)\)?\s*,\s*'((?:[^']|'')*)'", re.I
)
_LISTED = re.compile(r"(?:\w+\.)?(\w+)\s+NOT\s+IN\s*\(([^()]*)\)", re.I)


@dataclass
class Around:
    """What is known where a row is made: a person, a day, the facility that sends, and keys that were given already."""

    random: Random
    at: datetime
    who: Person
    facility: str
    worker: str = ""
    worker_name: str = ""
    number: int = 0
    kept: dict[str, list[Row]] = field(default_factory=dict)

    def roles(self) -> dict[str, str]:
        """Values by identity role."""
        who = self.who
        return {
            "person_name": who.name, "person_number": who.cccd, "patient_number": who.cccd, "sex": who.sex,
            "birth_date": f"{who.born:%Y%m%d}", "insurance_number": who.card, "address": who.address,
            "province_code": who.province, "commune_code": who.commune, "phone": who.phone,
            "facility_code": self.facility, "practitioner_number": self.worker,
            "practitioner_name": self.worker_name, "practitioner_key": self.worker,
        }  # fmt: skip


class Filler:
    """Makes rows of one contract."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.contract: Contract = judge.contract
        self._patterns = _patterns(self.contract)
        self._listed = _listed(self.contract)

    def row(
        self, table: Table, around: Around, said: Mapping[str, str] | None = None, *, sparse: bool = False
    ) -> Row:  # fmt: skip
        """A row of the table; `said` are cells that are known, and with `sparse` only required ones are added to them.

        It may still break a rule.
        """
        row: Row = dict(said or {})
        for one in table.fields:
            if one.name in row:
                continue
            if (
                one.required
                or one.name in table.key
                or (not sparse and around.random.random() < 0.5)
            ):
                row[one.name] = self.value(table, one, around)
        return row

    def value(self, table: Table, one: Field, around: Around) -> str:
        """A value for a field, as far as it is declared."""
        random = around.random
        if one.reference or one.name in _referring(table):
            found = _referred(table, one, around)
            if found is not None:
                return found
        if listed := [known.value for known in one.values] or self._listed.get(
            (table.name, one.name)
        ):
            return random.choice(listed)
        role = around.roles().get(one.identity_role or "")
        if role:
            return self._date(role, one) if one.identity_role == "birth_date" else role
        if one.code_list and self.judge.codes.has(one.code_list):
            return random.choice(_codes(self.judge, one.code_list, f"{around.at:%Y%m%d}") or ("",))
        if (one.format or "").startswith(("date", "birth", "year")) or one.type in (
            "date",
            "timestamp",
        ):
            return self._day(table, one, around)
        if one.type in ("integer", "number"):
            return _number(one, random)
        for pattern in (one.pattern, *self._patterns.get((table.name, one.name), ())):
            made = matching(pattern, random) if pattern else None
            if made is not None:
                return made
        return self._text(table, one, around)

    def _text(self, table: Table, one: Field, around: Around) -> str:
        if one.type == "boolean":
            return around.random.choice(("true", "false"))
        if one.name in table.key:
            text = f"{table.name[:2].upper()}{around.number:08d}"
            return text[-(one.max_length or 40) :]
        return made_up(one)

    def _day(self, table: Table, one: Field, around: Around) -> str:
        random = around.random
        back, ahead = random.choice((0, 0, 1, 3, 30, 400)), random.choice((0, 0, 0, 200))
        if one.name == table.event:
            back = ahead = 0
        return _written(around.at - timedelta(days=back - ahead), one)

    @staticmethod
    def _date(eight: str, one: Field) -> str:
        return _written(datetime.strptime(eight, "%Y%m%d"), one)  # noqa: DTZ007  a day has no zone

    def mended(
        self,
        tables: dict[str, list[Row]],
        around: Sequence[Around] | Around,
        sent: datetime,
        sender: str,
    ) -> dict[str, list[Row]]:
        """The rows changed until no rule speaks; rows that cannot be mended are left out."""
        random = around.random if isinstance(around, Around) else around[0].random
        for turn in range(TRIES):
            spoken = self.complaints(tables, sent, sender)
            if not spoken:
                return tables
            for (name, at), rules in sorted(spoken.items(), key=lambda item: item[0]):
                whose = around if isinstance(around, Around) else around[at % len(around)]
                self._mend(name, tables[name][at], rules, whose, turn, random)
        return self._without(tables, sent, sender)

    def complaints(
        self, tables: Mapping[str, Sequence[Row]], sent: datetime, sender: str
    ) -> dict[tuple[str, int], list[Rule]]:
        """The rules that speak of each row, without those that only inform."""
        spoken: dict[tuple[str, int], list[Rule]] = {}
        for name, at, rule in self.judge.said(tables, sent, sender):
            if rule.severity is not Severity.INFORMATION:
                spoken.setdefault((name, at), []).append(rule)
        return spoken

    def _mend(
        self, name: str, row: Row, rules: list[Rule], around: Around, turn: int, random: Random
    ) -> None:
        table = self.contract.table(name)
        assert table is not None
        rule = random.choice(rules)
        named = [one for one in table.fields if one.name in _fields_of(rule, table)]
        loose = [
            one for one in named if one.name not in table.key and one.name != table.link
        ] or named
        for one in random.sample(loose, min(len(loose), 1 + turn // 8)):
            optional = not one.required and one.name not in table.key
            if optional and row.get(one.name) and random.random() < 0.5:
                row[one.name] = ""
            else:
                row[one.name] = self.value(table, one, around)

    def _without(
        self, tables: dict[str, list[Row]], sent: datetime, sender: str
    ) -> dict[str, list[Row]]:
        """Leave out rows until those that stay are right."""
        for _ in range(len(tables) + 2):
            wrong = set(self.complaints(tables, sent, sender))
            if not wrong:
                break
            tables = {
                name: [row for at, row in enumerate(rows) if (name, at) not in wrong]
                for name, rows in tables.items()
            }
        else:
            return {}
        return {name: rows for name, rows in tables.items() if rows}


@lru_cache(maxsize=32)
def filler_of(contract: str | Path) -> Filler:
    """What makes rows of a contract by name or file, read once."""
    return Filler(judge(contract))


def _fields_of(rule: Rule, table: Table) -> set[str]:
    if rule.fields:
        return set(rule.fields)
    text = rule.predicate or rule.query or ""
    return {one.name for one in table.fields if re.search(rf"\b{re.escape(one.name)}\b", text)}


def _patterns(contract: Contract) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for table in contract.tables:
        for rule in table.rules:
            text = rule.predicate or rule.query or ""
            for name, pattern in _MATCHES.findall(text):
                if len(rule.fields) == 1:
                    found.setdefault((table.name, name), []).append(pattern.replace("''", "'"))
    return {key: tuple(those) for key, those in found.items()}


def _listed(contract: Contract) -> dict[tuple[str, str], tuple[str, ...]]:
    """Values that a rule of one field names as the only right ones."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for table in contract.tables:
        for rule in table.rules:
            for name, values in _LISTED.findall(rule.predicate or rule.query or ""):
                if len(rule.fields) == 1 and rule.fields[0] == name:
                    found[table.name, name] = tuple(one.strip(" '") for one in values.split(","))
    return found


def _referring(table: Table) -> set[str]:
    names = {name for reference in table.references for name in reference.fields}
    return names | ({table.link} if table.link and table.root not in (None, table.name) else set())


def _referred(table: Table, one: Field, around: Around) -> str | None:
    for reference in table.references:
        if one.name in reference.fields and around.kept.get(reference.target):
            end = reference.ends[reference.fields.index(one.name)]
            return around.random.choice(around.kept[reference.target]).get(end)
    if one.reference and around.kept.get(one.reference[0]):
        return around.random.choice(around.kept[one.reference[0]]).get(one.reference[1])
    if table.root and one.name == table.link and around.kept.get(table.root):
        return around.random.choice(around.kept[table.root]).get(one.name)
    return None


def _codes(judge: Judge, name: str, day: str) -> tuple[str, ...]:
    return tuple(one.code for one in judge.codes.codes(name) if one.holds(day))[:400]


def _number(one: Field, random: Random) -> str:
    low = one.minimum if one.minimum is not None else one.exclusive_minimum
    low = int(low) + (one.minimum is None) if low is not None else 1
    high = int(one.maximum) if one.maximum is not None else low + 99
    return str(random.randint(low, max(low, min(high, low + 200))))


def _written(at: datetime, one: Field) -> str:
    form = one.format or ""
    if one.type == "date":
        return f"{at:%Y-%m-%d}"
    if one.type == "timestamp":
        return f"{at:%Y-%m-%dT%H:%M:%S}+07:00"
    if form.startswith("year") or one.max_length == 4:
        return f"{at:%Y}"
    if "12" in form and "date8" not in form.split("_or_")[0]:
        return f"{at:%Y%m%d%H%M}"
    return f"{at:%Y%m%d}"


def order(contract: Contract) -> Iterator[Table]:
    """The tables of a contract: those that others refer to come first."""
    left = list(contract.tables)
    done: set[str] = set()
    while left:
        free = [
            table for table in left
            if {r.target for r in table.references if r.target} | {table.root or table.name} <= done | {table.name}
        ] or left[:1]  # fmt: skip
        for table in free:
            done.add(table.name)
            left.remove(table)
            yield table
