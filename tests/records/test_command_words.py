"""What the receipt of a command says of the time that a file took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.records.command import _seconds

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "said"),
    [(timedelta(seconds=1.24), "1,2"), (timedelta(days=27), ""), (None, "")],
)
def test_only_work_is_told_and_no_waiting(spent, said, monkeypatch):
    """A receipt of an invented month, or one that waited for its store, does not say millions of seconds."""
    monkeypatch.setenv("LIENTHONG_LANGUAGE", "vi")
    told = _seconds(AT, None if spent is None else AT + spent)
    assert (said in told) if said else told == ""
