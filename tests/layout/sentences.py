"""Finds every sentence that the program says to people: in Python by the calls that say it, in templates by `_`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "lienthong"

SAYING = {"say": 0, "in_every_language": 0, "_": 0, "_say": 0}
FAILING = {
    name: 1
    for name in (
        "Refused",
        "NotAllowed",
        "NotFound",
        "Conflict",
        "Unavailable",
        "Failure",
        "Problem",
    )
}


def modules() -> list[Path]:
    """Every Python file of the program."""
    return sorted(SOURCE.rglob("*.py"))


def templates() -> list[Path]:
    """Every page template."""
    folders = (SOURCE / "web" / "templates", SOURCE / "partners" / "stand_ins")
    return sorted(path for folder in folders for path in folder.rglob("*.html"))


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def said_by(path: Path) -> Iterator[tuple[int, str]]:
    """(line, sentence) of every literal sentence that this module says or fails with."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            at = (SAYING | FAILING).get(_name(node))
            sentence = _literal(node.args[at]) if at is not None and len(node.args) > at else None
            if sentence and any(letter.isalpha() for letter in sentence):
                yield node.lineno, sentence


def said_on(path: Path) -> Iterator[tuple[int, str]]:
    """(line, sentence) of every literal sentence of a template."""
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in SAYING and call.args:
            first = call.args[0]
            if isinstance(first, nodes.Const) and isinstance(first.value, str):
                yield call.lineno, first.value


def bare_english(path: Path) -> Iterator[tuple[int, str]]:
    """Literal help and output of commands that are in no catalogue."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            text = (
                _literal(keyword.value) if keyword.arg in ("help", "short_help", "epilog") else None
            )
            if text and " " in text:
                yield node.lineno, text
        if _name(node) in ("echo", "secho", "print") and node.args:
            text = _literal(node.args[0])
            if text and sum(map(str.isalpha, text)) > 3:
                yield node.lineno, text
