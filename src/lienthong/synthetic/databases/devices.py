"""Devices: the register of the administration, and the machines that stand in each hospital."""

from __future__ import annotations

from collections.abc import Iterator

from lienthong.synthetic import products
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene


def emit(scene: Scene) -> Iterator[Parcel]:
    """The register once for the country, the equipment of each hospital once."""
    until = scene.span.until
    if scene.lives.catchment.place == 0:
        number = products.device_number("TM")
        yield scene.parcel(
            "devices", products.DEVICE_ADMINISTRATION,
            {
                "devices": products.device_register(until),
                "recalls": [{
                    "SO_QD": "QĐ-MAU-TB/2026", "SO_CHUAN": products.matched(number), "PHAM_VI": "toan_bo",
                    "NGAY_QD": products.device_register(until)[-1]["NGAY_THU_HOI"],
                    "LY_DO": "Không đạt chất lượng (mẫu)", "CO_QUAN": "Bộ Y tế",
                }],
            },
            scene.opening(0),
        )  # fmt: skip
    if scene.silent:
        return
    hospital = scene.hospital
    random = scene.random("equipment")
    rows = []
    for key in products.device_keys():
        for turn in range(random.randint(1, 3)):
            machine = f"{key}.1.{hospital.code}.M{turn + 1:03d}"
            rows.append(products.equipment(hospital.code, key, machine))
    yield scene.parcel("devices", hospital, {"equipment": rows}, scene.opening(4), form="csv")
