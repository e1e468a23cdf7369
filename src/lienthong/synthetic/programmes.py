"""Rows of a visit that only some have: the state on arrival, what the programmes against HIV and tuberculosis want to
know, and what the service of medical assessment says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lienthong.contracts.contract import Table
from lienthong.synthetic.anything import Around, filler_of
from lienthong.synthetic.events import Stop
from lienthong.synthetic.lines import Row
from lienthong.synthetic.visits import Visit

if TYPE_CHECKING:
    from lienthong.synthetic.scene import Scene

ARRIVAL, HIV, ASSESSMENT, TUBERCULOSIS = "XML0", "XML6", "XML12", "XML15"
EVERY = {ARRIVAL: (4, 0), HIV: (8, 3), ASSESSMENT: (8, 5), TUBERCULOSIS: (8, 6)}
"""Of how many visits one has such a row, and which."""
WITHIN = (HIV, TUBERCULOSIS)
"""Stand in the visit itself; the others go by services of their own."""
TRIES = 12
FREE = ("MA_CSKCB", "HO_TEN", "SO_CCCD", "NGAY_SINH", "GIOI_TINH", "MA_BN", "NGAY_VAO", "MA_LK")


def add(scene: Scene, stop: Stop, made: Visit) -> None:
    """Adds such rows to a visit, completed as the contract wants them; what cannot be right is left out."""
    for name in WITHIN:
        row = _row(scene, stop, made, name)
        if row is not None:
            made.tables[name] = [row]


def alone(scene: Scene, stop: Stop, made: Visit) -> Iterator[tuple[str, Row, datetime]]:
    """What goes by a service of its own: table, row, and when it is sent (Vietnam local time)."""
    arrived = datetime.strptime(made.summary["NGAY_VAO"], "%Y%m%d%H%M")  # noqa: DTZ007 naive, as all of the country
    for name, sent in (
        (ARRIVAL, arrived + timedelta(minutes=12)), (ASSESSMENT, stop.left + timedelta(hours=1)),
    ):  # fmt: skip
        row = _row(scene, stop, made, name) if scene.span.first <= sent.date() else None
        if row is not None and sent < scene.span.until:
            yield name, row, sent


def _row(scene: Scene, stop: Stop, made: Visit, name: str) -> Row | None:
    every, which = EVERY[name]
    table = filler_of("care").contract.table(name)
    if stop.number % every != which or table is None or not _fits(name, stop, scene):
        return None
    known = {
        field: made.summary[field]
        for field in FREE
        if made.summary.get(field) and table.field(field)
    }
    if name == ASSESSMENT:
        known["NGAY_SINH"] = known["NGAY_SINH"][:8]
    if name in _KNOWN:
        known |= _KNOWN[name](stop, made)
    return _completed(scene, stop, made, table, known)


def _completed(scene: Scene, stop: Stop, made: Visit, table: Table, known: Row) -> Row | None:
    """The row as the contract wants it beside the others of its visit; None when that does not come about."""
    filler = filler_of("care")
    for turn in range(TRIES):
        around = Around(
            random=scene.random(f"programme/{table.name}/{stop.number}", turn), at=stop.left, who=stop.who,
            facility=made.facility, worker=scene.hospital.head.licence,
        )  # fmt: skip
        row = filler.row(table, around, known, sparse=True)
        tables = {**made.tables, table.name: [row]} if table.name in WITHIN else {table.name: [row]}
        if not any(
            name == table.name for name, _ in filler.complaints(tables, stop.left, made.facility)
        ):
            return row
    return None


def _fits(name: str, stop: Stop, scene: Scene) -> bool:
    grown_up = stop.who.age(scene.span.on) >= 18
    return name == ARRIVAL or (stop.kind == "exam" and grown_up)


def _tuberculosis(stop: Stop, made: Visit) -> Row:
    begun = stop.left - timedelta(days=60 + stop.number % 60)
    return {
        "PHANLOAI_LAO_VITRI": "1", "PHANLOAI_LAO_TS": "1", "PHANLOAI_LAO_HIV": "2", "PHANLOAI_LAO_VK": "1",
        "PHANLOAI_LAO_KT": "1", "LOAI_DTRI_LAO": "1", "NGAYBD_DTRI_LAO": f"{begun:%Y%m%d}", "PHACDO_DTRI_LAO": "1",
        "KET_QUA_DTRI_LAO": "1", "STT": "1", "BDDT_ARV": f"{begun:%Y%m%d}",
        "NGAY_BAT_DAU_DT_CTX": f"{begun:%Y%m%d}",
    }  # fmt: skip


def _hiv(stop: Stop, made: Visit) -> Row:
    found = stop.left - timedelta(days=400 + stop.number % 900)
    code = made.facility
    begun, today = found + timedelta(days=7), stop.left
    return {
        "NGAYKD_HIV": f"{found:%Y%m%d}", "NOI_LAY_MAU_XN": code, "NOI_XN_KD": code, "NOI_BDDT_ARV": code,
        "BDDT_ARV": f"{begun:%Y%m%d}", "MA_LYDO_DTRI": "1", "LOAI_DTRI_LAO": "0",
        "SANG_LOC_LAO": "1", "MA_LOAI_BN": "2", "GIAI_DOAN_LAM_SANG": "1", "NHOM_DOI_TUONG": "8", "MA_XU_TRI": "1",
        "NGAY_BAT_DAU_XU_TRI": f"{today:%Y%m%d}", "NGAY_KET_THUC_XU_TRI": f"{today + timedelta(days=30):%Y%m%d}",
        "SO_NGAY_CAP_THUOC_ARV": "30", "MA_TINH_TRANG_DK": "4", "NGAY_CHUYEN_PHAC_DO": f"{begun:%Y%m%d}",
        "MATINH_CU_TRU": stop.who.province, "MAXA_CU_TRU": stop.who.commune, "DIA_CHI": stop.who.address,
    }  # fmt: skip


def _arrival(stop: Stop, made: Visit) -> Row:
    first = next(iter(made.tables.get("XML3", [])), {})
    return {
        "STT": "1", "NGAY_YL": made.summary["NGAY_VAO"], "MA_DICH_VU": first.get("MA_DICH_VU", ""),
        "TEN_DICH_VU": first.get("TEN_DICH_VU", ""), "MA_LOAI_KCB": made.summary["MA_LOAI_KCB"],
    }  # fmt: skip


def _assessment(stop: Stop, made: Visit) -> Row:
    return {
        "SO_BIEN_BAN": f"BB{stop.number:08d}"
    }  # minutes of their own: else two people have one record


_KNOWN = {ARRIVAL: _arrival, ASSESSMENT: _assessment, TUBERCULOSIS: _tuberculosis, HIV: _hiv}
