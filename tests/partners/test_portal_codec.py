"""What relays and generations of the Portal write is read; what we write is always the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.clock import VIETNAM
from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal import envelope, times


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_second(moment):
    moment = moment.replace(microsecond=0)
    assert times.read(times.written(moment)) == moment


def test_the_clock_has_24_hours_and_stands_in_vietnam():
    assert times.written(datetime(2026, 11, 20, 7, 30, tzinfo=UTC)) == "20261120143000"
    assert times.written(None) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261120143000", "2026-11-20T14:30:00+07:00"),
        ("202611201430", "2026-11-20T14:30:00+07:00"),
        ("20261120", "2026-11-20T00:00:00+07:00"),
        ("2026-11-20T14:30:00", "2026-11-20T14:30:00+07:00"),
        ("2026-11-20T07:30:00Z", "2026-11-20T14:30:00+07:00"),
        ("2026-11-20T14:30:00+07:00", "2026-11-20T14:30:00+07:00"),
        ("2026-11-20 14:30:00.1230000", "2026-11-20T14:30:00.123+07:00"),
        ("20261120143000+0700", "2026-11-20T14:30:00+07:00"),
        ("20261120073000Z", "2026-11-20T14:30:00+07:00"),
        ("20/11/2026", "2026-11-20T00:00:00+07:00"),
        ("3/4/2026 8:05", "2026-04-03T08:05:00+07:00"),
        ("20/11/2026 14:30:00", "2026-11-20T14:30:00+07:00"),
        ("20-11-2026, 14:30", "2026-11-20T14:30:00+07:00"),
        ("20/11/2026 02:30:00 CH", "2026-11-20T14:30:00+07:00"),
        ("20/11/2026 12:05 SA", "2026-11-20T00:05:00+07:00"),
        ("20/11/2026 12:05 PM", "2026-11-20T12:05:00+07:00"),
        ("14:30 ngày 20/11/2026", "2026-11-20T14:30:00+07:00"),
        ("14h30 20/11/2026", "2026-11-20T14:30:00+07:00"),
        ("1795159800000", "2026-11-20T14:30:00+07:00"),
        (1795159800000, "2026-11-20T14:30:00+07:00"),
        ("/Date(1795159800000+0700)/", "2026-11-20T14:30:00+07:00"),
    ],
)
def test_moments_of_relays(text, moment):
    found = times.read(text)
    assert found == datetime.fromisoformat(moment)
    assert found.utcoffset() is not None


@pytest.mark.parametrize("text", ["", "  ", None])
def test_no_moment_is_made_up(text):
    assert times.read(text) is None


@pytest.mark.parametrize(
    "text", ["2026", "20261332", "20261120250000", "11/20/2026", "13:00 CH 20/11/2026", "now"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(Refused):
        times.read(text)


@pytest.mark.parametrize(
    ("body", "code", "result"),
    [
        ({"error_code": 0, "message": "", "result": [{"A": 1}]}, 0, ({"A": 1},)),
        ({"error_code": "0", "message": "Đồng bộ thành công"}, 0, ()),
        ({"ERROR_CODE": "-3", "MESSAGE": "đã tồn tại"}, -3, ()),
        ({"error_code": 0, "result": {"A": 1}}, 0, ({"A": 1},)),
        ({"error_code": 0, "result": '[{"A": 1}]'}, 0, ({"A": 1},)),
        ({"message": json.dumps({"error_code": 1, "result": [5]})}, 1, (5,)),
        (json.dumps(json.dumps({"error_code": 0, "result": [7]})), 0, (7,)),
        ([{"A": 1}], 0, ({"A": 1},)),
        ({"message": "?"}, None, ()),
        ({"error_code": "abc"}, None, ()),
        ({"error_code": 0, "result": None}, 0, ()),
    ],
)
def test_every_known_form_of_an_answer_is_read(body, code, result):
    found = envelope.read(json.dumps(body).encode())
    assert (found.code, found.result) == (code, result)


@pytest.mark.parametrize("content", [b"", b"<html>502</html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_is_not_taken_for_an_answer(content):
    with pytest.raises(Unavailable):
        envelope.read(content)


def test_scalars_travel_as_text_and_nothing_is_sent_for_none():
    sent = json.loads(
        envelope.write(
            "DongBoHoSoMC",
            "s",
            "G18",
            {"isUpdating": False, "data": [{"MaHoSo": "x", "Gia": 430000, "NgayTra": None}]},
        )
    )
    assert sent == {
        "session": "s", "madonvi": "G18", "service": "DongBoHoSoMC", "isUpdating": "False",
        "data": [{"MaHoSo": "x", "Gia": "430000"}],
    }  # fmt: skip


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_no_answer_breaks_the_reader(body):
    envelope.read(json.dumps(body).encode())


def test_a_day_has_86400_different_moments():
    start = datetime(2026, 11, 20, tzinfo=VIETNAM)
    hours = {times.written(start + timedelta(hours=hour)) for hour in range(24)}
    assert len(hours) == 24
