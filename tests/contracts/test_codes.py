"""A code is right on a day, or wrong, or the list cannot decide: never guessed."""

from __future__ import annotations

from pathlib import Path

from lienthong.contracts.codes import COLUMNS, Codes

HEADER = ",".join(COLUMNS)


def own(folder: Path, name: str, *rows: str) -> Codes:
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return Codes([folder])


def test_a_province_code_means_another_province_after_the_merger() -> None:
    codes = Codes()
    by_period = {code.valid_from: code.label["vi"] for code in codes.find("provinces", "15")}
    assert len(by_period) == 2
    assert by_period[max(by_period)] == "Tỉnh Lào Cai"
    assert codes.valid("provinces", "15", "20250630") is True
    assert codes.valid("provinces", "02", "20250630") is True
    assert codes.valid("provinces", "02", "20250701") is False


def test_both_ends_of_a_period_are_inside(tmp_path: Path) -> None:
    codes = own(tmp_path, "wards", "A,,,,20260101,20260131,B,", "B,,,,20260201,,,")
    assert [
        codes.valid("wards", "A", day) for day in ("20251231", "20260101", "20260131", "20260201")
    ] == [
        False,
        True,
        True,
        False,
    ]
    assert codes.valid("wards", "B", "20991231") is True
    assert codes.find("wards", "A")[0].successor == "B"


def test_a_list_that_is_not_here_decides_nothing() -> None:
    assert Codes().valid("drugs_of_the_moon", "X") is None
    assert Codes().has("drugs_of_the_moon") is False


def test_before_a_list_is_complete_an_unknown_code_decides_nothing() -> None:
    codes = Codes()
    assert codes.valid("communes", "99999", "20250101") is None
    assert codes.valid("communes", "99999", "20250401") is False


def test_an_official_list_lies_over_the_stand_in(tmp_path: Path) -> None:
    assert Codes().valid("icd10", "U99.X") is False
    codes = own(tmp_path, "icd10", "U99.X,Mã thử,,,20260701,,,")
    assert codes.valid("icd10", "U99.X", "20260801") is True
    assert codes.valid("icd10", "J18.9") is False


def test_one_digit_too_many_is_not_a_diagnosis() -> None:
    codes = Codes()
    assert codes.valid("icd10", "J18.9") is True
    assert codes.valid("icd10", "S06.00") is False


def test_a_list_as_a_table_has_every_period() -> None:
    codes = Codes()
    table = codes.table("provinces")
    assert tuple(table.column_names) == COLUMNS
    assert table.num_rows == sum(1 for _ in codes.codes("provinces"))


def test_the_version_changes_with_the_list(tmp_path: Path) -> None:
    before = own(tmp_path, "wards", "A,,,,,,,").version(["wards"])
    after = own(tmp_path, "wards", "A,,,,,,,", "B,,,,,,,").version(["wards"])
    assert before != after
