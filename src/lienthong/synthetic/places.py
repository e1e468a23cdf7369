"""The 34 provinces and their communes as they are since 1 July 2025, and the 63 old codes that still begin
a facility's code."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources


@dataclass(frozen=True)
class Commune:
    """A commune or ward: five-digit code, its name and its province (two digits)."""

    code: str
    name: str
    province: str


class Places:
    """Administrative units by code, read from `declared/codes`."""

    @cached_property
    def provinces(self) -> dict[str, str]:
        """Name of each of the 34 provinces by its code of today."""
        return {
            row["code"]: row["label_vi"] for row in _rows("provinces") if not row.get("valid_to")
        }

    @cached_property
    def old_provinces(self) -> dict[str, str]:
        """Today's province of each of the 63 codes in use before July 2025; the codes also begin a
        personal number (0 in front)."""
        return {row["code"][-2:]: row["parent"] for row in _rows("cccd_provinces")}

    @cached_property
    def communes(self) -> dict[str, tuple[Commune, ...]]:
        """Communes of today by province."""
        found: dict[str, list[Commune]] = {}
        for row in _rows("communes"):
            if not row.get("valid_to"):
                found.setdefault(row["parent"], []).append(
                    Commune(row["code"], row["label_vi"], row["parent"])
                )
        return {province: tuple(communes) for province, communes in found.items()}

    @cached_property
    def prefixes(self) -> dict[str, tuple[str, ...]]:
        """Old two-digit codes by today's province."""
        found: dict[str, list[str]] = {}
        for old, province in self.old_provinces.items():
            found.setdefault(province, []).append(old)
        return {province: tuple(old) for province, old in found.items()}


def _rows(name: str) -> list[dict[str, str]]:
    source = resources.files("lienthong").joinpath("declared", "codes", f"{name}.csv")
    with source.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@lru_cache
def places() -> Places:
    """The administrative units, read once."""
    return Places()
