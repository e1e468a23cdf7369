"""What a database promises: tables, fields, rules, owner, legal basis, clocks and sensitivity.

These are plain values. They are read from ODCS YAML by `contracts.reading` and know no database and no clock.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lienthong.findings import Criterion, Severity, Text

Kind = Literal[
    "required",
    "type",
    "length",
    "pattern",
    "minimum",
    "maximum",
    "enum",
    "unique",
    "reference",
    "row",
    "query",
    "custom",
    "version",
    "nested",
]
"""What a rule is made of: declared by a property, a row predicate, a counted query, our own engine, that a
table or field is not part of the version in force, or promised of values inside a cell."""


FieldType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "time"]

Sensitivity = Literal["public", "internal", "personal", "sensitive"]


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the values below."""


FIRST_DAY = 0
LAST_DAY = 99999999
"""Before and after every day, as days are compared: whole numbers yyyymmdd."""


class Version(Struct, frozen=True, kw_only=True):
    """One dated version of a contract: events from `first` to `last` (yyyymmdd, both included) are judged by it.

    Of a version of which only the names are known (`known`), nothing else is asked than the rules in `rules`.
    A later event up to the day `accepted` is still judged by it when its root's field `sign` is filled, which
    only this version has.
    """

    id: str
    first: int = FIRST_DAY
    last: int = LAST_DAY
    decided: str = ""
    basis: str = ""
    about: Text = {}
    unknown: Text = {}
    known: Literal["all", "names"] = "all"
    rules: tuple[str, ...] = ()
    sign: str | None = None
    accepted: int = FIRST_DAY
    evidence: str | None = None
    source: str | None = None


class Period(Struct, frozen=True, kw_only=True):
    """Days on which a field is promised in one way: `changes` of its own attributes, or not at all (`absent`)."""

    first: int = FIRST_DAY
    last: int = LAST_DAY
    versions: tuple[str, ...] = ()
    absent: bool = False
    changes: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """The values of a closed list are values again when a contract comes back from the cache."""
        if "values" in self.changes:
            self.changes["values"] = msgspec.convert(self.changes["values"], tuple[CodeValue, ...])


class CodeValue(Struct, frozen=True, kw_only=True):
    """One value of a closed list, with its meaning."""

    value: str
    label: Text = {}
    valid_from: str | None = None
    valid_to: str | None = None


class Other(Struct, frozen=True, kw_only=True):
    """Rows of another database that a rule looks at: `table` is database.table, `on` pairs (its field, own field).

    Only rows that agree with the judged row in all pairs are looked at.
    """

    table: str
    on: tuple[tuple[str, str], ...] = ()

    @property
    def database(self) -> str:
        """The contract that keeps those rows."""
        return self.table.partition(".")[0]


class Rule(Struct, frozen=True, kw_only=True):
    """One promise that a row can break.

    `predicate` is SQL over the row, true for a wrong row (kinds row and custom; for property kinds it is
    derived when the contract is compiled). `query` with `operator` and `threshold` is a counted ODCS query.
    `needs` names the code lists without which the answer is unknown. `requires` names rules that must hold
    before this one is asked (their failing rows are passed over). Events before the day `first` or after
    `last` (yyyymmdd) are not asked.
    """

    id: str
    table: str
    kind: Kind
    criterion: Criterion
    severity: Severity = Severity.ERROR
    fields: tuple[str, ...] = ()
    predicate: str | None = None
    query: str | None = None
    operator: str = "mustBe"
    threshold: Any = 0
    argument: Any = None
    sentence: Text = {}
    remedy: Text = {}
    needs: tuple[str, ...] = ()
    other: tuple[Other, ...] = ()
    databases: tuple[str, ...] = ()
    naming: Text = {}
    legal_basis: str | None = None
    evidence: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    first: int = FIRST_DAY
    last: int = LAST_DAY
    line: int | None = None

    @property
    def dated(self) -> bool:
        """Whether the rule is asked of events of some days only."""
        return self.first > FIRST_DAY or self.last < LAST_DAY


class Field(Struct, frozen=True, kw_only=True):
    """One column of a table, as the sender must fill it.

    `physical_name` is the column's own name in files and SQL where it is not `name` (ODCS physicalName).
    The attributes are those of the newest version that has the field; `periods` (empty: always the same) say
    how other versions have it, `aliases` how they call it.
    """

    name: str
    physical_name: str | None = None
    type: FieldType = "string"
    physical_type: str | None = None
    label: Text = {}
    description: Text = {}
    required: bool = False
    required_severity: Severity = Severity.ERROR
    unique: bool = False
    primary_key: bool = False
    pattern: str | None = None
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    min_length: int | None = None
    max_length: int | None = None
    multiple_of: int | float | None = None
    values: tuple[CodeValue, ...] = ()
    reference: tuple[str, str] | None = None
    code_list: str | None = None
    separator: str | None = None
    format: str | None = None
    sensitivity: Sensitivity = "internal"
    identity_role: str | None = None
    evidence: str | None = None
    source: str | None = None
    examples: tuple[str, ...] = ()
    properties: dict[str, Any] = {}
    periods: tuple[Period, ...] = ()
    aliases: dict[str, str] = {}
    line: int | None = None

    @property
    def always(self) -> bool:
        """Whether every version has the field."""
        return not any(period.absent for period in self.periods)


class Reference(Struct, frozen=True, kw_only=True):
    """`fields` of a table must be found in `ends` of `target`; no target: they are kept by another contract."""

    fields: tuple[str, ...]
    target: str
    ends: tuple[str, ...]
    written: str
    line: int | None = None


class Table(Struct, frozen=True, kw_only=True):
    """One table of a contract.

    `key` names the primary-key fields, `references` the foreign keys that no field says alone. `root` is the
    table whose row opens the unit of acceptance (itself for most tables; XML1 for the tables of a visit) and
    `link` the field that joins to it. `event` is the field that says when the event happened, `xml` where the
    rows stand in a message. `sender_kinds` may send it (none named: those of the database). Events from the day
    `first` to `last` (yyyymmdd) have this table.
    """

    name: str
    physical_name: str | None = None
    first: int = FIRST_DAY
    last: int = LAST_DAY
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    label: Text = {}
    description: Text = {}
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    root: str | None = None
    link: str | None = None
    event: str | None = None
    province: str | None = None
    facility: str | None = None
    sender_kinds: tuple[str, ...] = ()
    xml: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    line: int | None = None

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def columns(self) -> dict[str, str]:
        """How files and SQL may call each field (in lower case) to its name: physical names come first."""
        called = {name.casefold(): field.name for field in self.fields for name in field.aliases}
        called |= {field.name.casefold(): field.name for field in self.fields}
        return called | {
            field.physical_name.casefold(): field.name
            for field in self.fields
            if field.physical_name
        }


class Clock(Struct, frozen=True, kw_only=True):
    """A legal time limit between an event and its arrival."""

    id: str
    event: Text
    within: int
    unit: Literal["minutes", "hours", "working_hours", "days", "working_days", "months"]
    basis: str = ""
    evidence: str = "inferred"


class Contract(Struct, frozen=True, kw_only=True):
    """What a database promises. `versions` (oldest first) are its dated versions, when it tells them apart:
    its tables and fields are then those of all of them together."""

    name: str
    version: str
    versions: tuple[Version, ...] = ()
    status: str = "active"
    label: Text = {}
    description: Text = {}
    tables: tuple[Table, ...]
    owner: str = ""
    owner_label: Text = {}
    legal_basis: tuple[dict[str, Any], ...] = ()
    clocks: tuple[Clock, ...] = ()
    senders: Text = {}
    sender_kinds: tuple[str, ...] = ()
    expected: dict[str, Any] = {}
    purposes: tuple[str, ...] = ()
    retention: Text = {}
    evidence: str | None = None
    properties: dict[str, Any] = {}
    borrowed: dict[str, Table] = {}
    digest: str = ""
    path: str = ""

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        return next((table for table in self.tables if table.name == name), None)

    def lent(self, name: str) -> Table | None:
        """The table of another database (database.table) at which rules look, whatever the case."""
        wanted = name.casefold()
        return next((t for key, t in self.borrowed.items() if key.casefold() == wanted), None)

    def called(self, name: str) -> Table | None:
        """The table that files and SQL mean by a name: its name or its physical name, whatever the case."""
        wanted = name.casefold()
        named = (table for table in self.tables if table.name.casefold() == wanted)
        physical = (
            table for table in self.tables if (table.physical_name or "").casefold() == wanted
        )
        return next(named, None) or next(physical, None)
