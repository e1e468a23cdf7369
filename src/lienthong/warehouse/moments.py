"""Moments before receipt (AGO) for many receipts at once: a small table by the minute in which they were given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa

from lienthong.records.checking.moments import ago
from lienthong.warehouse.questions import Question

MINUTE = "_minute"
KINDS = {"date": pa.date32(), "timestamp": pa.timestamp("us")}


def marker(asked: tuple[int, str, str]) -> str:
    """How a moment stands in compiled SQL."""
    count, unit, form = asked
    return f"'{{ago:{count}:{unit}:{form}}}'"


def column(at: int) -> str:
    """The column of the nth moment of a question."""
    return f"_ago{at}"


def table(question: Question, minutes: Iterable[int]) -> pa.Table:
    """(`_minute`, `_ago0` ...) for the minutes (since 1970) in which rows were received."""
    received = sorted(minutes)
    moments = [datetime.fromtimestamp(minute * 60, UTC) for minute in received]
    columns: dict[str, pa.Array] = {MINUTE: pa.array(received, pa.int64())}
    for at, (count, unit, form) in enumerate(question.agos):
        texts = [ago(one, count, unit, form) for one in moments]
        made = pa.array(texts, pa.string())
        columns[column(at)] = made.cast(KINDS.get(form, pa.string()))
    return pa.table(columns)


def named(sql: str, question: Question) -> str:
    """SQL with its markers replaced by the columns of `table`."""
    for at, asked in enumerate(question.agos):
        sql = sql.replace(marker(asked), f'"{column(at)}"')
    return sql
