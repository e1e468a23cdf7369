"""Check-ups travel in an envelope of their own whose parts reuse the names XML1, XML2 ...: its root decides."""

from __future__ import annotations

import pytest

from lienthong.contracts.reading import read_contract
from lienthong.errors import Refused
from tests.formats.making import base64_of, envelope, read_bytes

HEAD = (
    "<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
    "<NGAYLAP>20261120</NGAYLAP><SOLUONGHOSO>2</SOLUONGHOSO><DANHSACHHOSO>"
)
SIGNED = "<CHUKYDONVI><CKS_NGUOI_KET_LUAN>x</CKS_NGUOI_KET_LUAN><CKS_BENH_VIEN>y</CKS_BENH_VIEN></CHUKYDONVI>"
TAIL = "</DANHSACHHOSO></THONGTINHOSO>" + SIGNED + "</KHAMSUCKHOE>"
PARTS = {
    "XML1": "<THONG_TIN_HANH_CHINH><MA_LK>{0}</MA_LK><HO_TEN>LÊ VĂN THỬ</HO_TEN></THONG_TIN_HANH_CHINH>",
    "XML2": "<THONG_TIN_CHUNG_VE_LAN_KHAM><MA_LK>{0}</MA_LK><MA_LOAI_KCB>15</MA_LOAI_KCB>"
    "</THONG_TIN_CHUNG_VE_LAN_KHAM>",
    "XML3": "<DANH_GIA_DAU_HIEU_SINH_TON><MA_LK>{0}</MA_LK><HUYET_AP>120/80</HUYET_AP>"
    "</DANH_GIA_DAU_HIEU_SINH_TON>",
    "XML11": "<KHAM_CAN_LAM_SANG><CHI_TIET_CLS><MA_LK>{0}</MA_LK><STT>1</STT></CHI_TIET_CLS>"
    "<CHI_TIET_CLS><MA_LK>{0}</MA_LK><STT>2</STT></CHI_TIET_CLS></KHAM_CAN_LAM_SANG>",
}


def message(*keys: str) -> str:
    units = []
    for key in keys:
        files = "".join(
            f"<FILEHOSO><LOAIHOSO>{part}</LOAIHOSO><NOIDUNGFILE>{base64_of(text.format(key))}</NOIDUNGFILE></FILEHOSO>"
            for part, text in PARTS.items()
        )
        units.append(f"<HOSO>{files}</HOSO>")
    return HEAD + "".join(units) + TAIL


def values(found, table, name):
    at = found.columns[table].index(name)
    return [(row[at], row[-1]) for row in found.rows[table]]


def test_the_parts_of_a_check_up_are_read_into_its_tables(tmp_path):
    found = read_bytes(tmp_path, message("K1", "K2"), read_contract("personal_health"))
    # The parts are short here: only names that must be there are missed, and no part is strange.
    assert {one.kind for one in found.faults} == {"name-missing"}
    assert (found.units, found.envelope["facility"], found.envelope["signature"]) == (
        2,
        "01999",
        "present",
    )
    assert values(found, "checkup_persons", "MA_LK") == [("K1", 0), ("K2", 1)]
    assert values(found, "checkups", "MA_LOAI_KCB") == [("15", 0), ("15", 1)]
    assert values(found, "checkup_vitals", "HUYET_AP") == [("120/80", 0), ("120/80", 1)]
    assert [unit for _, unit in values(found, "checkup_tests", "STT")] == [0, 0, 1, 1]


def test_parts_of_which_only_the_number_is_known_stop_nothing(tmp_path):
    more = "".join(
        f"<FILEHOSO><LOAIHOSO>{part}</LOAIHOSO><NOIDUNGFILE>{base64_of('<LA/>')}</NOIDUNGFILE></FILEHOSO>"
        for part in ("XML8", "XML12")
    )
    text = message("K1").replace("</HOSO>", more + "</HOSO>")
    found = read_bytes(tmp_path, text, read_contract("personal_health"))
    told = [one for one in found.faults if one.kind != "name-missing"]
    assert [(one.kind, one.rule, one.unit) for one in told] == [("part-unread", "ENV-11", 0)] * 2
    assert values(found, "checkups", "MA_LK") == [("K1", 0)]


@pytest.mark.parametrize(
    ("contract", "text", "other"),
    [
        ("care", message("K1"), "personal_health"),
        ("personal_health", envelope("<HOSO/>"), "care"),
    ],
)
def test_each_envelope_belongs_to_its_contract(tmp_path, contract, text, other):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, text, read_contract(contract))
    assert refusal.value.code == "FILE-25"
    assert other in str(refusal.value)
