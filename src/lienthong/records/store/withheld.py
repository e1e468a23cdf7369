"""Records whose identity keys are wrong are kept and passed on to nobody: which rules do that, who still reads them.

Whoever answers for the record (its sender, the owner of the database) reads it to check and mend it; everybody else is
told that it is withheld and why, and sees nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from lienthong.access import policy
from lienthong.access.actor import Actor
from lienthong.errors import Conflict, NotAllowed
from lienthong.findings import Criterion, Severity
from lienthong.records.store.rulesets import RuleSaid

if TYPE_CHECKING:
    from lienthong.records.store.reading import Row

ACTION = "record.withheld"


@lru_cache
def identity_roles() -> frozenset[str]:
    """What a field may identify so that a fault in it withholds the record (declared/criteria.yaml, identity)."""
    import yaml

    text = resources.files("lienthong").joinpath("declared", "criteria.yaml").read_text("utf-8")
    return frozenset((yaml.safe_load(text).get("identity") or {}).get("roles") or ())


def withholds(rule: RuleSaid) -> bool:
    """Whether an identity key is wrong in a record that breaks this rule, so that it is not passed on.

    A key that is missing where that is allowed (a warning), or late, is not wrong.
    """
    if rule.role not in identity_roles() or rule.severity is Severity.INFORMATION:
        return False
    return rule.severity is Severity.ERROR or rule.criterion in (Criterion.CORRECT, Criterion.CLEAN)


def may_see(actor: Actor | None, sender: str, province: str, purpose: str | None) -> bool:
    """Whether this actor answers for a withheld record of that sender and reads it for that."""
    try:
        policy.decide(actor, ACTION, {"sender": sender, "province": province}, purpose)
    except NotAllowed:
        return False
    return True


def pass_on(
    actor: Actor | None, sender: str, province: str, rules: Collection[str], purpose: str | None
) -> None:
    """Raises Conflict for a withheld record (`rules`: why) that this actor may not see. Shows no value of it."""
    if rules and not may_see(actor, sender, province, purpose):
        raise Conflict(
            "record.withheld",
            "An identity key of this record is wrong (%(rules)s). It is passed on to nobody until a right version"
            " arrives; its sender and the owner of the database read it to mend it.",
            rules=", ".join(sorted(rules)),
        )


def hide(rows: Sequence[Row], actor: Actor | None, purpose: str | None) -> list[Row]:
    """The lines of a list; of withheld records that this actor may not see the cells are left out."""
    return [
        msgspec.structs.replace(row, cells=dict.fromkeys(row.cells))
        if row.withheld and not may_see(actor, row.sender, row.province, purpose)
        else row
        for row in rows
    ]
