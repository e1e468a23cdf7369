"""When the event of a record happened, read from the field that its contract names.

A field that gives only a day counts from the beginning of that day in Vietnam; whatever cannot be read is unknown.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from lienthong.contracts.contract import Field, Table
from lienthong.contracts.rules.casts import quoted

_EAST = timezone(timedelta(hours=7))
_LEAST, _MOST = date(1900, 1, 1), date(2200, 1, 1)


def event_field(table: Table) -> Field | None:
    """The field of a table that says when it happened."""
    return table.field(table.event) if table.event else None


def event_sql(table: Table, alias: str) -> str:
    """DuckDB: microseconds since 1970 UTC of the event of a typed row, NULL when it does not say."""
    field = event_field(table)
    if field is None or field.type not in ("string", "date", "timestamp"):
        return "NULL::BIGINT"
    cell = f"{alias}.{quoted(field.name)}"
    moment = f"CAST({cell} AS TIMESTAMP)"
    if field.type == "string":
        moment = (
            f"CASE length({cell}) WHEN 12 THEN TRY_STRPTIME({cell}, '%Y%m%d%H%M')"
            f" WHEN 14 THEN TRY_STRPTIME({cell}, '%Y%m%d%H%M%S')"
            f" WHEN 8 THEN TRY_STRPTIME({cell}, '%Y%m%d') END"
        )
    return (
        f"CASE WHEN {moment} >= TIMESTAMP '{_LEAST}' AND {moment} < TIMESTAMP '{_MOST}'"
        f" THEN epoch_us({moment} - INTERVAL 7 HOUR) END"
    )


def event_of(field: Field | None, value: Any) -> int | None:
    """The same for one typed value."""
    moment = _moment(value) if field is not None else None
    if moment is None or not _LEAST <= moment.date() < _MOST:
        return None
    return round(moment.replace(tzinfo=_EAST).astimezone(UTC).timestamp() * 1_000_000)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        return None
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(value))
    try:
        return datetime.strptime(value, form) if form else None  # noqa: DTZ007 Vietnam's clocks
    except ValueError:
        return None
