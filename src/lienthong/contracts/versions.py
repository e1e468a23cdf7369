"""A contract as it was promised on a day: the tables, fields and rules of one of its dated versions."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from lienthong.contracts.contract import LAST_DAY, Contract, Field, Rule, Table, Version
from lienthong.contracts.version_items import day as day_of
from lienthong.errors import NotFound, Refused

AT = "@"
"""Between a contract's name and a version's id: `care@130`."""


def split(name: str) -> tuple[str, str]:
    """A contract's name (or file) and the version asked for, empty when none is."""
    head, mark, version = name.rpartition(AT)
    return (head, version) if mark and head and "/" not in version else (name, "")


def version_on(contract: Contract, day: int) -> Version | None:
    """The version in force on a day (yyyymmdd): the first one for days before it, None without versions."""
    found = None
    for version in contract.versions:
        if found is None or version.first <= day:
            found = version
    return found


def at(contract: Contract, version: str) -> Contract:
    """The contract in one version. Raises NotFound with the versions there are."""
    for one in contract.versions:
        if one.id == version:
            return on(contract, min(one.last, LAST_DAY - 1) if one.last < LAST_DAY else LAST_DAY)
    raise NotFound(
        "CONTRACT-VERSION",
        "Contract %(contract)s has no version '%(version)s'. There are: %(choices)s",
        contract=contract.name,
        version=version,
        choices=", ".join(one.id for one in contract.versions) or "–",
    )


def as_asked(contract: Contract, version: str = "", day: str | date | None = None) -> Contract:
    """The contract in a version, or on a day, or as it is (every version together) when neither is given.

    Raises NotFound for a version there is not, Refused for a day that is none or when both are given.
    """
    if version and day:
        raise Refused("CONTRACT-WHICH", "Give a version or a day, not both.")
    if version:
        return at(contract, version)
    if day is None or day == "":
        return contract
    number = day_of(day)
    if number is None:
        raise Refused(
            "CONTRACT-DAY", "%(day)s is no day; write it as 2025-01-01.", day=str(day)[:40]
        )
    return on(contract, number)


def on(contract: Contract, day: int) -> Contract:
    """The contract as it is promised for events of a day (yyyymmdd)."""
    version = version_on(contract, day)
    tables = tuple(
        _table(table, day, version) for table in contract.tables if table.first <= day <= table.last
    )
    named = f"{contract.version}{AT}{version.id}" if version else contract.version
    return replace(contract, version=named, versions=(), tables=tables, digest="")


def _table(table: Table, day: int, version: Version | None) -> Table:
    fields = tuple(made for field in table.fields if (made := field_on(field, day, version)))
    called = {
        field.name: _called(field, version) for field in table.fields if _called(field, version)
    }
    rules = tuple(
        replace(
            rule,
            first=0,
            last=LAST_DAY,
            fields=tuple(called.get(name) or name for name in rule.fields),
        )
        for rule in table.rules
        if rule.first <= day <= rule.last
    )
    return replace(table, first=0, last=LAST_DAY, fields=fields, rules=_of_fields(rules, fields))


def _of_fields(rules: tuple[Rule, ...], fields: tuple[Field, ...]) -> tuple[Rule, ...]:
    """The rules without the names of fields that are not there."""
    names = {field.name for field in fields}
    return tuple(
        replace(rule, fields=tuple(name for name in rule.fields if name in names)) for rule in rules
    )


def field_on(field: Field, day: int, version: Version | None = None) -> Field | None:
    """The field as it is promised on a day, under the name it has then; None when it is not there."""
    name = _called(field, version) or field.name
    properties = (
        field.properties if name == field.name else {**field.properties, "field": field.name}
    )
    for period in field.periods:
        if period.first <= day <= period.last:
            if period.absent:
                return None
            field = replace(field, **period.changes)
            break
    if version is not None and version.known == "names":
        field = replace(field, evidence=version.evidence, source=version.source)
    return replace(field, name=name, properties=properties, periods=(), aliases={})


def versions_of(field: Field) -> tuple[str, ...]:
    """The ids of the versions that have a field, oldest first; empty when every version has it."""
    if field.always:
        return ()
    ids = (name for period in field.periods if not period.absent for name in period.versions)
    return tuple(dict.fromkeys(ids))


def _called(field: Field, version: Version | None) -> str:
    """The name that a version gives a field, where it is another one."""
    if version is None:
        return ""
    return next((name for name, of in field.aliases.items() if of == version.id), "")
