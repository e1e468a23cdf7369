"""Turns a well-shaped ODCS document into our values, and tells what is contradictory in it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lienthong.contracts.contract import Clock, Contract, Field, Reference, Table
from lienthong.contracts.faults import ContractError
from lienthong.contracts.field_items import map_field
from lienthong.contracts.nested_items import nested_rules
from lienthong.contracts.quality_items import map_quality
from lienthong.contracts.reference_items import map_references
from lienthong.contracts.version_items import date_contract, map_versions
from lienthong.contracts.yaml_lines import LinedDocument, Path
from lienthong.findings import LANGUAGES, Severity


class Mapper:
    """One pass over a document; collects every error on the way."""

    def __init__(self, document: LinedDocument, file: str) -> None:
        self.document = document
        self.file = file
        self.errors: list[ContractError] = []

    def wrong(self, path: Path, wrong: str, allowed: str = "", /, **values: object) -> None:
        """Remembers a mistake at a path."""
        self.wrong_at(self.document.line(path), wrong, allowed, **values)

    def wrong_at(
        self, line: int | None, wrong: str, allowed: str = "", /, **values: object
    ) -> None:
        """Remembers a mistake at a line of the file."""
        self.errors.append(ContractError(self.file, line or 1, wrong, allowed, values))

    def no_twins(self, names: list[str], path: Path, what: str) -> None:
        """Remembers every name that stands twice in a list."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                wrong = "two times the same %(what)s: %(name)s"
                self.wrong((*path, index), wrong, what=what, name=name)
            seen.add(name)

    def properties(self, item: dict[str, Any]) -> dict[str, Any]:
        """The customProperties of an item as a mapping."""
        return {
            entry["property"]: entry.get("value")
            for entry in item.get("customProperties") or ()
            if entry.get("property")
        }

    def text(self, value: Any, path: Path, what: str) -> dict[str, str]:
        """A sentence in three languages; all three must be there when one is."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(path, "%(what)s must be given in vi, en and fr", what=what)
            return {}
        missing = [language for language in LANGUAGES if not value.get(language)]
        if missing:
            self.wrong(path, "%(what)s lacks %(missing)s", what=what, missing=", ".join(missing))
        return {language: str(value[language]) for language in LANGUAGES if value.get(language)}

    def severity(self, value: Any, path: Path) -> Severity:
        """ODCS leaves severity free; the usual words of other tools are understood, any other is an error."""
        return SEVERITIES.get(str(value).strip().lower(), Severity.ERROR)


SEVERITIES = {
    **dict.fromkeys(("error", "critical", "blocker", "high", "major", "fatal"), Severity.ERROR),
    **dict.fromkeys(("warning", "warn", "medium", "moderate", "minor"), Severity.WARNING),
    **dict.fromkeys(("information", "info", "low", "notice"), Severity.INFORMATION),
}


def map_contract(
    document: LinedDocument, file: str, digest: str
) -> tuple[Contract, list[ContractError]]:
    """The contract of a document whose structure is right, with the errors that remain."""
    mapper = Mapper(document, file)
    head = document.value
    own = mapper.properties(head)
    tables = tuple(
        _table(mapper, schema, ("schema", index))
        for index, schema in enumerate(head.get("schema") or ())
    )
    if not tables:
        mapper.wrong((), "the contract has no table", "schema: [{name: ..., properties: [...]}]")
    owner = own.get("owner") or {}
    contract = Contract(
        name=str(head.get("name") or head.get("id")),
        version=str(head.get("version")),
        versions=map_versions(mapper, own.get("versions")),
        status=str(head.get("status")),
        label=mapper.text(own.get("label"), ("customProperties",), "label"),
        description=mapper.text(own.get("description"), ("customProperties",), "description"),
        tables=tables,
        owner=str(owner.get("code", "")) if isinstance(owner, dict) else str(owner),
        owner_label={k: v for k, v in owner.items() if k in LANGUAGES}
        if isinstance(owner, dict)
        else {},
        legal_basis=tuple(own.get("legalBasis") or ()),
        clocks=tuple(_clocks(mapper, own.get("clocks") or ())),
        senders=mapper.text(own.get("senders"), ("customProperties",), "senders"),
        sender_kinds=tuple(str(kind) for kind in own.get("senderKinds") or ()),
        expected=own.get("expected") or {},
        purposes=tuple(str(purpose) for purpose in own.get("purposes") or ()),
        retention=mapper.text(own.get("retention"), ("customProperties",), "retention"),
        evidence=own.get("evidence"),
        properties=own,
        digest=digest,
        path=file,
    )
    _cross_check(mapper, contract)
    return date_contract(mapper, contract), mapper.errors


def _clocks(mapper: Mapper, items: Any) -> list[Clock]:
    units = "minutes, hours, working_hours, days, working_days, months"
    clocks = []
    for item in items:
        try:
            clocks.append(
                Clock(
                    id=item["id"],
                    event=mapper.text(item["event"], ("customProperties",), "event"),
                    within=int(item["within"]),
                    unit=item["unit"],
                    basis=str(item.get("basis", "")),
                    evidence=str(item.get("evidence", "inferred")),
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            mapper.wrong(
                ("customProperties",), "a clock is incomplete: %(part)s", units, part=str(error)
            )
    return clocks


def _table(mapper: Mapper, schema: dict[str, Any], path: Path) -> Table:
    name = str(schema.get("name") or "")
    if not name:
        mapper.wrong(path, "a table has no name")
    own = mapper.properties(schema)
    items = list(enumerate(schema.get("properties") or ()))
    fields = tuple(map_field(mapper, item, (*path, "properties", index)) for index, item in items)
    mapper.no_twins([f.name for f in fields], (*path, "properties"), f"field of {name}")
    key_items = [item for _, item in items if item.get("primaryKey")]
    key_items.sort(key=lambda item: item.get("primaryKeyPosition") or 0)
    rules = map_quality(mapper, name, None, schema, path)
    for index, item in items:
        rules += map_quality(
            mapper, name, str(item.get("name")), item, (*path, "properties", index)
        )
        rules += nested_rules(mapper, name, item, (*path, "properties", index))
    fields, references = _with_references(fields, map_references(mapper, schema, path))
    physical = schema.get("physicalName")
    return Table(
        name=name,
        physical_name=str(physical) if physical and physical != name else None,
        fields=fields,
        rules=tuple(rules),
        label=mapper.text(own.get("label"), path, f"label of {name}"),
        description=mapper.text(own.get("description"), path, f"description of {name}"),
        key=tuple(str(item.get("name")) for item in key_items),
        root=own.get("root"),
        link=own.get("link"),
        event=own.get("event"),
        province=own.get("province"),
        facility=own.get("facility"),
        sender_kinds=tuple(str(kind) for kind in own.get("senderKinds") or ()),
        xml=own.get("xml") or {},
        references=tuple(references),
        properties=own,
        line=mapper.document.line(path),
    )


def _with_references(
    fields: tuple[Field, ...], references: list[Reference]
) -> tuple[tuple[Field, ...], list[Reference]]:
    """The fields with the first reference that each makes alone, and the references that are left."""
    first: dict[str, tuple[str, str]] = {}
    left = []
    for reference in references:
        if len(reference.fields) == 1 and reference.target and reference.fields[0] not in first:
            first[reference.fields[0]] = (reference.target, reference.ends[0])
        else:
            left.append(reference)
    return tuple(
        replace(field, reference=first[field.name]) if field.name in first else field
        for field in fields
    ), left


def _cross_check(mapper: Mapper, contract: Contract) -> None:
    """What one part says of another: roots, links, events, references, fields that rules blame."""
    mapper.no_twins([table.name for table in contract.tables], ("schema",), "table")
    for number, table in enumerate(contract.tables):
        path: Path = ("schema", number)
        names = {field.name for field in table.fields}
        if table.root and contract.table(table.root) is None:
            known = ", ".join(t.name for t in contract.tables)
            mapper.wrong(
                path, "root of %(table)s is '%(root)s'", known, table=table.name, root=table.root
            )
        for what, value in (("link", table.link), ("event", table.event)):
            if value and value not in names:
                mapper.wrong(
                    path,
                    "%(what)s of %(table)s is '%(value)s', which is no field of it",
                    what=what,
                    table=table.name,
                    value=value,
                )
        for rule in table.rules:
            for name in set(rule.fields) - names:
                mapper.wrong_at(
                    rule.line,
                    "rule %(rule)s blames '%(field)s', which is no field of %(table)s",
                    rule=rule.id,
                    field=name,
                    table=table.name,
                )
