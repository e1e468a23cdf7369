"""Dates in the forms that contracts declare: the letters of Java's DateTimeFormatter, which ODCS names, and ISO."""

from __future__ import annotations

import pytest

from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks


def dated(kind: str, form: str) -> str:
    options = '{format: "' + form + '"}'
    return f"  - name: t\n    properties: [{{name: a, logicalType: {kind}, logicalTypeOptions: {options}}}]\n"


@pytest.mark.parametrize(
    ("kind", "form", "right", "wrong"),
    [
        ("date", "dd/MM/yyyy", "02/01/2026", "2/1/2026"),
        ("date", "d/M/yyyy", "2/1/2026", "2026-01-02"),
        ("date", "d/M/yyyy", "02/01/2026", "2/13/2026"),
        ("date", "yyyyMMdd", "20260102", "2026-01-02"),
        ("date", "YYYY-MM-DD", "2026-01-02", "02/01/2026"),
        ("date", "dd-MMM-yyyy", "02-Jan-2026", "02-01-2026"),
        ("date", "yy/MM/dd", "26/01/02", "2026/01/02"),
        ("timestamp", "yyyy-MM-dd HH:mm:ss.SSS", "2026-01-02 03:04:05.123", "2026-01-02"),
        ("timestamp", "yyyy-MM-dd'T'HH:mm:ssXXX", "2026-01-02T03:04:05+07:00", "2026-01-02"),
        ("timestamp", "yyyy-MM-dd'T'HH:mm:ss'Z'", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("timestamp", "dd/MM/yyyy hh:mm a", "02/01/2026 03:04 PM", "02/01/2026 15:04"),
        ("time", "H:mm", "3:05", "3h05"),
        ("time", "HH:mm:ss.SSS", "03:04:05.678", "3:4"),
    ],
)
def test_a_declared_form_is_read_and_no_other(kind: str, form: str, right: str, wrong: str) -> None:
    contract = contract_of(dated(kind, form))
    rows = [{"a": right}, {"a": wrong}, {"a": "rubbish"}, {"a": None}]
    checked = checked_of(contract, t=rows)
    assert failing(checked) == {"t.a.type": [1, 2]}
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")


@pytest.mark.parametrize("form", ["EEE d MMM", "dd/MM/yyyy HH:mm z", "yyyy-DDD-ww"])
def test_a_form_that_nobody_can_read_is_red_and_accuses_no_cell(form: str) -> None:
    checked = checked_of(contract_of(dated("date", form)), t=[{"a": "x"}])
    assert failing(checked) == {}
    assert [(one.rule.id, form in one.broken) for one in checked.broken()] == [("t.a.type", True)]
