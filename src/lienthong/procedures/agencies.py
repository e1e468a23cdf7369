"""Who settles procedures: agency codes with validity and successors. An old code is followed, never rewritten."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path

import msgspec

from lienthong import settings
from lienthong.errors import NotFound, Refused
from lienthong.findings import Text


class Agency(msgspec.Struct, frozen=True, kw_only=True):
    """One agency code. `successor` has its work since the day after `until`; None: it still holds."""

    code: str
    vi: str
    en: str = ""
    fr: str = ""
    parent: str = ""
    province: str = ""
    successor: str | None = None
    since: date | None = None
    until: date | None = None
    evidence: str = "inferred"

    @property
    def label(self) -> Text:
        """The name in the languages there are."""
        return {
            name: text for name, text in (("vi", self.vi), ("en", self.en), ("fr", self.fr)) if text
        }

    def holds(self, on: date) -> bool:
        """Whether the code is in use on a day."""
        return (self.since is None or on >= self.since) and (self.until is None or on <= self.until)


class Agencies:
    """All known codes."""

    def __init__(self, agencies: list[Agency]) -> None:
        self.by_code = {agency.code: agency for agency in agencies}
        for agency in agencies:
            if agency.successor and agency.successor not in self.by_code:
                raise Refused(
                    "AGENCY-SUCCESSOR", "Agency %(agency)s has a successor that is not declared: %(successor)s.",
                    agency=agency.code, successor=agency.successor,
                )  # fmt: skip

    def find(self, code: str) -> Agency:
        """The agency of a code, whenever it held; raises NotFound."""
        agency = self.by_code.get(code.strip())
        if agency is None:
            raise NotFound(
                "AGENCY-UNKNOWN", "Agency code %(agency)s is not known.", agency=code[:40]
            )
        return agency

    def today(self, code: str, on: date) -> Agency:
        """The agency that has the work of a code on a day; raises NotFound when nobody is known to have it."""
        agency, seen = self.find(code), set()
        while not agency.holds(on):
            if not agency.successor or agency.code in seen:
                raise NotFound(
                    "AGENCY-ENDED",
                    "Agency code %(agency)s is no longer used and no successor is declared.",
                    agency=agency.code,
                )
            seen.add(agency.code)
            agency = self.find(agency.successor)
        return agency


def agencies(home: Path | None = None) -> Agencies:
    """The declared agencies, and those of the data folder (`home`, or the program's own) over them."""
    own = (home or settings.read().home) / "agencies.yaml"
    try:
        seen = own.stat().st_mtime_ns
    except OSError:
        return _listed(None, 0)
    return _listed(own, seen)


@lru_cache(maxsize=4)
def _listed(own: Path | None, seen: int) -> Agencies:
    import yaml

    texts = [resources.files("lienthong").joinpath("declared", "agencies.yaml").read_text("utf-8")]
    if own is not None:
        texts.append(own.read_text("utf-8"))
    found: dict[str, Agency] = {}
    for text in texts:
        listed = msgspec.convert((yaml.safe_load(text) or {}).get("agencies", []), list[Agency])
        found |= {agency.code: agency for agency in listed}
    return Agencies(list(found.values()))
