"""A failure keeps its kind, code and places wherever it travels."""

from __future__ import annotations

import pickle

import pytest

from lienthong.errors import Conflict, Failure, NotAllowed, NotFound, Refused, Unavailable


@pytest.mark.parametrize("kind", [Refused, NotAllowed, NotFound, Conflict, Unavailable])
def test_a_failure_travels_between_processes(kind: type[Failure]) -> None:
    sent = kind("x.y", "No '%(name)s' here.", name="care")
    got = pickle.loads(pickle.dumps(sent))
    assert type(got) is kind
    assert (got.code, got.message, got.details, str(got)) == (
        "x.y",
        "No '%(name)s' here.",
        {"name": "care"},
        "No 'care' here.",
    )
