"""The technical log of servers: one JSON line per event on standard error, with names and numbers and never a value.

An error is logged as its kind and the places it went through. Its message is left out: a database or a parser may
have put a person's data into it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog


def configure(level: str = "info") -> None:
    """Log from `level` (debug, info, warning, error) on; libraries below warning are silent."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_message,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().setLevel(max(number, logging.WARNING))


def without_message(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by `error` (its kind, a Failure's code too) and `where` (file:line of each step)."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if not isinstance(error, BaseException):
        return event
    kind = type(error)
    event["error"] = f"{kind.__module__}.{kind.__qualname__}"
    if code := getattr(error, "code", None):
        event["code"] = str(code)
    if state := getattr(error, "sqlstate", None):
        event["sqlstate"] = state
    event["where"] = [
        f"{'/'.join(step.filename.rsplit('/', 2)[-2:])}:{step.lineno} {step.name}"
        for step in traceback.extract_tb(error.__traceback__)
    ]
    return event
