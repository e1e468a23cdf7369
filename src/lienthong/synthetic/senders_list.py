"""The list of senders of an invented country: what each is, so that it may send the databases of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
