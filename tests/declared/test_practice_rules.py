"""Each rule of `practice`: one change of a right register breaks it, and nothing else that is not named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.declared.worlds import broken, change, engine, undecided

LICENCE = "000001/BYT-GPHN"
WORLD: dict[str, list[dict[str, str | None]]] = {
    "facilities": [
        {
            "MA_CSKCB": "01999",
            "MA_GLN": "8930000000019",
            "TEN_CSKCB": "Bệnh viện Mẫu",
            "SO_GPHD": "000123/BYT-GPHĐ",
            "NGAYCAP_GPHD": "20240105",
            "NGUOI_CTN": LICENCE,
            "HINH_THUC": "benh_vien",
            "CAP_CMKT": "co_ban",
            "HANG": "2",
            "LOAI_HINH": "cong",
            "NAM_HD": "1995",
            "GIUONG_KH": "300",
            "GIUONG_TT": "320",
            "GIUONG_ICU": "20",
            "DIA_CHI": "Số 1 phố Thử Nghiệm",
            "MATINH": "01",
            "MAXA": "00070",
            "TU_NGAY": "20250101",
        }
    ],
    "departments": [
        {"MA_CSKCB": "01999", "MA_KHOA": "K01", "TEN_KHOA": "Khoa Khám bệnh", "TU_NGAY": "20250101"}
    ],
    "practitioners": [
        {
            "MA_NGUOI_HN": "HN0001",
            "SO_DINH_DANH": "001085012345",
            "HO_TEN": "NGUYỄN VĂN MẪU",
            "NGAY_SINH": "19850312",
            "GIOI_TINH": "1",
            "MA_QUOCTICH": "000",
            "CHUCDANH_NN": "1",
            "DIEN_THOAI": "0912345678",
            "CME_GIO": "130",
            "CME_TU_NGAY": "20200101",
            "CME_DEN_NGAY": "20250101",
        }
    ],
    "licences": [
        {
            "SO_GPHN": LICENCE,
            "LOAI": "GPHN",
            "MA_NGUOI_HN": "HN0001",
            "CHUC_DANH": "bac_sy",
            "PHAM_VI": "Nội khoa",
            "NGAY_CAP": "20240301",
            "NGAY_HET_HAN": "20290301",
            "CO_QUAN_CAP": "Bộ Y tế",
            "TRANG_THAI": "hieu_luc",
        }
    ],
    "registrations": [
        {
            "STT": "1",
            "MA_KHOA": "K01",
            "TEN_KHOA": "Khoa Khám bệnh",
            "HO_TEN": "NGUYỄN VĂN MẪU",
            "GIOI_TINH": "1",
            "SO_DINH_DANH": "001085012345",
            "CHUCDANH_NN": "1",
            "VI_TRI": "1",
            "MACCHN": LICENCE,
            "NGAYCAP_CCHN": "20240301",
            "NOICAP_CCHN": "Bộ Y tế",
            "PHAMVI_CM": "101;102",
            "THOIGIAN_DK": "1",
            "THOIGIAN_NGAY": "0730-1630",
            "THOIGIAN_TUAN": "T2T3T4T5T6",
            "TU_NGAY": "20240401",
            "MA_CSKCB": "01999",
        }
    ],
    "working_slots": [
        {
            "MACCHN": LICENCE,
            "MA_CSKCB": "01999",
            "NOI": "1",
            "THU": "2",
            "TU_GIO": "0730",
            "DEN_GIO": "1630",
            "TU_NGAY": "20240401",
        }
    ],
}
SECOND = {"SO_GPHN": "000002/HNO-GPHN", "MA_NGUOI_HN": "HN0002"}
SECOND_DOCTOR = {"MA_NGUOI_HN": "HN0002", "SO_DINH_DANH": "001086054321", "NGAY_SINH": "1986"}
COLLEAGUE = {
    "STT": "2",
    "MACCHN": "000002/HNO-GPHN",
    "SO_DINH_DANH": "001086054321",
    "HO_TEN": "TRẦN VĂN HAI",
    "VI_TRI": None,
}
TWO = {"practitioners+": SECOND_DOCTOR, "licences+": SECOND, "registrations+": COLLEAGUE}
ELSEWHERE = {"STT": "1", "MA_CSKCB": "79999", "VI_TRI": None}
NEXT_DOOR = {
    "facilities+": {"MA_CSKCB": "79999", "MA_GLN": None, "SO_GPHD": "000124/BYT-GPHĐ"},
    "departments+": {"MA_CSKCB": "79999"},
    "registrations+": ELSEWHERE,
}

BREAKS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("PRA-001", {"departments": {"TU_NGAY": "20250230"}}, set()),
    ("PRA-001", {"licences": {"NGAY_CAP": "2024-3-1"}}, {"PRA-116"}),
    ("PRA-002", {"facilities": {"NGAYCAP_GPHD": "20270105"}}, {"PRA-019"}),
    ("PRA-003", {"departments": {"DEN_NGAY": "20241231"}}, set()),
    (
        "PRA-004",
        {"facilities": {"MA_CSKCB": "1999"}},
        {"departments.MA_CSKCB.reference", "registrations.MA_CSKCB.reference"},
    ),
    ("PRA-010", {"facilities": {"MA_GLN": "893000000001"}}, set()),
    ("PRA-011", {"facilities": {"MA_GLN": "8930000000018"}}, set()),
    ("PRA-012", {"facilities": {"MA_GLN": "8850000000010"}}, set()),
    ("PRA-013", {"facilities": {"SO_GPHD": "số 123"}}, set()),
    ("PRA-015", {"facilities": {"MATINH": "02"}}, set()),
    ("PRA-016", {"facilities": {"MAXA": "00001"}}, set()),
    ("PRA-017", {"facilities": {"GIUONG_ICU": "400"}}, set()),
    ("PRA-018", {"facilities": {"GIUONG_KH": None}}, set()),
    ("PRA-019", {"facilities": {"TU_NGAY": "20230101"}}, set()),
    ("PRA-020", {"facilities+": {"MA_CSKCB": "79999"}}, set()),
    ("PRA-025", {"departments": {"MA_KHOA": "KKB"}}, {"PRA-115"}),
    ("PRA-026", {"departments+": {"TU_NGAY": "20260101"}}, set()),
    ("PRA-031", {"practitioners": {"SO_DINH_DANH": "00108501234"}}, set()),
    ("PRA-031", {"practitioners": {"SO_DINH_DANH": "012345678"}}, set()),
    (
        "PRA-032",
        {"practitioners": {"SO_DINH_DANH": "001 085 012345"}},
        {"practitioners.SO_DINH_DANH.length"},
    ),
    ("PRA-033", {"practitioners": {"SO_DINH_DANH": "003085012345"}}, set()),
    ("PRA-034", {"practitioners": {"SO_DINH_DANH": "001485012345"}}, set()),
    ("PRA-035", {"practitioners": {"SO_DINH_DANH": "001084012345"}}, set()),
    ("PRA-035", {"practitioners": {"SO_DINH_DANH": "001285012345"}}, set()),
    ("PRA-036", {"practitioners": {"SO_DINH_DANH": "001185012345"}}, set()),
    (
        "PRA-037",
        {"practitioners": {"SO_DINH_DANH": "111111111111", "NGAY_SINH": "1911", "GIOI_TINH": "2"}},
        {"PRA-033"},
    ),
    ("PRA-040", {"practitioners": {"HO_TEN": "BS. CKII. Nguyễn Văn Mẫu"}}, set()),
    ("PRA-040", {"practitioners": {"HO_TEN": "ThS Nguyễn Văn Mẫu"}}, set()),
    ("PRA-041", {"practitioners": {"HO_TEN": "NGUYỄN VĂN MẪU 2"}}, set()),
    ("PRA-042", {"practitioners": {"HO_TEN": "NguyÔn V¨n MÉu"}}, set()),
    ("PRA-043", {"practitioners": {"NGAY_SINH": "19850229"}}, set()),
    (
        "PRA-044",
        {"practitioners": {"NGAY_SINH": "20101010", "SO_DINH_DANH": "001210012345"}},
        {"PRA-067"},
    ),
    ("PRA-045", {"practitioners": {"SO_DINH_DANH": None}}, set()),
    ("PRA-046", {"practitioners+": {"MA_NGUOI_HN": "HN0002"}}, set()),
    ("PRA-047", {"practitioners": {"MA_BHXH": "0000000000"}}, set()),
    ("PRA-048", {"practitioners": {"DIEN_THOAI": "01621234567"}}, set()),
    ("PRA-049", {"practitioners": {"CME_DEN_NGAY": "20190101"}}, set()),
    ("PRA-050", {"practitioners": {"CME_GIO": "119"}}, set()),
    ("PRA-051", {"practitioners": {"NGUOI_HUONG_DAN": "HN0001"}}, set()),
    (
        "PRA-060",
        {"licences": {"SO_GPHN": "1/BYT-GPHN"}},
        {
            "facilities.NGUOI_CTN.reference",
            "registrations.MACCHN.reference",
            "working_slots.MACCHN.reference",
        },
    ),
    ("PRA-061", {"licences": {"LOAI": "CCHN"}}, set()),
    ("PRA-062", {"licences": {"NGAY_HET_HAN": "20240301"}}, {"PRA-064", "PRA-065", "PRA-096"}),
    ("PRA-063", {"licences": {"NGAY_HET_HAN": None}}, set()),
    ("PRA-064", {"licences": {"NGAY_HET_HAN": "20340301"}}, set()),
    (
        "PRA-065",
        {
            "licences": {"NGAY_CAP": "20210301", "NGAY_HET_HAN": "20260301"},
            "registrations": {"DEN_NGAY": "20250101", "NGAYCAP_CCHN": "20210301"},
        },
        set(),
    ),
    ("PRA-066", {"licences+": {"SO_GPHN": "000009/BYT-GPHN"}}, set()),
    (
        "PRA-067",
        {
            "licences": {
                "NGAY_CAP": "20000301",
                "NGAY_HET_HAN": "20050301",
                "TRANG_THAI": "thay_the",
            },
            "registrations": {"NGAYCAP_CCHN": "20000301"},
        },
        {"PRA-096"},
    ),
    ("PRA-068", {"licences": {"TRANG_THAI": "thu_hoi"}}, {"PRA-097"}),
    ("PRA-081", {"registrations": {"SO_DINH_DANH": "00108501234"}}, set()),
    ("PRA-082", {"registrations": {"SO_DINH_DANH": "001085-012345"}}, set()),
    ("PRA-083", {"registrations": {"SO_DINH_DANH": "999085012345"}}, set()),
    ("PRA-084", {"registrations": {"SO_DINH_DANH": "001885012345"}}, set()),
    ("PRA-086", {"registrations": {"GIOI_TINH": "2"}}, set()),
    ("PRA-087", {"registrations": {"SO_DINH_DANH": "123456789012"}}, {"PRA-083", "PRA-084"}),
    ("PRA-090", TWO | {"registrations+": COLLEAGUE | {"STT": "01"}}, set()),
    (
        "PRA-091",
        TWO
        | {
            "registrations+": COLLEAGUE | {"MACCHN": LICENCE, "MA_KHOA": "K02"},
            "departments+": {"MA_KHOA": "K02"},
        },
        set(),
    ),
    (
        "PRA-092",
        TWO
        | {
            "registrations+": COLLEAGUE
            | {"SO_DINH_DANH": "001085012345", "HO_TEN": "Nguyễn Văn Mẫu"}
        },
        set(),
    ),
    (
        "PRA-093",
        {
            "registrations+": {"STT": "2", "MA_KHOA": "K02", "HO_TEN": "LÊ VĂN MẪU"},
            "departments+": {"MA_KHOA": "K02"},
        },
        set(),
    ),
    ("PRA-094", {"registrations+": {"STT": "2", "TU_NGAY": "20250101"}}, set()),
    ("PRA-095", {"registrations": {"TU_NGAY": "20240229"}}, set()),
    ("PRA-096", {"registrations": {"DEN_NGAY": "20300101"}}, set()),
    ("PRA-097", {"licences": {"TRANG_THAI": "dinh_chi", "SO_QD": "1/QĐ"}}, set()),
    (
        "PRA-098",
        {"registrations": {"MACCHN": "BYT-1"}, "working_slots": {"MACCHN": "BYT-1"}},
        {"registrations.MACCHN.reference", "working_slots.MACCHN.reference"},
    ),
    ("PRA-100", {"registrations": {"PHAMVI_CM": ";101"}}, set()),
    ("PRA-101", {"registrations": {"PHAMVI_CMBS": "12/QĐ-BV"}}, set()),
    ("PRA-102", {"registrations": {"DVKT_KHAC": "123456", "VB_PHANCONG": "20240101_12"}}, set()),
    ("PRA-103", {"registrations": {"VB_PHANCONG": "2024_12"}}, set()),
    ("PRA-104", {"registrations": {"CSKCB_KHAC": "79001,79002"}}, set()),
    ("PRA-105", {"registrations": {"DVKT_KHAC": "1234567"}}, set()),
    ("PRA-106", {"registrations": {"THOIGIAN_NGAY": "7h30-16h30"}}, set()),
    ("PRA-106", {"registrations": {"THOIGIAN_NGAY": "0760-1630"}}, set()),
    ("PRA-107", {"registrations": {"THOIGIAN_NGAY": "1630-0730"}}, set()),
    ("PRA-108", {"registrations": {"THOIGIAN_TUAN": "T3T2"}}, set()),
    ("PRA-108", {"registrations": {"THOIGIAN_TUAN": "2,3,4"}}, set()),
    ("PRA-109", {"registrations": {"THOIGIAN_TUAN": None}}, set()),
    ("PRA-110", {"registrations": {"CSKCB_KHAC": "79001;01999"}}, set()),
    ("PRA-111", {"registrations": {"CSKCB_CGKT": "79001"}}, set()),
    ("PRA-112", TWO | {"registrations+": COLLEAGUE | {"VI_TRI": "1"}}, set()),
    ("PRA-113", NEXT_DOOR | {"registrations+": ELSEWHERE | {"VI_TRI": "1"}}, set()),
    (
        "PRA-114",
        TWO | {"registrations": {"VI_TRI": "2"}, "registrations+": COLLEAGUE | {"VI_TRI": "2"}},
        set(),
    ),
    ("PRA-115", {"registrations": {"MA_KHOA": "K99"}}, set()),
    ("PRA-116", {"registrations": {"NGAYCAP_CCHN": "20240302"}}, set()),
    ("PRA-130", {"working_slots": {"TU_GIO": "7h30"}}, set()),
    ("PRA-131", {"working_slots": {"DEN_GIO": "0700"}}, set()),
    (
        "PRA-132",
        NEXT_DOOR
        | {
            "working_slots+": {"MA_CSKCB": "79999", "NOI": "2", "TU_GIO": "1600", "DEN_GIO": "2000"}
        },
        set(),
    ),
    ("PRA-133", {"working_slots": {"MA_CSKCB": "79999"}}, set()),
    (
        "PRA-134",
        NEXT_DOOR | {"working_slots+": {"MA_CSKCB": "79999", "TU_GIO": "1700", "DEN_GIO": "2000"}},
        set(),
    ),
    ("registrations.VI_TRI.enum", {"registrations": {"VI_TRI": "7"}}, set()),
    ("registrations.CHUCDANH_NN.enum", {"registrations": {"CHUCDANH_NN": "01"}}, set()),
    ("registrations.STT.type", {"registrations": {"STT": "một"}}, set()),
    ("licences.MA_NGUOI_HN.reference", {"licences": {"MA_NGUOI_HN": "HN0009"}}, set()),
]

HOLDS: dict[str, dict[str, Any]] = {
    "right as it is": {},
    "two doctors": TWO,
    "one doctor at two places": NEXT_DOOR,
    "slots that touch": {"working_slots+": {"TU_GIO": "1630", "DEN_GIO": "2400"}},
    "the same hours on another day": {"working_slots+": {"THU": "3"}},
    "the same hours after the first ended": {
        "working_slots": {"DEN_NGAY": "20250630"},
        "working_slots+": {"TU_NGAY": "20250701"},
    },
    "old row closed, new one opened": {
        "registrations": {"DEN_NGAY": "20250630", "STT": "1"},
        "registrations+": {"TU_NGAY": "20250701", "STT": "2"},
    },
    "hours by weekday": {
        "registrations": {"THOIGIAN_NGAY": "T20800-1500;T30700-1100", "THOIGIAN_TUAN": None}
    },
    "Sunday only": {"registrations": {"THOIGIAN_TUAN": "CN"}},
    "a list that ends with its separator": {"registrations": {"PHAMVI_CMBS": "20240101_12/QĐ-BV;"}},
    "a healer without end date": {"licences": {"CHUC_DANH": "luong_y", "NGAY_HET_HAN": None}},
    "a foreigner with a passport": {
        "practitioners": {"SO_DINH_DANH": None, "SO_HO_CHIEU": "B1234567"},
        "registrations": {"SO_DINH_DANH": "B1234567"},
    },
    "year of birth only": {"practitioners": {"NGAY_SINH": "1985"}},
    "a one-word name": {"practitioners": {"HO_TEN": "Y"}, "registrations": {"HO_TEN": "Y"}},
    "a name of the hills": {
        "practitioners": {"HO_TEN": "H' Hen Niê"},
        "registrations": {"HO_TEN": "H' Hen Niê"},
    },
}


@pytest.mark.parametrize(
    ("rule", "changes", "also"), BREAKS, ids=[f"{case[0]}-{n}" for n, case in enumerate(BREAKS)]
)
def test_one_change_breaks_its_rule_and_no_other(rule, changes, also):
    assert broken("practice", change(WORLD, changes)) == {rule} | also


@pytest.mark.parametrize("changes", HOLDS.values(), ids=HOLDS)
def test_what_is_right_is_not_accused(changes):
    assert broken("practice", change(WORLD, changes)) == set()


def test_a_sixth_trainee_is_too_many():
    trainees = [
        WORLD["practitioners"][0]
        | {
            "MA_NGUOI_HN": f"HN1{number}",
            "SO_DINH_DANH": f"00108501{number}999",
            "NGUOI_HUONG_DAN": "HN0001",
        }
        for number in range(6)
    ]
    everybody = WORLD["practitioners"] + trainees
    assert broken("practice", change(WORLD, {"practitioners": everybody[:-1]})) == set()
    assert broken("practice", change(WORLD, {"practitioners": everybody})) == {"PRA-052"}


def test_lists_that_are_not_public_and_reports_of_change_stay_undecided():
    unknown = undecided("practice", WORLD)
    assert {"PRA-005", "PRA-014", "PRA-120", "PRA-121"} <= unknown


def test_references_to_tables_that_were_not_sent_stay_undecided():
    alone = {"registrations": WORLD["registrations"]}
    assert broken("practice", alone) == set()
    assert {"PRA-115", "PRA-096", "registrations.MACCHN.reference"} <= undecided("practice", alone)


def test_every_rule_that_can_fail_is_tried_here():
    decided = {
        rule.rule.id
        for table in engine("practice").compiled.tables
        for rule in table.rules
        if rule.rule.id.startswith("PRA")
    }
    tried = {case[0] for case in BREAKS} | {"PRA-052"}
    assert decided - tried == {"PRA-005", "PRA-014", "PRA-120", "PRA-121"}
