"""The list of senders of an invented country: what each is, so that it may send the databases of its kind."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong.contracts.codes import COLUMNS
from lienthong.contracts.senders import LIST
from lienthong.synthetic import products
from lienthong.synthetic.databases.medicines import commune_pharmacy
from lienthong.synthetic.databases.prevention import CENTRE
from lienthong.synthetic.facilities import kind_of
from lienthong.synthetic.households import department_code
from lienthong.synthetic.places import places

if TYPE_CHECKING:
    from lienthong.synthetic.nation import Nation

AGENCIES = (
    (products.DRUG_ADMINISTRATION, "Cục Quản lý Dược (mẫu)", "drug_administration"),
    (products.DEVICE_ADMINISTRATION, "Cục Hạ tầng và Thiết bị y tế (mẫu)", "device_administration"),
    (CENTRE, "Cục Phòng bệnh (mẫu)", "disease_administration"),
)


def listed(nation: Nation) -> Iterator[tuple[str, str, str]]:
    """Code, name and kind of everybody who may send something."""
    yield from AGENCIES
    for catchment, hospital in zip(nation.catchments, nation.hospitals, strict=True):
        yield hospital.code, hospital.name, kind_of(hospital.code)
        province = places().provinces[catchment.province]
        yield department_code(hospital.code), f"Sở Y tế {province} (mẫu)", "health_department"
        for station, commune in zip(catchment.stations(), catchment.communes, strict=True):
            yield commune_pharmacy(station), f"Nhà thuốc mẫu {commune.name}", "pharmacy"


def write_senders(nation: Nation, folder: Path) -> None:
    """The list of senders among the code lists of a folder, unless it has one already."""
    write_list(folder / f"{LIST}.csv", listed(nation))


def write_list(file: Path, lines: Iterable[tuple[str, str, str]]) -> None:
    """A code list of (code, name, parent), unless the file is there already."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows([code, *3 * (label,), "", "", "", parent] for code, label, parent in lines)
