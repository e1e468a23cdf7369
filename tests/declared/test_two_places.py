"""A practitioner is not in two places at once: services done (X-TWO-01) are compared by the time they last."""

from __future__ import annotations

import pytest

from lienthong.records.checking import check
from lienthong.records.checking.across import names_of
from tests.checking.tables import RECEIVED, failing, reading_of
from tests.declared.worlds import Elsewhere, broken_across, engine

DOCTOR = "0199900/SYT-CCHN"
VISIT = {"MA_LK": "V1", "STT": "1", "MA_CSKCB": "01999"}


def service(start: str | None, end: str | None = None, group: str = "8", who: str = DOCTOR):
    return {
        "MA_LK": "V1", "STT": "1", "MA_NHOM": group, "NGUOI_THUC_HIEN": who, "NGAY_TH_YL": start,
        "NGAY_KQ": end,
    }  # fmt: skip


MORNING = service("202611100800", "202611100900")
NIGHT = service("202611102330", "202611110100")

CASES = {
    "inside": (MORNING, service("202611100815", "202611100830"), True),
    "around": (MORNING, service("202611100700", "202611101000"), True),
    "the other begins later": (MORNING, service("202611100859", "202611101000"), True),
    "the other begins before": (MORNING, service("202611100700", "202611100801"), True),
    "the same": (MORNING, MORNING, True),
    "touching: this one ends": (MORNING, service("202611100900", "202611101000"), False),
    "touching: the other ends": (MORNING, service("202611100700", "202611100800"), False),
    "another day": (MORNING, service("202611110815", "202611110830"), False),
    "another person": (
        MORNING,
        service("202611100815", "202611100830", who="000002/X-CCHN"),
        False,
    ),
    "a moment inside": (MORNING, service("202611100815", None), True),
    "a moment at the beginning": (MORNING, service("202611100800", None), True),
    "a moment at the end": (MORNING, service("202611100900", None), False),
    "an end that is missing is no duration": (
        service("202611100800"),
        service("202611100801"),
        False,
    ),
    "two moments alike": (service("202611100800"), service("202611100800"), True),
    "an end before its beginning": (service("202611100800", "202611100700"), MORNING, True),
    "an end before its beginning is no end": (
        service("202611101000", "202611100700"),
        MORNING,
        False,
    ),
    "a result is no duration": (
        service("202611100800", "202611101200", "1"),
        service("202611101000", "202611101001"),
        False,
    ),
    "a test within an operation": (MORNING, service("202611100830", "202611101600", "2"), True),
    "over midnight: the other next day": (NIGHT, service("202611110030", "202611110200"), True),
    "over midnight: this one next day": (
        service("202611110030", None, "13"),
        NIGHT,
        True,
    ),
    "over midnight: touching": (NIGHT, service("202611110100", "202611110200"), False),
    "over midnight: touching, this one": (service("202611110100"), NIGHT, False),
    "over midnight: both": (NIGHT, service("202611102345", "202611110030"), True),
    "over the end of a month": (
        service("202611302330", "202612010100"),
        service("202612010059"),
        True,
    ),
    "an end two days later is no end": (
        service("202611100800", "202611120900"),
        service("202611111000"),
        False,
    ),
    "an end two days later, its last day": (
        service("202611100800", "202611120900"),
        service("202611120859"),
        False,
    ),
    "no beginning": (service(None, "202611100900"), MORNING, False),
    "no beginning there": (MORNING, service(None, "202611100830"), False),
    "a day without its time": (MORNING, service("20261110", "202611100830"), False),
    "several performers are not judged": (
        service("202611100800", "202611100900", who=f"{DOCTOR};000002/X-CCHN"),
        service("202611100815", "202611100830", who=f"{DOCTOR};000002/X-CCHN"),
        False,
    ),
}


PAIRS = [
    (name, one, two, wrong)
    for name, (first, second, wrong) in CASES.items()
    for one, two in ((first, second), (second, first))
]


@pytest.mark.parametrize(("name", "own", "other", "wrong"), PAIRS)
def test_services_at_two_facilities_overlap_or_do_not(name, own, other, wrong):
    mine = {"XML1": [VISIT], "XML3": [own | {"_sender": "01999"}]}
    assert ("X-TWO-01" in broken_across("care", mine, {"care.XML3": [other]})) is wrong


def test_a_whole_file_says_the_same_and_names_the_other_record():
    own, others = [], []
    for at, (_, one, two, _) in enumerate(PAIRS):
        mark = f"{at:03d}"  # every pair has a practitioner of its own
        own.append(_by(one, mark) | {"STT": str(at + 1)})
        others.append(_by(two, mark))
    contract = engine("care").compiled.contract
    checked = check(
        contract, reading_of(contract, XML1=[VISIT], XML3=own), received=RECEIVED, sender="01999",
        others=Elsewhere("care", {"care.XML3": others}),
    )  # fmt: skip
    found = failing(checked)["X-TWO-01"]
    assert found == [at for at, (*_, wrong) in enumerate(PAIRS) if wrong]
    named = names_of(checked.con, "XML3", range(len(PAIRS)))
    two = {
        at: [one.key for one in names]
        for (at, position), names in named.items()
        if checked.tables["XML3"].rules[position].id == "X-TWO-01"
    }
    assert two == {at: [f"care.XML3 {at}"] for at in found}


def _by(row, mark):
    return row | {"NGUOI_THUC_HIEN": row["NGUOI_THUC_HIEN"].replace("0", mark, 1)}
