"""A plausible value for a required field that nobody told the generator about: a new field needs no code here."""

from __future__ import annotations

from collections.abc import Mapping

from lienthong.contracts.contract import Field

DAY, MOMENT = "20260105", "202601050800"
_BY_FORMAT = {
    "date8": DAY,
    "date8_or_datetime12": DAY,
    "datetime12": MOMENT,
    "birth8": "19800105",
    "birth12": "198001050000",
}
_BY_TYPE = {
    "integer": "1",
    "number": "1",
    "boolean": "true",
    "date": "2026-01-05",
    "timestamp": "2026-01-05T08:00:00+07:00",
}


def cell(field: Field, row: Mapping[str, str]) -> str:
    """What the row says of a field; a required field of which it does not speak at all is made up, others are empty."""
    if field.name in row:
        return row[field.name] or ""
    return made_up(field) if field.required else ""


def made_up(field: Field) -> str:
    """A value that keeps the field's closed list, format, type, bounds and lengths (not its pattern)."""
    if field.values:
        return field.values[0].value
    if field.examples:
        return field.examples[0]
    if field.format in _BY_FORMAT:
        return _BY_FORMAT[field.format]
    if field.type in ("integer", "number") and field.minimum is not None:
        return str(field.minimum)
    if field.type in _BY_TYPE:
        return _BY_TYPE[field.type]
    text = "mẫu".ljust(field.min_length or 0, "u")
    return text[: field.max_length or None]
