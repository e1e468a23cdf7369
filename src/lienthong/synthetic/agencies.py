"""Invented codes of the agencies that settle dossiers: a department in each of the 34 provinces, commune offices, four
units of the ministry.

No list of today's agency codes is public, so a demonstration makes its own, beginning with a letter that no province
has (X) and named as samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lienthong.synthetic.chance import chance, declared
from lienthong.synthetic.places import places

FILE = "agencies.yaml"
HEAD = "# Sample codes of the demonstration, invented: no list of today's agency codes is public.\n"

Level = Literal["ministry", "province", "commune"]


@dataclass(frozen=True)
class Unit:
    """One agency that settles: its code, name, province (empty: the ministry) and level."""

    code: str
    name: str
    province: str
    level: Level


def department(province: str) -> str:
    """The sample code of a province's department of health."""
    return f"X{province}.20"


def units(seed: int) -> tuple[Unit, ...]:
    """All agencies of the demonstration."""
    facts = declared("dossiers")
    found = [Unit(one["code"], one["vi"], "", "ministry") for one in facts["ministry"]]
    for province, name in sorted(places().provinces.items()):
        label = f"Sở Y tế {name.removeprefix('Tỉnh ').removeprefix('Thành phố ')} (mã mẫu)"
        found.append(Unit(department(province), label, province, "province"))
        communes = sorted(places().communes[province], key=lambda one: one.code)
        chosen = chance(seed, f"offices/{province}").sample(communes, facts["communes"])
        found += [
            Unit(f"X{province}.30.{at:03d}", f"UBND {one.name} (mã mẫu)", province, "commune")
            for at, one in enumerate(chosen, 1)
        ]
    return tuple(found)


def write(home: Path, seed: int) -> None:
    """The sample codes as the data folder's own list, unless it has one already."""
    import yaml

    file = home / FILE
    if file.exists():
        return
    listed = []
    for one in units(seed):
        parent = one.code.rsplit(".", 1)[0] if one.level == "ministry" else ""
        listed.append(
            {
                "code": one.code,
                "vi": one.name,
                "en": one.name,
                "fr": one.name,
                "evidence": "invented",
            }
            | ({"province": one.province} if one.province else {})
            | ({"parent": parent} if parent else {})
        )
    text = yaml.safe_dump({"agencies": listed}, allow_unicode=True, sort_keys=False)
    file.write_text(HEAD + text, encoding="utf-8")
