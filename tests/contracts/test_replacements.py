"""A retired code is explained by what replaced it; where several did, none is chosen."""

from __future__ import annotations

import pytest

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Field
from lienthong.contracts.replacements import explained, replacements
from lienthong.records.checking.code_words import code_told


@pytest.fixture(scope="module")
def codes():
    return Codes()


def test_a_unit_that_went_whole_into_another_names_it(codes):
    assert explained(codes, "communes", "00001")["en"] == (
        "00001 (Phuc Xa ward) was right until 30 Jun 2025; it became 00097 Hong Ha ward."
    )


def test_a_divided_unit_names_every_candidate_and_decides_nothing(codes):
    retired = codes.find("communes", "00007")[-1]
    became = replacements(codes, "communes", retired)
    assert [one.code.code for one in became] == ["00008", "00025"]
    assert not any(one.whole for one in became)
    assert "was divided among 00008" in explained(codes, "communes", "00007")["en"]


def test_a_code_that_names_two_units_is_explained_by_the_one_that_ended(codes):
    """15 was Yên Bái until 30 June 2025 and is Lào Cai since: the same digits, another province."""
    assert "Yen Bai" in explained(codes, "provinces", "15")["en"]


def test_a_cell_that_may_not_be_shown_is_explained_without_its_code(codes):
    told = code_told(
        codes, ["communes_of_provinces"], Field(name="MAXA", sensitivity="personal"), "00007"
    )
    assert told["en"] == "The code was right until 30 Jun 2025; the list names 2 that replaced it."
    assert not any("00007" in text or "Cong Vi" in text for text in told.values())


def test_a_list_that_knows_nothing_says_nothing(codes):
    assert explained(codes, "communes", "99999") == {}
    assert explained(codes, "sexes", "1") == {}


def test_an_official_may_bring_another_map(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "commune_successors.csv").write_text(
        "old_code,old_parent,new_code,new_parent,kind,largest_part\n00007,01,00004,01,whole,\n"
    )
    codes = Codes([tmp_path])
    assert [
        one.code.code
        for one in replacements(codes, "communes", codes.find("communes", "00007")[-1])
    ] == ["00004"]
