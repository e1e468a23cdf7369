"""Turns a well-shaped ODCS document into our values, and tells what is contradictory in it."""

from __future__ import annotations

import re
from typing import Any

from lienthong.contracts.contract import Clock, CodeValue, Contract, Field, Table
from lienthong.contracts.faults import ContractError
from lienthong.contracts.quality_items import map_quality
from lienthong.contracts.yaml_lines import LinedDocument, Path
from lienthong.findings import LANGUAGES, Severity

TYPES = ("string", "integer", "number", "boolean", "date", "timestamp", "time")
SENSITIVITIES = ("public", "internal", "personal", "sensitive")
SENSITIVITY_ALIASES = {
    "restricted": "sensitive",
    "confidential": "personal",
    "pii": "personal",
    "private": "personal",
}


class Mapper:
    """One pass over a document; collects every error on the way."""

    def __init__(self, document: LinedDocument, file: str) -> None:
        self.document = document
        self.file = file
        self.errors: list[ContractError] = []

    def wrong(self, path: Path, wrong: str, allowed: str = "") -> None:
        """Remembers a mistake at a path."""
        self.errors.append(ContractError(self.file, self.document.line(path), wrong, allowed))

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
            self.wrong(path, f"{what} must be given in {', '.join(LANGUAGES)}")
            return {}
        missing = [language for language in LANGUAGES if not value.get(language)]
        if missing:
            self.wrong(path, f"{what} lacks {', '.join(missing)}", "vi, en and fr")
        return {language: str(value[language]) for language in LANGUAGES if value.get(language)}

    def severity(self, value: Any, path: Path) -> Severity:
        """ODCS leaves severity free; the usual words of other tools are understood."""
        if value is None:
            return Severity.ERROR
        severity = SEVERITIES.get(str(value).strip().lower())
        if severity is None:
            self.wrong(path, f"severity is '{value}'", "error, warning, information")
            return Severity.ERROR
        return severity


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
        expected=own.get("expected") or {},
        purposes=tuple(str(purpose) for purpose in own.get("purposes") or ()),
        retention=mapper.text(own.get("retention"), ("customProperties",), "retention"),
        evidence=own.get("evidence"),
        properties=own,
        digest=digest,
        path=file,
    )
    _cross_check(mapper, contract)
    return contract, mapper.errors


def _clocks(mapper: Mapper, items: Any) -> list[Clock]:
    units = Clock.__annotations__["unit"]
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
            mapper.wrong(("customProperties",), f"a clock is incomplete: {error}", str(units))
    return clocks


def _table(mapper: Mapper, schema: dict[str, Any], path: Path) -> Table:
    name = str(schema.get("name") or "")
    if not name:
        mapper.wrong(path, "a table has no name")
    own = mapper.properties(schema)
    items = list(enumerate(schema.get("properties") or ()))
    fields = tuple(_field(mapper, item, (*path, "properties", index)) for index, item in items)
    _no_twins(mapper, [f.name for f in fields], (*path, "properties"), f"field of {name}")
    key_items = [item for _, item in items if item.get("primaryKey")]
    key_items.sort(key=lambda item: item.get("primaryKeyPosition") or 0)
    rules = map_quality(mapper, name, None, schema, path)
    for index, item in items:
        rules += map_quality(
            mapper, name, str(item.get("name")), item, (*path, "properties", index)
        )
    return Table(
        name=name,
        fields=_with_references(mapper, fields, schema, name),
        rules=tuple(rules),
        label=mapper.text(own.get("label"), path, f"label of {name}"),
        description=mapper.text(own.get("description"), path, f"description of {name}"),
        key=tuple(str(item.get("name")) for item in key_items),
        root=own.get("root"),
        link=own.get("link"),
        event=own.get("event"),
        province=own.get("province"),
        facility=own.get("facility"),
        xml=own.get("xml") or {},
        properties={**own, "relationships": schema.get("relationships") or []},
        line=mapper.document.line(path),
    )


def _field(mapper: Mapper, item: dict[str, Any], path: Path) -> Field:
    name = str(item.get("name") or "")
    if not name:
        mapper.wrong(path, "a property has no name")
    own = mapper.properties(item)
    options = item.get("logicalTypeOptions") or {}
    logical = item.get("logicalType") or _logical_of_physical(item.get("physicalType"))
    if logical not in TYPES:
        mapper.wrong(
            (*path, "logicalType"), f"logicalType of {name} is '{logical}'", ", ".join(TYPES)
        )
        logical = "string"
    sensitivity = str(item.get("classification") or "internal").lower()
    sensitivity = SENSITIVITY_ALIASES.get(sensitivity, sensitivity)
    pattern = options.get("pattern")
    _check_options(mapper, name, options, (*path, "logicalTypeOptions"))
    return Field(
        name=name,
        type=logical,
        physical_type=item.get("physicalType"),
        label=mapper.text(own.get("label"), path, f"label of {name}") or _business_name(item),
        description={"en": item["description"]} if item.get("description") else {},
        required=bool(item.get("required")),
        required_severity=mapper.severity((own.get("severities") or {}).get("required"), path),
        unique=bool(item.get("unique")),
        primary_key=bool(item.get("primaryKey")),
        pattern=pattern,
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        exclusive_minimum=options.get("exclusiveMinimum"),
        exclusive_maximum=options.get("exclusiveMaximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        values=_values(mapper, item, logical, path),
        reference=_reference(mapper, item, path),
        code_list=own.get("codeList"),
        separator=own.get("separator"),
        format=own.get("format") or options.get("format"),
        sensitivity=sensitivity if sensitivity in SENSITIVITIES else "internal",
        identity_role=own.get("identityRole"),
        evidence=own.get("evidence"),
        source=own.get("source"),
        examples=tuple(str(example) for example in item.get("examples") or ()),
        properties=own,
        line=mapper.document.line(path),
    )


def _business_name(item: dict[str, Any]) -> dict[str, str]:
    """The label of a plain ODCS item: its businessName in every language."""
    name = item.get("businessName")
    return dict.fromkeys(LANGUAGES, str(name)) if name else {}


def _logical_of_physical(physical: str | None) -> str:
    """The logical type of a property that gives only a physical one (`VARCHAR(5)`, `DECIMAL(18,2)`)."""
    word = re.split(r"[\s(]", (physical or "string").strip().lower())[0]
    for logical, words in {
        "integer": ("int", "integer", "bigint", "smallint", "tinyint", "long", "int4", "int8"),
        "number": ("number", "numeric", "decimal", "double", "float", "real", "money"),
        "boolean": ("boolean", "bool"),
        "date": ("date",),
        "timestamp": ("timestamp", "datetime", "timestamptz"),
        "time": ("time",),
    }.items():
        if word in words:
            return logical
    return "string"


def _check_options(mapper: Mapper, name: str, options: dict[str, Any], path: Path) -> None:
    if (pattern := options.get("pattern")) is not None:
        try:
            re.compile(str(pattern))
        except re.error as error:
            mapper.wrong((*path, "pattern"), f"the pattern of {name} does not compile: {error}")
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
        least, most = options.get(low), options.get(high)
        if least is None or most is None:
            continue
        try:
            if least > most:
                mapper.wrong((*path, low), f"{low} of {name} is above its {high}")
        except TypeError:
            mapper.wrong((*path, low), f"{low} and {high} of {name} are of different kinds")


def _values(
    mapper: Mapper, item: dict[str, Any], logical: str, path: Path
) -> tuple[CodeValue, ...]:
    """The closed list of a property: `enum` (ODCS 3.2), or `validValues` are left to quality items."""
    values = []
    for index, entry in enumerate(item.get("enum") or ()):
        place = (*path, "enum", index)
        value = entry.get("value") if isinstance(entry, dict) else entry
        value_path = (*place, "value") if isinstance(entry, dict) else place
        own = mapper.properties(entry) if isinstance(entry, dict) else {}
        if logical == "string":
            refuse_bare_code(mapper, value, value_path, str(item.get("name")))
        label = mapper.text(own.get("label"), place, f"label of {value}")
        values.append(
            CodeValue(
                value=str(value),
                label=label
                or (
                    {"en": str(entry["label"])}
                    if isinstance(entry, dict) and entry.get("label")
                    else {}
                ),
                valid_from=own.get("validFrom"),
                valid_to=own.get("validTo"),
            )
        )
    _no_twins(
        mapper, [value.value for value in values], (*path, "enum"), f"value of {item.get('name')}"
    )
    return tuple(values)


def refuse_bare_code(mapper: Mapper, value: Any, path: Path, name: str) -> None:
    """A code written as a number loses its leading zeros on the next save: it must be quoted."""
    if not isinstance(value, str) or path in mapper.document.bare_numbers:
        mapper.wrong(
            path, f"a code of {name} is written as a number: {value}", "put it in quotes: '08'"
        )


def _reference(mapper: Mapper, item: dict[str, Any], path: Path) -> tuple[str, str] | None:
    for index, relation in enumerate(item.get("relationships") or ()):
        target = relation.get("to")
        if isinstance(target, str) and target.count(".") == 1:
            return tuple(target.split("."))  # type: ignore[return-value]
        wrong = f"the relationship of {item.get('name')} points to '{target}'"
        mapper.wrong((*path, "relationships", index), wrong, "to: <table>.<field>")
    return None


def _with_references(
    mapper: Mapper, fields: tuple[Field, ...], schema: dict[str, Any], name: str
) -> tuple[Field, ...]:
    """Single-column relationships of the table level, given to the field they start from."""
    import msgspec

    targets: dict[str, tuple[str, str]] = {}
    for relation in schema.get("relationships") or ():
        start, end = relation.get("from"), relation.get("to")
        start = start[0] if isinstance(start, list) and len(start) == 1 else start
        end = end[0] if isinstance(end, list) and len(end) == 1 else end
        if isinstance(start, str) and isinstance(end, str) and end.count(".") == 1:
            targets[start.removeprefix(f"{name}.")] = tuple(end.split("."))  # type: ignore[assignment]
    return tuple(
        msgspec.structs.replace(field, reference=targets[field.name])
        if field.name in targets and field.reference is None
        else field
        for field in fields
    )


def _no_twins(mapper: Mapper, names: list[str], path: Path, what: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            mapper.wrong((*path, index), f"two times the {what}: {name}")
        seen.add(name)


def _cross_check(mapper: Mapper, contract: Contract) -> None:
    """What one part says of another: roots, links, events, references, fields that rules blame."""
    _no_twins(mapper, [table.name for table in contract.tables], ("schema",), "table")
    for number, table in enumerate(contract.tables):
        path: Path = ("schema", number)
        names = {field.name for field in table.fields}
        if table.root and contract.table(table.root) is None:
            known = ", ".join(t.name for t in contract.tables)
            mapper.wrong(path, f"root of {table.name} is '{table.root}'", known)
        for what, value in (("link", table.link), ("event", table.event)):
            if value and value not in names:
                mapper.wrong(path, f"{what} of {table.name} is '{value}', which is no field of it")
        _check_references(mapper, contract, table, path)
        for rule in table.rules:
            for name in set(rule.fields) - names:
                wrong = f"rule {rule.id} blames '{name}', which is no field of {table.name}"
                mapper.errors.append(ContractError(mapper.file, rule.line or 1, wrong))


def _check_references(mapper: Mapper, contract: Contract, table: Table, path: Path) -> None:
    for field in table.fields:
        if field.reference is None:
            continue
        target = contract.table(field.reference[0])
        if target is None or target.field(field.reference[1]) is None:
            where = ".".join(field.reference)
            known = ", ".join(t.name for t in contract.tables)
            wrong = f"{table.name}.{field.name} points to {where}, which is not there"
            mapper.errors.append(ContractError(mapper.file, field.line or 1, wrong, known))
