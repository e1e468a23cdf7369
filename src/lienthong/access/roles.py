"""Roles and what each grants, read from declared/roles.yaml or the official's own copy in the data folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from lienthong import settings
from lienthong.errors import Refused
from lienthong.findings import LANGUAGES, Text

DECLARED = Path(__file__).parents[1] / "declared" / "roles.yaml"

Reach = Literal["facility", "province", "nation"]
Holder = Literal["person", "program", "machine"]
"""Who holds a role: people (and programs that act for them), programs alone, or whoever is at the machine itself."""


class Grant(msgspec.Struct, frozen=True):
    """Some actions, how far they reach, and for which purposes (none named: needs no purpose)."""

    reach: Reach
    actions: frozenset[str]
    purposes: frozenset[str] = frozenset()


class Role(msgspec.Struct, frozen=True):
    """What people with one duty may do."""

    id: str
    label: Text
    about: str
    grants: tuple[Grant, ...]
    holder: Holder = "person"


class Roles(msgspec.Struct, frozen=True):
    """Everything that roles.yaml declares."""

    roles: dict[str, Role]
    actions: dict[str, Text]
    personal: frozenset[str]
    purposes: dict[str, Text]

    def grants(self, names: tuple[str, ...], action: str) -> list[Grant]:
        """The grants of these roles for one action; a role that is not declared grants nothing."""
        held = (self.roles[name] for name in names if name in self.roles)
        return [grant for role in held for grant in role.grants if action in grant.actions]


def read_roles(path: Path = DECLARED) -> Roles:
    """The roles of a file; raises Refused with everything that is wrong in it."""
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    wrong: list[str] = []
    actions, purposes = content["actions"], content["purposes"]
    for name, label in [*actions.items(), *purposes.items()]:
        wrong += [f"{name}: {one}" for one in LANGUAGES if not label.get(one)]
    roles = {}
    for name, declared in content["roles"].items():
        wrong += [f"{name}.label: {one}" for one in LANGUAGES if not declared["label"].get(one)]
        for grant in declared["grants"]:
            wrong += [f"{name}: {fault}" for fault in _faults(grant, actions, purposes)]
        grants = tuple(
            Grant(grant["reach"], frozenset(grant["actions"]), frozenset(grant.get("purposes", ())))
            for grant in declared["grants"]
        )
        holder = declared.get("holder", "person")
        if holder not in get_args(Holder):
            wrong.append(f"{name}: holder {holder!r}")
        roles[name] = Role(name, declared["label"], declared["about"], grants, holder)
    if wrong:
        raise Refused(
            "access.roles", "%(file)s is wrong: %(faults)s", file=path.name, faults="; ".join(wrong)
        )
    personal = frozenset(name for name, action in actions.items() if action.get("personal"))
    labels = {name: {one: action[one] for one in LANGUAGES} for name, action in actions.items()}
    return Roles(roles, labels, personal, purposes)


def _faults(grant: dict[str, Any], actions: dict[str, Any], purposes: dict[str, Any]) -> list[str]:
    faults = []
    if grant.get("reach") not in get_args(Reach):
        faults.append(f"reach {grant.get('reach')!r}")
    faults += [f"action {name!r}" for name in grant["actions"] if name not in actions]
    faults += [f"purpose {name!r}" for name in grant.get("purposes", ()) if name not in purposes]
    if not grant.get("purposes"):
        faults += [
            f"{name} needs purposes"
            for name in grant["actions"]
            if actions.get(name, {}).get("personal")
        ]
    return faults


@cache
def roles() -> Roles:
    """The roles in force: LIENTHONG_HOME/roles.yaml when there is one, else the declared ones."""
    own = settings.read().home / "roles.yaml"
    return read_roles(own if own.exists() else DECLARED)
