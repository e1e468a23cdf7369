"""What changed between two versions of a contract, and whether senders must act before it is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from lienthong.contracts.contract import Contract, Field, Rule, Table
from lienthong.findings import Severity
from lienthong.words import say

Effect = Literal["breaking", "compatible"]

WIDENINGS = {("integer", "number"), ("date", "timestamp")}
"""Types that every value of the first also satisfies; text takes any of them."""


class Change(msgspec.Struct, frozen=True):
    """One difference. `breaking`: a file that was right before may be wrong now, or a reader loses a field."""

    effect: Effect
    place: str
    what: str
    why: str
    values: Mapping[str, object] = {}

    def said(self, language: str = "en") -> tuple[str, str]:
        """What changed and why it matters, in a language (`what` and `why` are the gettext keys)."""
        return say(self.what, language, **self.values), say(self.why, language)


def compare(old: Contract, new: Contract) -> list[Change]:
    """Every difference from `old` to `new`, breaking ones first."""
    changes = [*_senders(old, new), *_tables(old, new)]
    return sorted(changes, key=lambda change: (change.effect != "breaking", change.place))


def _tables(old: Contract, new: Contract) -> Iterator[Change]:
    for table in old.tables:
        if new.table(table.name) is None:
            yield Change("breaking", table.name, "table removed", "its rows have no place any more")
    for table in new.tables:
        before = old.table(table.name)
        if before is None:
            yield Change("compatible", table.name, "table added", "senders without it lose nothing")
            continue
        yield from _fields(before, table)
        yield from _keys(before, table)
        yield from _rules(before, table)


def _senders(old: Contract, new: Contract) -> Iterator[Change]:
    """Who may send the database, and each table of both."""
    yield from _kinds(new.name, old.sender_kinds, new.sender_kinds)
    for table in new.tables:
        before = old.table(table.name)
        if before is not None and before.sender_kinds != table.sender_kinds:
            yield from _kinds(
                table.name,
                before.sender_kinds or old.sender_kinds,
                table.sender_kinds or new.sender_kinds,
            )


def _kinds(place: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    if set(old) == set(new):
        return
    lost = new and (not old or set(old) - set(new))
    values = {"old": ", ".join(old) or "–", "new": ", ".join(new) or "–"}
    yield Change(
        "breaking" if lost else "compatible",
        place,
        "kinds of senders changed from %(old)s to %(new)s",
        "some senders may not send it any more" if lost else "whoever sends it may go on",
        values,
    )


def _keys(old: Table, new: Table) -> Iterator[Change]:
    if old.key != new.key:
        values = {"old": ", ".join(old.key) or "–", "new": ", ".join(new.key) or "–"}
        what = "key changed from %(old)s to %(new)s"
        why = "records would be matched to other versions"
        yield Change("breaking", new.name, what, why, values)


def _fields(old: Table, new: Table) -> Iterator[Change]:
    renamed = _renamed(old, new)
    for field in old.fields:
        if field.name in renamed:
            values = {"name": renamed[field.name]}
            place = f"{old.name}.{field.name}"
            what = "renamed to %(name)s"
            why = "senders must write the new name"
            yield Change("breaking", place, what, why, values)
        elif new.field(field.name) is None:
            place = f"{old.name}.{field.name}"
            yield Change(
                "breaking", place, "field removed", "readers lose it; senders still fill it"
            )
    former = {name: field for field, name in renamed.items()}
    for field in new.fields:
        place = f"{new.name}.{field.name}"
        before = old.field(former.get(field.name, field.name))
        if before is None:
            if field.required and field.required_severity is Severity.ERROR:
                yield Change(
                    "breaking", place, "required field added", "files without it are refused"
                )
            else:
                yield Change("compatible", place, "field added", "files without it stay right")
            continue
        yield from _one_field(before, field, place)


def _renamed(old: Table, new: Table) -> dict[str, str]:
    """Old name to new name of fields that are the same under another name.

    A contract says so itself: two versions of it call one field so, a field `replaces` another one, or an alias.
    """
    renamed: dict[str, str] = {}
    kept = {field.properties.get("field", field.name): field.name for field in old.fields}
    for field in new.fields:
        names = (
            field.properties.get("field", field.name),
            field.properties.get("replaces"),
            *field.aliases,
        )
        for name in names:
            before = kept.get(name)
            gone = before and old.field(field.name) is None and new.field(before) is None
            if before and gone:
                renamed[before] = field.name
    return renamed


def _one_field(old: Field, new: Field, place: str) -> Iterator[Change]:
    if old.type != new.type:
        wider = new.type == "string" or (old.type, new.type) in WIDENINGS
        what = "type changed from %(old)s to %(new)s"
        why = "every old value still fits" if wider else "values that were right may not parse"
        values = {"old": old.type, "new": new.type}
        yield Change("compatible" if wider else "breaking", place, what, why, values)
    if old.required != new.required:
        what = "made required" if new.required else "no longer required"
        why = "empty cells were right" if new.required else "nothing that was right is wrong now"
        yield Change("breaking" if new.required else "compatible", place, what, why)
    if new.unique and not old.unique:
        yield Change("breaking", place, "made unique", "repeated values were right")
    for name, tighter_when_larger in (
        ("max_length", False),
        ("maximum", False),
        ("min_length", True),
        ("minimum", True),
    ):
        yield from _bound(name, getattr(old, name), getattr(new, name), tighter_when_larger, place)
    if old.pattern != new.pattern:
        breaking = new.pattern is not None
        why = "values that matched may not match" if breaking else "any value is right now"
        yield Change("breaking" if breaking else "compatible", place, "pattern changed", why)
    yield from _values(old, new, place)
    if old.sensitivity != new.sensitivity:
        what = "sensitivity changed from %(old)s to %(new)s"
        levels = {"old": old.sensitivity, "new": new.sensitivity}
        yield Change("compatible", place, what, "files stay right; who may read it changes", levels)


def _bound(
    name: str, old: object, new: object, tighter_when_larger: bool, place: str
) -> Iterator[Change]:
    if old == new:
        return
    shown = "%(name)s changed from %(old)s to %(new)s"
    values = {
        "name": name,
        "old": "–" if old is None else old,
        "new": "–" if new is None else new,
    }
    if new is None:
        tighter = False
    elif old is None:
        tighter = True
    else:
        tighter = (new > old) is tighter_when_larger  # type: ignore[operator]
    why = "values that were right may be outside" if tighter else "every old value is still inside"
    yield Change("breaking" if tighter else "compatible", place, shown, why, values)


def _values(old: Field, new: Field, place: str) -> Iterator[Change]:
    before = {value.value for value in old.values}
    after = {value.value for value in new.values}
    if before == after:
        return
    if not after:
        yield Change("compatible", place, "closed list removed", "any value is right now")
    elif not before:
        yield Change("breaking", place, "closed list added", "values outside it were right")
    else:
        if gone := sorted(before - after):
            values = {"values": ", ".join(gone)}
            yield Change("breaking", place, "values removed: %(values)s", "they were right", values)
        if added := sorted(after - before):
            values = {"values": ", ".join(added)}
            what = "values added: %(values)s"
            yield Change("compatible", place, what, "old ones stay right", values)


def _rules(old: Table, new: Table) -> Iterator[Change]:
    before, after = _by_key(old), _by_key(new)
    for key in before.keys() - after.keys():
        yield Change("compatible", f"{old.name}:{key}", "rule removed", "fewer rows are wrong")
    for key, rule in after.items():
        place = f"{new.name}:{key}"
        blocks = rule.severity is Severity.ERROR
        earlier = before.get(key)
        if earlier is None:
            why = "rows that were kept may be quarantined" if blocks else "rows are still kept"
            yield Change("breaking" if blocks else "compatible", place, "rule added", why)
        elif _asks(earlier) != _asks(rule):
            why = "other rows than before may be wrong"
            yield Change("breaking" if blocks else "compatible", place, "rule changed", why)
        elif earlier.severity != rule.severity:
            what = "severity changed from %(old)s to %(new)s"
            why = "rows that were kept are quarantined" if blocks else "rows are kept now"
            values = {"old": earlier.severity.value, "new": rule.severity.value}
            yield Change("breaking" if blocks else "compatible", place, what, why, values)


def _by_key(table: Table) -> dict[str, Rule]:
    return {"|".join((rule.id, *rule.fields[:1])): rule for rule in table.rules}


def _asks(rule: Rule) -> tuple[object, ...]:
    return (rule.predicate, rule.query, rule.argument, rule.operator, rule.threshold, rule.needs)
