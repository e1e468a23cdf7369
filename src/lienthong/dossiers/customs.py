"""What offices agree on about the clock where the law leaves it open: dated data, an official's own file on top."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from lienthong import settings
from lienthong.errors import Refused

FILE = "customs.yaml"


class Customs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customs that hold on one day.

    `transfer_until`: paper received later goes on at the start of the next working day (Decree 309/2026 Art. 18.2).
    `reception_hours`: working hours within which a dossier filed online must be received or answered.
    `apology_before`: working days before the deadline by which the letter of apology must be out.
    `corrected_end`: which end is compared with the deadline when a result is corrected (see history.account).
    """

    transfer_until: time = time(15, 0)
    reception_hours: float = 8
    apology_before: float = 0
    extensions: int = 1
    supplements: int = 1
    corrected_end: Literal["first", "last"] = "first"


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    from_: date = msgspec.field(name="from")
    value: Any
    evidence: str = ""
    source: str = ""


Dated = Mapping[str, tuple[_Value, ...]]


def read_customs(*texts: str) -> Dated:
    """The dated values of these YAML texts, a later text after an earlier one; raises Refused for a wrong one."""
    import yaml

    found: dict[str, list[_Value]] = {}
    for text in texts:
        try:
            said = msgspec.convert(yaml.safe_load(text) or {}, dict[str, list[_Value]])
            for name, values in said.items():
                for one in values:
                    _customs({name: one.value})
                found.setdefault(name, []).extend(values)
        except (ValueError, TypeError, yaml.YAMLError) as error:
            raise Refused("DOSSIER-CUSTOMS", "customs.yaml: %(reason)s", reason=error) from error
    return {name: tuple(sorted(values, key=_from)) for name, values in found.items()}


def customs_of(dated: Dated, day: date) -> Customs:
    """What holds on a day; of two values from the same day the one read last. Pure."""
    holding = {
        name: [one.value for one in values if one.from_ <= day] for name, values in dated.items()
    }
    said = {name: values[-1] for name, values in holding.items() if values}
    return _customs(said)


def _customs(said: Mapping[str, Any]) -> Customs:
    """Values as Customs; a time of day may be written without seconds."""
    moment = said.get("transfer_until")
    read = {"transfer_until": time.fromisoformat(moment)} if moment is not None else {}
    return msgspec.convert({**said, **read}, Customs, strict=False)


@cache
def customs_on(day: date) -> Customs:
    """What holds here on a day."""
    return customs_of(_declared(), day)


@cache
def _declared() -> Dated:
    """The declared values with the official's own on top; read once per process, like the calendar."""
    declared = resources.files("lienthong").joinpath("declared", "dossiers", FILE)
    own: Path = settings.read().home / "dossiers" / FILE
    texts = [declared.read_text("utf-8")]
    if own.exists():
        texts.append(own.read_text("utf-8"))
    return read_customs(*texts)


def _from(one: _Value) -> date:
    return one.from_
