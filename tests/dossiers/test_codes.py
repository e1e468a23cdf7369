"""Numbers of dossiers: without gaps, without repeats, whoever asks at once; read as others write them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.dossiers import codes
from lienthong.errors import Refused

DAY = date(2026, 11, 20)


def test_units_and_days_count_by_themselves(db):
    with db.connect() as conn:
        given = [
            codes.issue(conn, unit, day, central=False)
            for unit, day in [
                ("H15.50", DAY),
                ("H15.50", DAY),
                ("H15.51", DAY),
                ("H15.50", date(2026, 11, 21)),
            ]
        ]
        conn.rollback()
    assert given == [
        "H15.50-261120-0001",
        "H15.50-261120-0002",
        "H15.51-261120-0001",
        "H15.50-261121-0001",
    ]


def test_the_central_system_says_which_ministry(db):
    with db.connect() as conn:
        code = codes.issue(conn, "G18.12", DAY, central=True)
        conn.rollback()
    assert code == "G18.12-261120-180001"
    assert codes.parse(code).central


def test_after_9999_the_serial_grows():
    assert codes.written("H15.50", DAY, 10_000, central=False) == "H15.50-261120-10000"
    assert codes.parse("H15.50-261120-10000").serial == "10000"


def test_many_at_once_get_each_number_once_and_rolled_back_ones_again(db):
    def one(at: int) -> str | None:
        with db.connect() as conn:
            code = codes.issue(conn, "H77.01", DAY, central=False)
            if at % 3 == 0:
                conn.rollback()
                return None
            conn.commit()
            return code

    with ThreadPoolExecutor(8) as pool:
        given = [code for code in pool.map(one, range(90)) if code]
    assert sorted(given) == [codes.written("H77.01", DAY, n, central=False) for n in range(1, 61)]


@given(st.from_regex(codes.UNIT, fullmatch=True), st.dates(date(2020, 1, 1), date(2099, 12, 31)),
       st.integers(1, 99_999), st.booleans())  # fmt: skip
def test_what_is_written_is_read_again(unit, day, serial, central):
    code = codes.written(unit, day, serial, central=central)
    found = codes.parse(code)
    assert (found.unit, found.day) == (unit, day)
    assert int(found.serial) == int(f"{codes.MINISTRY}{serial:04d}") if central else serial


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H15",
        "H15-261320-0001",
        "H15-261120-001",
        "H15-261120-00000001",
        "h15-261120-0001",
        "H15 261120 0001",
    ],
)
def test_what_is_no_code_is_refused(text):
    with pytest.raises(Refused):
        codes.parse(text)


def test_an_old_style_agency_is_read():
    assert codes.parse("000.00.00.G18-261120-0001").unit == "000.00.00.G18"
