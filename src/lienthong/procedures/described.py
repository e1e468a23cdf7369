"""Procedures described in full from public decisions: one real example for each pattern of limits and clocks.

They stand in declared/procedures/described/, each part with its source and how sure it is. A description with a
national code is published over what the list says of that code; one whose source gives no code is shown as a
description that waits for it, and no dossier can be filed under it.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import Mark, Procedure


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One description. `patterns` names what it is an example of, `valid_basis` why it holds from `valid_from`."""

    slug: str
    procedure: Procedure
    patterns: tuple[str, ...]
    valid_from: date | None = None
    valid_basis: Mark | None = None

    @property
    def origin(self) -> str:
        """Where a version made from it says that its text comes from."""
        return f"described/{self.slug}"


@cache
def described() -> tuple[Described, ...]:
    """All descriptions, those with a code first."""
    folder = resources.files("lienthong").joinpath("declared", "procedures", "described")
    files = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    made = [read(file.name.removesuffix(".yaml"), file.read_text("utf-8")) for file in files]
    return tuple(sorted(made, key=lambda one: (not one.procedure.code, one.slug)))


def uncoded() -> dict[str, Described]:
    """Descriptions that wait for a national code, by slug."""
    return {one.slug: one for one in described() if not one.procedure.code}


def read(slug: str, text: str) -> Described:
    """One description of a YAML text; over the list's row of its code, where there is one."""
    import yaml

    given = yaml.safe_load(text)
    listed = catalogued().get(given["procedure"].get("code", ""))
    merged: dict[str, Any] = {**given["procedure"]}
    if listed is not None:
        merged = msgspec.to_builtins(listed) | merged
        # The official name is the list's; a description adds languages to it.
        merged["name"] = {**given["procedure"].get("name", {}), **listed.name}
        merged["sources"] = list(dict.fromkeys([*listed.sources, *merged.get("sources", ())]))
    return Described(
        slug=slug,
        procedure=msgspec.convert(merged, Procedure, strict=False),
        patterns=tuple(given["patterns"]),
        valid_from=given.get("valid_from"),
        valid_basis=msgspec.convert(given.get("valid_basis"), Mark | None),
    )
