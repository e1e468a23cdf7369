"""Who has the dossiers of a code at the end of a period: old codes are followed to their successors, never rewritten.

A period that ended before a merger shows the codes of its day, a later one the agency that has the work now; no dossier
changes. A code without a known successor stays itself, so that nothing disappears from a sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from lienthong.contracts.codes import Codes
from lienthong.errors import NotFound
from lienthong.procedures.agencies import Agencies, agencies

MINISTRY = "ministry"
"""How the dossiers that no province settles are named among the provinces."""


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """Old code to the one that has its work, of units and of provinces, and the names of both."""

    units: Mapping[str, str] = {}
    provinces: Mapping[str, str] = {}
    unit_names: Mapping[str, Mapping[str, str]] = {}
    province_names: Mapping[str, Mapping[str, str]] = {}

    @property
    def values(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {
            "old_units": list(self.units),
            "new_units": list(self.units.values()),
            "old_provinces": list(self.provinces),
            "new_provinces": list(self.provinces.values()),
        }


def following(codes: Codes | None, on: date, known: Agencies | None = None) -> Following:
    """What is followed on a day; without code lists provinces stay as they are."""
    listed = known or agencies()
    units = {}
    for code in listed.by_code:
        try:
            now = listed.today(code, on).code
        except NotFound:
            continue
        if now != code:
            units[code] = now
    provinces, names = _provinces(codes, on) if codes is not None else ({}, {})
    return Following(
        units=units,
        provinces=provinces,
        unit_names={code: agency.label for code, agency in listed.by_code.items()},
        province_names=names,
    )


def _provinces(codes: Codes, on: date) -> tuple[dict[str, str], dict[str, Mapping[str, str]]]:
    day = f"{on:%Y%m%d}"
    listed = list(codes.codes("provinces"))
    names: dict[str, Mapping[str, str]] = {one.code: one.label for one in listed if one.holds(day)}
    followed = {
        one.code: one.successor
        for one in listed
        if one.code not in names and one.successor and (one.valid_to or "99999999") < day
    }
    return followed, names
