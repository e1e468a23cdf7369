"""A contract as plain ODCS: only what the standard itself defines, so that any ODCS tool can run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lienthong.contracts.contract import Contract
from lienthong.contracts.quality_items import ENGINE


def plain_odcs(contract: Contract) -> str:
    """The contract's own file without our additions: no customProperties, no rules of our engine."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(Path(contract.path).read_bytes(), loader)  # noqa: S506 safe loader
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(
        _plain(document), Dumper=dumper, allow_unicode=True, sort_keys=False, width=100
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value if not _ours(item)]
    if isinstance(value, dict):
        plain = {key: _plain(item) for key, item in value.items() if key != "customProperties"}
        return {key: item for key, item in plain.items() if not (key == "quality" and not item)}
    return value


def _ours(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "custom" and item.get("engine") == ENGINE
