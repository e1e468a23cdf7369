"""ODCS quality items as our rules: sql predicates, counted queries, library metrics and our own engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lienthong.contracts.contract import Rule
from lienthong.contracts.dated_severity import NAME, with_dated_severity
from lienthong.contracts.other_items import with_others
from lienthong.contracts.yaml_lines import Path
from lienthong.findings import DIMENSION_CRITERION, Criterion

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper

ENGINE = "lienthong"
METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
OLD_ARGUMENTS = ("validValues", "missingValues", "pattern", "properties")
"""What ODCS 3.0 wrote beside a library rule, before there was `arguments`."""
METRIC_CRITERION = {
    "nullValues": Criterion.SUFFICIENT,
    "missingValues": Criterion.SUFFICIENT,
    "invalidValues": Criterion.CORRECT,
    "duplicateValues": Criterion.CLEAN,
    "rowCount": Criterion.SUFFICIENT,
}


def map_quality(
    mapper: Mapper, table: str, field: str | None, item: dict[str, Any], path: Path
) -> list[Rule]:
    """The rules of a table (field None) or of one property. Text items and other vendors' are left out."""
    rules: list[Rule] = []
    seen: set[str] = set()
    for index, quality in enumerate(item.get("quality") or ()):
        place = (*path, "quality", index)
        rule = _rule(mapper, table, field, quality, place, index)
        if rule is None:
            continue
        if rule.id in seen and quality.get("id"):
            mapper.wrong(place, "two rules of one list are called %(rule)s", rule=rule.id)
        seen.add(rule.id)
        dated = mapper.properties(quality).get(NAME)
        for promise in _promises(mapper, rule, quality, place):
            rules += with_dated_severity(mapper, promise, dated, place)
    return rules


def _promises(mapper: Mapper, rule: Rule, quality: dict[str, Any], path: Path) -> Iterator[Rule]:
    """A rule for each of the promises that one item makes of its number; usually there is one."""
    operators = [name for name in OPERATORS if quality.get(name) is not None]
    for operator in operators:
        threshold = quality[operator]
        if operator.endswith("Between") and not _is_range(threshold):
            wrong = "%(operator)s of rule %(rule)s is no pair of numbers"
            mapper.wrong((*path, operator), wrong, "[0, 10]", operator=operator, rule=rule.id)
            continue
        yield replace(rule, operator=operator, threshold=threshold)
    if not operators:
        yield rule


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
    )


def _rule(
    mapper: Mapper, table: str, field: str | None, quality: dict[str, Any], path: Path, index: int
) -> Rule | None:
    kind = quality.get("type") or ("sql" if quality.get("query") else "library")
    if kind == "text":
        return None
    own = mapper.properties(quality)
    fields = tuple(str(name) for name in own.get("fields") or ()) or ((field,) if field else ())
    common: dict[str, Any] = {
        "id": str(
            quality.get("id") or quality.get("name") or _made_id(table, field, quality, index)
        ),
        "table": table,
        "criterion": _criterion(mapper, quality, path),
        "severity": mapper.severity(quality.get("severity"), (*path, "severity")),
        "fields": fields,
        "sentence": _sentence(mapper, own.get("sentence"), quality, path),
        "remedy": mapper.text(own.get("remedy"), path, "remedy"),
        "legal_basis": _joined(own.get("legalBasis")),
        "evidence": own.get("evidence"),
        "valid_from": own.get("validFrom"),
        "valid_to": own.get("validTo"),
        "line": mapper.document.line(path),
    }
    if kind == "sql":
        if not quality.get("query"):
            mapper.wrong(path, "rule %(rule)s has no query", rule=common["id"])
            return None
        # Whether it promises that there are none is seen in the query, when it is compiled.
        return Rule(kind="query", query=str(quality["query"]), threshold=None, **common)
    if kind == "custom" and quality.get("engine") != ENGINE:
        # Another engine's rule: it is told of, and nobody here can say how it goes.
        return Rule(kind="custom", needs=(f"engine {quality.get('engine')}",), **common)
    if kind == "custom":
        return _custom(mapper, quality, path, common)
    return _library(mapper, quality, path, common, field)


def _custom(
    mapper: Mapper, quality: dict[str, Any], path: Path, common: dict[str, Any]
) -> Rule | None:
    implementation = quality.get("implementation")
    if isinstance(implementation, str):
        implementation = {"predicate": implementation}
    if not isinstance(implementation, dict):
        mapper.wrong(
            path,
            "rule %(rule)s has no implementation",
            "predicate, needs or by: reader",
            rule=common["id"],
        )
        return None
    needs = tuple(str(name) for name in implementation.get("needs") or ())
    rule = Rule(
        kind="custom",
        predicate=implementation.get("predicate"),
        needs=needs,
        argument=implementation.get("by"),
        **common,
    )
    return with_others(mapper, rule, implementation.get("other"), path)


def _library(
    mapper: Mapper, quality: dict[str, Any], path: Path, common: dict[str, Any], field: str | None
) -> Rule | None:
    from lienthong.contracts.field_items import refuse_bare_code

    metric = quality.get("metric") or quality.get("rule")
    aliases = {
        "nullCheck": "nullValues",
        "unique": "duplicateValues",
        "uniqueCheck": "duplicateValues",
        "duplicateCount": "duplicateValues",
        "duplicateCheck": "duplicateValues",
        "validValues": "invalidValues",
    }
    metric = aliases.get(str(metric), metric)
    if metric not in METRICS:
        mapper.wrong((*path, "metric"), "metric is '%(metric)s'", ", ".join(METRICS), metric=metric)
        return None
    arguments = {name: quality[name] for name in OLD_ARGUMENTS if name in quality}
    arguments |= quality.get("arguments") or {}
    if metric == "invalidValues" and _is_text(mapper, path, field):
        for index, value in enumerate(arguments.get("validValues") or ()):
            if value is None:
                continue
            refuse_bare_code(mapper, value, (*path, "arguments", "validValues", index), str(field))
    unit = quality.get("unit")
    return Rule(
        kind="query",
        argument={"metric": metric, "unit": unit, **arguments},
        threshold=None if metric == "rowCount" else 0,
        **common,
    )


def _is_text(mapper: Mapper, path: Path, field: str | None) -> bool:
    """Whether the property that carries this quality item is declared as text."""
    if field is None:
        return False
    value: Any = mapper.document.value
    for part in path[:-2]:
        value = value[part]
    return value.get("logicalType") == "string"


def _criterion(mapper: Mapper, quality: dict[str, Any], path: Path) -> Criterion:
    dimension = quality.get("dimension")
    if dimension is None:
        metric = quality.get("metric") or quality.get("rule")
        return METRIC_CRITERION.get(str(metric), Criterion.CORRECT)
    criterion = DIMENSION_CRITERION.get(str(dimension))
    if criterion is None:
        allowed = ", ".join(DIMENSION_CRITERION)
        mapper.wrong(
            (*path, "dimension"), "dimension is '%(dimension)s'", allowed, dimension=dimension
        )
        return Criterion.CORRECT
    return criterion


def _sentence(mapper: Mapper, value: Any, quality: dict[str, Any], path: Path) -> dict[str, str]:
    sentence = mapper.text(value, path, "sentence")
    if not sentence and quality.get("description"):
        return {"en": str(quality["description"])}
    return sentence


def _made_id(table: str, field: str | None, quality: dict[str, Any], index: int) -> str:
    """The id of a plain ODCS item that has none: where it stands and what it is."""
    what = quality.get("metric") or quality.get("rule") or quality.get("type") or "library"
    return ".".join(part for part in (table, field, f"{what}{index + 1}") if part)


def _joined(value: Any) -> str | None:
    if isinstance(value, list):
        return "; ".join(str(part) for part in value)
    return None if value is None else str(value)
