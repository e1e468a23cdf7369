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


@pytest.fixture(params=("batches", "records"))
def judge(request, contract, engine, tmp_path):
    """Checks an envelope by the batch engine or by the generated rules."""

    def made(*parts):
        path = tmp_path / "dossiers.xml"
        path.write_bytes(envelope(*parts))
        chosen = engine if request.param == "records" else None
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
