"""The run of a hundred thousand dossiers, small: the whole is `python -m tests.partners.hundred_thousand`."""

from __future__ import annotations

from msgspec.structs import replace

from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.hundred_thousand import Result, run


def test_many_dossiers_through_ten_percent_of_faults(db):
    with StandIn() as standin:
        result = run(db, standin.url, 120, fail=0.1, lines=4)
        doubled = [code for code, steps in standin.memory.steps.items() if len(steps) != len({
            (step["ThoiDiemXuLy"], step["NoiDungXuLy"], step["TrangThai"]) for step in steps})]  # fmt: skip
    assert result.good, result
    assert doubled == []
    assert result.faults > 10


def test_a_run_with_anything_lost_or_doubled_is_not_good():
    well = Result(
        dossiers=2, steps=5, dossiers_there=2, steps_there=5, forms_checked=1, days_compared=1
    )
    assert well.good
    for wrong in (
        {"steps_there": 6},
        {"dossiers_there": 1},
        {"differing": 1},
        {"forms_broken": ["x"]},
        {"forms_checked": 0},
        {"days_differing": ["x"]},
    ):
        assert not replace(well, **wrong).good
