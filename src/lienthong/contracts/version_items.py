"""The dated versions of a contract as its file tells them: which days, which fields, under which names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lienthong.contracts.contract import (
    FIRST_DAY,
    LAST_DAY,
    Contract,
    Field,
    Period,
    Rule,
    Table,
    Version,
)

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper
    from lienthong.contracts.yaml_lines import Path

UP_TO = ".."
"""Before a version's id: that version and every one before it."""
ATTRIBUTES = {
    "required": "required",
    "logicalType": "type",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "codeList": "code_list",
    "format": "format",
}
"""What a version may promise otherwise of a field, and the attribute it is."""


def day(value: Any) -> int | None:
    """A date as the contract writes it (`2025-01-01`, `20250101`) as a number yyyymmdd; None when it is none."""
    text = str(value).replace("-", "")
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return int(text)


def day_before(number: int) -> int:
    """The day before a day, both as yyyymmdd."""
    return _moved(number, -1)


def day_after(number: int) -> int:
    """The day after a day, both as yyyymmdd."""
    return _moved(number, 1)


def _moved(number: int, days: int) -> int:
    text = str(number)
    moved = date(int(text[:4]), int(text[4:6]), int(text[6:])) + timedelta(days=days)
    return int(moved.strftime("%Y%m%d"))


def map_versions(mapper: Mapper, items: Any) -> tuple[Version, ...]:
    """The versions of a contract, oldest first; each lasts until the next one begins."""
    path: Path = ("customProperties",)
    found: list[Version] = []
    for item in items if isinstance(items, list) else ():
        first = day(item.get("from", "")) if isinstance(item, dict) else None
        if first is None or not item.get("id"):
            wrong = "a version needs an id and the day from which it is in force"
            mapper.wrong(path, wrong, "{id: '4750', from: '20240701', basis: ...}")
            continue
        found.append(
            Version(
                id=str(item["id"]),
                first=first,
                decided=str(item.get("decided") or ""),
                basis=str(item.get("basis") or ""),
                about=mapper.text(item.get("about"), path, "about"),
                unknown=mapper.text(item.get("unknown"), path, "unknown"),
                known="names" if item.get("known") == "names" else "all",
                rules=tuple(str(rule) for rule in item.get("rules") or ()),
                sign=item.get("sign"),
                accepted=day(item.get("accepted", "")) or FIRST_DAY,
                evidence=item.get("evidence"),
                source=item.get("source"),
            )
        )
    found.sort(key=lambda version: version.first)
    mapper.no_twins([version.id for version in found], path, "version")
    ends = [day_before(version.first) for version in found[1:]]
    return tuple(
        replace(version, last=last)
        for version, last in zip(found, [*ends, LAST_DAY][: len(found)], strict=True)
    )


def date_contract(mapper: Mapper, contract: Contract) -> Contract:
    """The contract with the days of its tables, fields and rules."""
    dater = _Dater(mapper, contract.versions)
    return replace(contract, tables=tuple(dater.table(table) for table in contract.tables))


class _Dater:
    """Puts the days of the versions on what a contract says of them by their ids."""

    def __init__(self, mapper: Mapper, versions: tuple[Version, ...]) -> None:
        self.mapper = mapper
        self.versions = {version.id: version for version in versions}

    def table(self, table: Table) -> Table:
        first, last = self._window(table.properties.get("versions"), table.line, table.name)
        fields = tuple(self._field(table, field) for field in table.fields)
        dated = replace(table, first=first, last=last, fields=fields)
        return replace(dated, rules=tuple(self._rule(dated, rule) for rule in table.rules))

    def _window(self, told: Any, line: int | None, place: str) -> tuple[int, int]:
        """The first and the last day of `since` and `until`, from before the first version to after the last."""
        if not isinstance(told, dict):
            return FIRST_DAY, LAST_DAY
        since, until = (self._named(told.get(word), line, place) for word in ("since", "until"))
        order = list(self.versions.values())
        first = since.first if since and since is not order[0] else FIRST_DAY
        return first, until.last if until else LAST_DAY

    def _named(self, name: Any, line: int | None, place: str) -> Version | None:
        if name is None or str(name) in self.versions:
            return self.versions.get(str(name))
        wrong = "%(place)s names version '%(version)s'"
        self.mapper.wrong_at(line, wrong, ", ".join(self.versions), place=place, version=name)
        return None

    def _field(self, table: Table, field: Field) -> Field:
        told = field.properties.get("versions")
        place = f"{table.name}.{field.name}"
        first, last = self._window(told, field.line, place)
        changes = self._named_only(field)
        changes |= self._changes(told if isinstance(told, dict) else {}, field, place)
        aliases = {
            str(change.pop("name")): name for name, change in changes.items() if "name" in change
        }
        lists = self._lists(table)
        for version, names in lists.items():
            aliases |= {old: version for old, new in names.items() if new == field.name != old}
        cuts = {FIRST_DAY, first, *(version.first for version in self.versions.values())}
        if last < LAST_DAY:
            cuts.add(day_after(last))
        for value in field.values:
            cuts |= _cuts_of(value.valid_from, value.valid_to)
        begins = sorted(cuts)
        ends = [*(day_before(cut) for cut in begins[1:]), LAST_DAY]
        periods: list[Period] = []
        for begin, end in zip(begins, ends, strict=True):
            version = self._version_on(begin)
            absent = begin < first or begin > last
            absent = absent or (version in lists and field.name not in lists[version].values())
            change = {} if absent else self._on(field, changes, begin)
            ids = (version,) if version else ()
            _join(
                periods, Period(first=begin, last=end, versions=ids, absent=absent, changes=change)
            )
        same = len(periods) == 1 and not periods[0].changes and not periods[0].absent
        return replace(field, periods=() if same else tuple(periods), aliases=aliases)

    def _named_only(self, field: Field) -> dict[str, dict[str, Any]]:
        """What versions of which only the names are known say of a field: nothing."""
        nothing: dict[str, Any] = dict.fromkeys(
            ("pattern", "minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
        )
        nothing |= {"min_length": None, "max_length": None, "values": (), "required": False}
        return {
            version.id: dict(nothing)
            for version in self.versions.values()
            if version.known == "names" and not field.primary_key
        }

    def _lists(self, table: Table) -> dict[str, dict[str, str]]:
        """Version id to the names that a table has in it, each with the field it fills."""
        told = table.properties.get("versions")
        lists: dict[str, dict[str, str]] = {}
        for key, change in told.items() if isinstance(told, dict) else ():
            if key in ("since", "until") or not isinstance(change, dict):
                continue
            if self._named(key, table.line, table.name) is None:
                continue
            names: dict[str, str] = {}
            for name in change.get("names") or ():
                names |= (
                    {str(old): str(new) for old, new in name.items()}
                    if isinstance(name, dict)
                    else {str(name): str(name)}
                )
            lists[str(key)] = names
        return lists

    def _changes(self, told: dict[str, Any], field: Field, place: str) -> dict[str, dict[str, Any]]:
        """Version id to the attributes that the field has in it."""
        changes: dict[str, dict[str, Any]] = {}
        for key, change in told.items():
            if key in ("since", "until"):
                continue
            version = self._named(str(key).removeprefix(UP_TO), field.line, place)
            if version is None or not isinstance(change, dict):
                continue
            unknown = set(change) - set(ATTRIBUTES) - {"name"}
            if unknown:
                self.mapper.wrong_at(
                    field.line,
                    "versions of %(place)s change '%(what)s'",
                    ", ".join(("name", *ATTRIBUTES)),
                    place=place,
                    what=", ".join(sorted(unknown)),
                )
            made: dict[str, Any] = {
                ATTRIBUTES.get(str(name), str(name)): value for name, value in change.items()
            }
            upto = str(key).startswith(UP_TO)
            for one in self.versions.values():
                own = changes.get(one.id, {})
                if one is version:
                    changes[one.id] = own | made
                elif upto and one.first < version.first:
                    changes[one.id] = made | own
        return changes

    def _on(self, field: Field, changes: dict[str, dict[str, Any]], begin: int) -> dict[str, Any]:
        change = dict(changes.get(self._version_on(begin), {}))
        dated = [v for v in field.values if v.valid_from or v.valid_to]
        if dated and "values" not in change:
            held = tuple(
                value
                for value in field.values
                if (day(value.valid_from) or FIRST_DAY)
                <= begin
                <= (day(value.valid_to) or LAST_DAY)
            )
            if held != field.values:
                change["values"] = held
        return {
            name: value for name, value in change.items() if value != getattr(field, name, None)
        }

    def _version_on(self, begin: int) -> str:
        """The version in force on a day; the first one for days before it."""
        found = ""
        for version in self.versions.values():
            if version.first <= begin or not found:
                found = version.id
        return found

    def _rule(self, table: Table, rule: Rule) -> Rule:
        """A rule is asked on the days of its own dates, of its table, and of the first field it blames."""
        first, last = table.first, table.last
        for version in self.versions.values():
            if version.known == "names" and rule.id not in version.rules:
                first = max(first, day_after(version.last))
        for told in (rule.valid_from, rule.valid_to):
            if told and day(told) is None:
                self.mapper.wrong_at(rule.line, "'%(day)s' is no day", "2025-01-01", day=told)
        if rule.valid_from:
            first = max(first, day(rule.valid_from) or FIRST_DAY)
        if rule.valid_to:
            last = min(last, day(rule.valid_to) or LAST_DAY)
        field = table.field(rule.fields[0]) if rule.fields else None
        present = [period for period in field.periods if not period.absent] if field else []
        if present:
            first, last = max(first, present[0].first), min(last, present[-1].last)
        return replace(rule, first=first, last=last)


def _cuts_of(valid_from: str | None, valid_to: str | None) -> set[int]:
    begin = day(valid_from) if valid_from else None
    end = day(valid_to) if valid_to else None
    return ({begin} if begin else set()) | ({day_after(end)} if end else set())


def _join(periods: list[Period], new: Period) -> None:
    """Adds a period, as part of the one before when nothing differs."""
    if periods and (periods[-1].absent, periods[-1].changes) == (new.absent, new.changes):
        ids = tuple(dict.fromkeys((*periods[-1].versions, *new.versions)))
        periods[-1] = replace(periods[-1], last=new.last, versions=ids)
    else:
        periods.append(new)
