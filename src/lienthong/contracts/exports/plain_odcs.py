"""A contract as plain ODCS: only what the standard itself defines, so that any ODCS tool can run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lienthong.contracts.contract import Contract
from lienthong.contracts.exports.version_document import cut, is_one_version
from lienthong.contracts.quality_items import ENGINE
from lienthong.contracts.yaml_lines import LOOKS_NUMERIC


def plain_odcs(contract: Contract) -> str:
    """The contract's own file without our additions: no customProperties, no rules of our engine."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(Path(contract.path).read_bytes(), loader)  # noqa: S506 safe loader
    if is_one_version(contract):
        document = cut(document, contract)
    return yaml.dump(
        _plain(document), Dumper=_CodesInQuotes, allow_unicode=True, sort_keys=False, width=100
    )


class _CodesInQuotes(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Text that looks like a number keeps its quotes: 08 bare is no code to a strict reader."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "'" if LOOKS_NUMERIC.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_CodesInQuotes.add_representer(str, _text)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value if not _ours(item)]
    if isinstance(value, dict):
        plain = {key: _plain(item) for key, item in value.items() if key != "customProperties"}
        return {key: item for key, item in plain.items() if not (key == "quality" and not item)}
    return value


def _ours(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "custom" and item.get("engine") == ENGINE
