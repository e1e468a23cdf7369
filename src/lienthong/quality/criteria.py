"""The four words for good data (đúng, đủ, sạch, sống), as formulas that an official can read and change.

They stand in declared/criteria.yaml; everything there that is ours and not the ministry's is marked inferred.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from lienthong.errors import Refused
from lienthong.findings import Criterion, Text

MEASURES = ("rows", "checks", "coverage", "fresh")


class Grade(msgspec.Struct, frozen=True):
    """A word for a share. `name` is also the name of its colour on the pages."""

    name: str
    word: Text
    from_: float = msgspec.field(default=0.0, name="from")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared of one criterion. `formula` is over MEASURES."""

    label: Text
    question: Text
    dimensions: tuple[str, ...]
    formula: str
    weight: float = 1.0
    evidence: str = "inferred"

    @property
    def measures(self) -> frozenset[str]:
        """The measures its formula uses."""
        return _names(self.formula)


class Identity(msgspec.Struct, frozen=True):
    """Fields that must be right in every row."""

    roles: tuple[str, ...] = ()
    least: float = 1.0
    evidence: str = "inferred"


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """All of declared/criteria.yaml. `version` is shown beside every score."""

    version: str
    criteria: dict[Criterion, About]
    grades: tuple[Grade, ...]
    unknown_grade: Grade
    window_days: int = 30
    fresh_days: dict[str, int] = {}
    identity: Identity = Identity()

    def grade(self, share: float | None) -> Grade:
        """The word for a share; None is said to be unknown, never bad."""
        if share is None:
            return self.unknown_grade
        return next((grade for grade in self.grades if share >= grade.from_), self.grades[-1])


@lru_cache
def criteria() -> Criteria:
    """The declared criteria, read once. Raises Refused when a formula says what a formula may not."""
    import yaml

    text = resources.files("lienthong").joinpath("declared", "criteria.yaml").read_text("utf-8")
    return parse_criteria(yaml.safe_load(text))


def parse_criteria(document: Any) -> Criteria:
    """The criteria of a parsed YAML document. Raises Refused with what is wrong."""
    try:
        found = msgspec.convert(document, Criteria, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("CRITERIA-SHAPE", "criteria.yaml: %(reason)s", reason=str(error)) from error
    for about in found.criteria.values():
        _names(about.formula)
    return found


def evaluate(formula: str, measures: Mapping[str, float | None]) -> float | None:
    """The value of a formula between 0 and 1; None when the measure of rows it rests on is unknown.

    A measure whose value is None because nobody knows what to expect counts as 1 and is shown as unknown.
    """
    names = _names(formula)
    if all(measures.get(name) is None for name in names):
        return None
    if "rows" in names and measures.get("rows") is None:
        return None
    values = {name: 1.0 if (value := measures.get(name)) is None else value for name in names}
    return min(1.0, max(0.0, _value(_tree(formula), values)))


@lru_cache
def _tree(formula: str) -> ast.expr:
    try:
        return ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        raise _wrong(formula) from error


@lru_cache
def _names(formula: str) -> frozenset[str]:
    """The measures in a formula. Raises Refused for anything that is not a measure, a number, +, * or brackets."""
    names = set()
    for node in ast.walk(_tree(formula)):
        if isinstance(node, ast.Name) and node.id in MEASURES:
            names.add(node.id)
        elif not isinstance(node, ast.BinOp | ast.Mult | ast.Add | ast.Load) and not (
            isinstance(node, ast.Constant) and isinstance(node.value, int | float)
        ):
            raise _wrong(formula)
    return frozenset(names)


def _wrong(formula: str) -> Refused:
    return Refused(
        "CRITERIA-FORMULA",
        "criteria.yaml: the formula '%(formula)s' may hold only %(allowed)s, numbers, +, * and brackets",
        formula=formula,
        allowed=", ".join(MEASURES),
    )


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    assert isinstance(node, ast.BinOp)
    both = (_value(node.left, values), _value(node.right, values))
    return math.prod(both) if isinstance(node.op, ast.Mult) else sum(both)
