"""The head of an agency's papers: who issues them, from where, how to reach the desk."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec

from lienthong.errors import NotFound, Refused
from lienthong.findings import Text
from lienthong.procedures.agencies import Agency, agencies

FORM = "letterhead"
"""The name under which heads are kept beside the templates of the seven papers."""
LONGEST = 200
DESK = "Bộ phận Tiếp nhận và Trả kết quả"
HEAD = "THỦ TRƯỞNG CƠ QUAN"


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the head of every paper of an agency, and what its sentences say of it."""

    parent: str = ""
    name: str = ""
    place: str = ""
    address: str = ""
    phone: str = ""
    website: str = ""
    desk: str = DESK
    head: str = HEAD

    def places(self) -> dict[str, str]:
        """The places agency.* of a template."""
        return {f"agency.{name}": getattr(self, name) for name in self.__struct_fields__}


LABELS: dict[str, Text] = {
    "parent": {"vi": "Cơ quan cấp trên", "en": "Agency above", "fr": "Autorité supérieure"},
    "name": {"vi": "Tên cơ quan", "en": "Name of the agency", "fr": "Nom de l’autorité"},
    "place": {"vi": "Địa danh", "en": "Place of issue", "fr": "Lieu d’émission"},
    "address": {"vi": "Địa chỉ", "en": "Address", "fr": "Adresse"},
    "phone": {"vi": "Điện thoại", "en": "Telephone", "fr": "Téléphone"},
    "website": {"vi": "Trang thông tin", "en": "Site", "fr": "Site"},
    "desk": {"vi": "Tên bộ phận một cửa", "en": "Name of the desk", "fr": "Nom du guichet"},
    "head": {"vi": "Chức danh người ký", "en": "Title of who signs", "fr": "Titre du signataire"},
}


def parse(text: str) -> Letterhead:
    """The head of a text of lines `name: value`; raises Refused for a line that is none, or too long."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, sep, value = line.partition(":")
        if not line.strip():
            continue
        if not sep or name.strip() not in Letterhead.__struct_fields__ or len(value) > LONGEST:
            raise Refused(
                "PAPER-HEAD",
                "Line %(line)s is no part of a letterhead, or longer than %(most)s characters.",
                line=number,
                most=LONGEST,
            )
        found[name.strip()] = value.strip()
    return Letterhead(**found)


def written(head: Letterhead) -> str:
    """The text that `parse` reads; line breaks inside a value become spaces."""
    lines = []
    for name in head.__struct_fields__:
        lines.append(f"{name}: {' '.join(str(getattr(head, name)).split())}")
    return "\n".join(lines) + "\n"


def usual(unit: str, home: Path | None, on: date) -> Letterhead:
    """The head of an agency that wrote none: the names of the list of agencies, the rest to be filled in by hand."""
    known = agencies(home)
    try:
        agency = known.find(unit)
    except NotFound:
        above = known.by_code.get(parent_code(unit))
        return Letterhead(name=unit, place=_place(above) if above else "")
    above = known.by_code.get(agency.parent or parent_code(unit))
    return Letterhead(
        parent=_name(above).upper() if above else "",
        name=_name(agency).upper(),
        place=_place(agency),
    )


def parent_code(unit: str) -> str:
    """The code of the agency above in the dotted form: H15.50 is below H15; empty at the top."""
    return unit.rpartition(".")[0]


def _name(agency: Agency) -> str:
    """The name without what a list adds in brackets."""
    return re.sub(r"\s*\([^)]*\)", "", agency.vi).strip()


def _place(agency: Agency) -> str:
    if not agency.province:
        return "Hà Nội" if agency.code.startswith("G") else ""
    from lienthong.contracts.codes import Codes

    for one in Codes().codes("provinces"):
        if one.code == agency.province:
            return re.sub(r"^(Tỉnh|Thành phố) ", "", one.label.get("vi", ""))
    return ""
