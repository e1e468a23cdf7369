"""The technical log names what went wrong and never says whose data it was."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from lienthong import logs
from lienthong.errors import Refused


@pytest.fixture
def written(capsys):
    root = logging.getLogger()
    before = root.level
    logs.configure("info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    root.setLevel(before)


def test_an_error_is_logged_without_its_message(written):
    try:
        raise ValueError("could not parse 'Đặng Thị Hai 001185000123'")
    except ValueError:
        structlog.get_logger().error("request.failed", route="/x", exc_info=True)
    (line,) = written()
    assert line["event"] == "request.failed"
    assert line["error"] == "builtins.ValueError"
    assert line["where"][-1].startswith("platform/test_logs.py:")
    assert "Hai" not in json.dumps(line)


def test_a_failure_is_known_by_its_code_and_a_database_error_by_its_state(written, connection):
    import psycopg

    log = structlog.get_logger()
    log.warning("one", exc_info=Refused("x.y", "Name %(name)s", name="Hai"))
    with pytest.raises(psycopg.Error) as wrong:
        connection.execute("SELECT 'Hai'::int")
    log.warning("two", exc_info=wrong.value)
    one, two = written()
    assert one["code"] == "x.y"
    assert two["sqlstate"] == "22P02"
    assert "Hai" not in json.dumps([one, two])


def test_what_is_below_the_level_is_silent(written):
    structlog.get_logger().debug("fine")
    structlog.get_logger().info("shown")
    assert [line["event"] for line in written()] == ["shown"]
