"""A dossier is judged by the version of the contract in force on the end of its visit, whatever else the file holds."""

from __future__ import annotations

import pytest

from lienthong.contracts.codes import Codes
from lienthong.contracts.reading import read_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking.engine import check
from lienthong.records.formats.reading import read
from tests.spec.care_records import moment_of
from tests.spec.dossiers import envelope, findings, hoso, visit_of, without

YEARS = {"130": 2023, "3176": 2025}


@pytest.fixture(scope="module")
def contract():
    return read_contract("care")


@pytest.fixture(scope="module")
def engine(contract):
    return RecordEngine(compile_contract(contract), Codes())


@pytest.fixture
def judge(contract, engine, tmp_path):
    """Checks an envelope by the generated rules, or by the batch engine."""

    def made(*parts, batch=False):
        path = tmp_path / "dossiers.xml"
        path.write_bytes(envelope(*parts))
        chosen = None if batch else engine
        with read(path, contract) as reading:
            checked = check(
                contract,
                reading,
                received=moment_of("2026-03-05 09:00"),
                codes=Codes(),
                compiled=engine.compiled,
                engine=chosen,
                sender="01999",
            )
            try:
                return findings(checked)
            finally:
                checked.close()

    return made


@pytest.mark.parametrize("version", YEARS)
def test_a_dossier_of_its_time_is_right(judge, contract, version):
    tables = without(visit_of(YEARS[version]), contract, version)
    assert judge(hoso(contract, tables, version)) == set()


def test_a_dossier_of_2023_is_not_asked_what_came_later(judge, contract):
    """NGAY_TH_YL and NHOM_MAU came with QD 4750: filled in for 2023 they are a finding, not a refusal."""
    tables = without(visit_of(2023), contract, "130")
    tables["XML1"][0]["NHOM_MAU"] = "O+"
    tables["XML2"][0]["NGAY_TH_YL"] = "202303030830"
    assert judge(hoso(contract, tables, "130")) == {
        "XML1.NHOM_MAU.version XML1.NHOM_MAU",
        "XML2.NGAY_TH_YL.version XML2.NGAY_TH_YL",
    }


def test_each_dossier_of_a_mixed_file_is_judged_by_its_own_version(judge, contract):
    """MA_KHOA of a drug line had 15 characters in QD 130 and has 50 since QD 4750."""
    parts = []
    for number, (version, year) in enumerate(YEARS.items(), 1):
        tables = without(visit_of(year, number), contract, version)
        tables["XML1"][0]["MA_KHOA"] = "K01;K03;K0123456789ABCDEF"
        tables["XML2"][0]["MA_KHOA"] = "K0123456789ABCDEF"
        parts.append(hoso(contract, tables, version))
    both = judge(*parts)
    assert both == judge(parts[0]) | judge(parts[1])
    assert both == judge(*parts, batch=True)
    assert "XML2.MA_KHOA.length@130 XML2.MA_KHOA" in judge(parts[0])
    assert judge(parts[1]) == set()


def test_a_referral_letter_has_the_names_of_its_version(judge, contract):
    old = visit_of(2024, 1, "referred")
    letter = old["XML13"][0]
    letter |= {"MA_NOI_DEN": letter.pop("MA_CSKCB_DEN"), "TEN_DICH_VU": "Khám"}
    assert {one for one in judge(hoso(contract, old, "4750")) if "version" in one} == {
        "XML13.version XML13.MA_LK",
        *(f"XML{n}.{f}.version XML{n}.{f}" for n, f in ((1, "NHOM_MAU"), (2, "NGAY_TH_YL"))),
    } - {""}


# -- QD 4210: only its names are known, and it was still sent beside QD 130 until 30 June 2024


def dossier_of_4210(year):
    """The invented visit as a program of those days wrote it: five tables, its own names, its own totals."""
    tables = {name: visit_of(year)[name] for name in ("XML1", "XML2", "XML3", "XML4", "XML5")}
    form = read_contract("care")
    tables = without(tables, form, "4210")
    tables["XML1"][0] |= {"T_TONGCHI": "472461.00", "MA_LYDO_VVIEN": "1", "T_NGOAIDS": "0"}
    for row in tables["XML2"] + tables["XML3"]:
        row["THANH_TIEN"] = "1000.00"
    return tables


@pytest.mark.parametrize("year", [2019, 2023], ids=("in force", "still accepted"))
def test_a_dossier_of_4210_is_read_by_its_names_and_asked_little(judge, contract, year):
    assert judge(hoso(contract, dossier_of_4210(year), "4210")) == set()


def test_what_4210_surely_promises_is_asked_of_it(judge, contract):
    tables = dossier_of_4210(2023)
    tables["XML2"][0]["STT"] = "7"
    tables["XML1"][0]["NGAY_SINH"] = "205001010000"
    found = judge(hoso(contract, tables, "4210"))
    assert {one.split(" ")[0] for one in found} == {"LNK-03", "DAT-01"}
    assert found == judge(hoso(contract, tables, "4210"), batch=True)


def test_the_form_of_4210_is_no_longer_accepted_when_4750_is_in_force(judge, contract):
    found = judge(hoso(contract, dossier_of_4210(2025), "4210"))
    assert "XML1.T_TONGCHI.version XML1.T_TONGCHI" in found
    assert "XML1.MA_NGHE_NGHIEP.required XML1.MA_NGHE_NGHIEP" in found


def test_the_old_names_fill_the_fields_of_today(contract, tmp_path):
    path = tmp_path / "old.xml"
    path.write_bytes(envelope(hoso(contract, dossier_of_4210(2019), "4210")))
    with read(path, contract) as reading:
        checked = check(contract, reading, received=moment_of("2026-03-05 09:00"), codes=Codes())
        row = checked.con.execute(
            'SELECT "MA_THE_BHYT", "MA_BENH_CHINH", "MA_BENH_KT", "SO_CCCD" FROM "src_XML1"'
        ).fetchone()
        checked.close()
    assert row == ("GD4010000000001", "J18.9", "E11.9", None)


# -- names that a file must have are those of the version in force


def test_a_name_of_the_version_in_force_may_not_be_left_out(judge, contract):
    """TINH_TRANG_CT came with QD 3176: a letter of 2025 must have the element, one of 2024 need not."""

    def letter(year, version):
        tables = without(visit_of(year, 1, "referred"), contract, version)
        if version == "4750":
            tables["XML13"][0] |= {"MA_NOI_DEN": "01998", "TEN_DICH_VU": "Khám"}
        else:
            tables["XML13"][0]["MA_CSKCB_DEN"] = "01998"
        return {one for one in judge(hoso(contract, tables, version)) if one.startswith("ENV-07")}

    assert letter(2025, "3176") == set()
    assert letter(2025, "4750") == {
        f"ENV-07 XML13.{name}" for name in ("MA_CSKCB_DEN", "MA_CSKCB_DI", "TINH_TRANG_CT")
    }
