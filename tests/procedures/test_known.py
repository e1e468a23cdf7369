"""The real list: every coded row imports, what a row does not say stays unknown, nothing is invented."""

from __future__ import annotations

import csv
import io
from importlib import resources

import pytest

from lienthong.errors import Refused
from lienthong.procedures.known import catalogued, known, read_rows
from lienthong.procedures.procedure import national_code

PATH = resources.files("lienthong").joinpath("declared", "procedures", "known.csv")
ROWS = list(csv.DictReader(io.StringIO(PATH.read_text("utf-8"))))


def test_all_coded_rows_import_and_only_they_are_catalogued():
    assert (len(known()), len(catalogued())) == (309, 210)
    assert set(catalogued()) == {row["code"] for row in ROWS if row["code"]}


def test_a_row_says_neither_more_nor_less_than_its_source():
    for row, one in zip(ROWS, known(), strict=True):
        assert one.name["vi"] == row["name_vi"]
        assert "fr" not in one.name, "no official French name exists"
        assert one.online == (row["online"] or "unknown")
        assert (one.decentralised is None) == (row["decentralised"] not in ("yes", "no"))
        assert bool(one.limits) == bool(row["limit_value"])
        assert (one.free is None) == (row["fee_vnd"] == "")
        assert one.sets is None
        assert one.subjects == ()
        assert all(component.originals is None for component in one.components)
        assert one.sources


def test_counts_are_those_of_the_sheet():
    coded = catalogued().values()
    assert sum(one.online != "unknown" for one in coded) == 16
    assert sum(bool(one.limits) for one in coded) == 71
    assert sum(bool(one.limit_text) for one in coded) == 85
    assert sum(one.decentralised is not None for one in coded) == 92
    assert sum(one.decentralised is True for one in known()) == 58
    assert sum(one.online == "partial" for one in known()) == 0


def test_what_a_source_does_not_say_is_missing():
    licence = catalogued()["1.012279"]
    assert licence.limits[0].value == 20
    assert licence.limits[0].unit == "days"
    assert licence.levels == ("ministry", "province")
    assert licence.missing() == ("steps", "manner", "sets", "subjects")


def test_papers_that_data_replace_name_the_database():
    replaced = [c for one in known() for c in one.components if c.data]
    assert len(replaced) >= 40
    assert any("doanh nghiệp" in component.data for component in replaced)


@pytest.mark.parametrize(
    ("written", "code"),
    [("1.012279", "1.012279"), ("3.000181.000.00.00.H22", "3.000181"), (" 2.000655 ", "2.000655")],
)
def test_local_systems_append_to_the_national_code(written, code):
    assert national_code(written) == code


@pytest.mark.parametrize(
    "written", ["", "4.000001", "1.01227", "1.0122790", "x1.012279", "1,012279"]
)
def test_what_is_no_code_is_refused(written):
    with pytest.raises(Refused):
        national_code(written)


def test_every_wrong_line_is_named():
    head = "code,name_vi,levels,online,limit_value,limit_unit,fee_vnd\n"
    with pytest.raises(Refused) as refused:
        list(
            read_rows(
                io.StringIO(
                    head
                    + "1.000001,A,ministry,full,,,\n9.1,B,,,,,\n1.000002,C,moon,,,,\n1.000003,D,,,x,days,\n"
                    "1.000001,E,,,,,\n1.000004,,,,,,\n"
                ),
                "mine.csv",
            )
        )
    lines = str(refused.value.details["lines"])
    assert refused.value.details["count"] == 6, "a code that stands twice is wrong in both places"
    told = ("2: Mã 1.000001", "3: “9.1”", "4: “moon”", "5: “x”", "6: Mã 1.000001", "7: Tên thủ tục")
    for number in told:
        assert number in lines
