"""The province of today to which a facility or a record belongs, whatever code it had on its day."""

from __future__ import annotations

from functools import cache

from lienthong.contracts.codes import Codes


def home_province(sender: str) -> str:
    """The province of today in which a facility stands, "" when its code does not tell.

    A facility's five-character code begins with the province of its day (MA_CSKCB, QD 4750), one of the 63 that
    also begin a personal number; `declared/codes/cccd_provinces.csv` says where each of them lies since 1 July 2025.
    """
    if len(sender) < 2 or not sender[:2].isdigit():
        return ""
    return todays().get(sender[:2], "")


@cache
def todays() -> dict[str, str]:
    """Each code of the 63 provinces to that of the province in which it lies today; no code means two places."""
    return {code.code[1:]: code.parent for code in Codes().codes("cccd_provinces")}
