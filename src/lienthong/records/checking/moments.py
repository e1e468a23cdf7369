"""AGO: the moment so much time before the receipt, written as the field that is compared with it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from lienthong import clock

FORMS = {
    "datetime12": "%Y%m%d%H%M",
    "date8": "%Y%m%d",
    "timestamp": "%Y-%m-%d %H:%M:%S",
    "date": "%Y-%m-%d",
}


def ago(received: datetime, count: int, unit: str, form: str) -> str:
    """The moment `count` `unit`s before `received` (aware), on Vietnam's clocks, as text.

    Working hours and days follow the calendar of `clock` (holidays and swapped days).
    """
    moment = (
        clock.local(clock.ago(received, count, cast(clock.Unit, unit)))
        if count
        else clock.local(received)
    )
    return moment.strftime(FORMS[form])


def fill(sql: str, agos: tuple[tuple[int, str, str], ...], received: datetime) -> str:
    """The SQL with its AGO markers replaced by the moments of this receipt."""
    for count, unit, form in agos:
        marker = f"'{{ago:{count}:{unit}:{form}}}'"
        text = f"'{ago(received, count, unit, form)}'"
        if form in ("date", "timestamp"):
            text = f"CAST({text} AS {form.upper()})"
        sql = sql.replace(marker, text)
    return sql
