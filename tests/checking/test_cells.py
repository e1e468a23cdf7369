"""Which cells parse: stricter than the engine's own casts, the same in both engines, and nothing stops a file."""

from __future__ import annotations

import pytest

from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks

CELLS = {
    "integer": (
        ["0", "007", "+5", "-3", " 12 ", "9223372036854775807"],
        [
            "1.5",
            "1.0",
            "1e3",
            "0x10",
            "1_000",
            "nan",
            "",
            "abc",
            "９",
            "9223372036854775808",
            "1 2",
            "--1",
            "1,000",
        ],
    ),
    "number": (
        ["0", "1.5", "-.5", "1.", "1e3", "+2", " 3.5 ", "1E-2"],
        [
            "nan",
            "inf",
            "-Infinity",
            "1_000",
            "0x10",
            "1.234,5",
            "1,5",
            "1e400",
            "",
            "mười",
            "1e",
            "5đ",
        ],
    ),
    "date": (
        ["2026-01-31", "2024-02-29", "0001-01-01", "9999-12-31"],
        [
            "2026-02-30",
            "2026-1-5",
            "31/01/2026",
            "20260131",
            "2026-01-31 10:00",
            " 2026-01-31",
            "0000-01-01",
            "10000-01-01",
            "infinity",
            "epoch",
            "",
            "2026-13-01",
        ],
    ),
    "boolean": (["true", "FALSE", "t", "F", "1", "0"], ["yes", "2", "", "đúng", "tru"]),
    "timestamp": (
        [
            "2026-01-31 10:00",
            "2026-01-31T10:00:59",
            "2026-01-31T10:00:00.5",
            "2026-01-31T10:00:00+07:00",
        ],
        ["2026-01-31", "2026-01-31 25:00", "31/01/2026 10:00", "", "2026-02-30 10:00"],
    ),
    "time": (["10:00", "23:59:59"], ["24:30", "1000", "", "10h"]),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_parses_or_is_named(kind: str) -> None:
    right, wrong = CELLS[kind]
    contract = contract_of(
        f"  - name: t\n    properties:\n      - {{name: x, logicalType: {kind}}}\n"
    )
    rows = [{"x": cell} for cell in [*right, *wrong, None]]
    checked = checked_of(contract, t=rows)
    expected = list(range(len(right), len(right) + len(wrong)))
    assert failing(checked) == {"t.x.type": expected}
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")


def test_a_declared_form_of_dates() -> None:
    contract = contract_of(
        "  - name: t\n    properties:\n"
        "      - {name: x, logicalType: date, logicalTypeOptions: {format: dd/MM/yyyy}}\n"
    )
    rows = [
        {"x": "31/01/2026"},
        {"x": "2026-01-31"},
        {"x": "31/02/2026"},
        {"x": "1/2/2026"},
        {"x": None},
    ]
    checked = checked_of(contract, t=rows)
    assert failing(checked) == {"t.x.type": [1, 2, 3]}
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")


def test_a_broken_cell_breaks_only_its_own_rule() -> None:
    """The other rules of the column have nothing to say of a cell that does not parse; `required` sees it is there."""
    contract = contract_of(
        "  - name: t\n    properties:\n"
        "      - {name: x, logicalType: integer, required: true, logicalTypeOptions: {minimum: 5}}\n"
    )
    checked = checked_of(contract, t=[{"x": "abc"}, {"x": "4"}, {"x": None}, {"x": "5"}])
    assert failing(checked) == {"t.x.type": [0], "t.x.minimum": [1], "t.x.required": [2]}


def test_leading_zeros_of_text_stay() -> None:
    contract = contract_of(
        "  - name: t\n    properties:\n      - {name: x, logicalType: string, enum: [{value: '08'}]}\n"
    )
    assert failing(checked_of(contract, t=[{"x": "08"}, {"x": "8"}])) == {"t.x.enum": [1]}
