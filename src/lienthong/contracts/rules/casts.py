"""Text to typed values, softly: a cell that does not parse becomes NULL and is named, and stops nothing.

Stricter than DuckDB's own TRY_CAST, which takes '1.5' for the integer 2, and reads 'nan', '0x10' and '1_000'.
The same grammar in Python stands in `python_casts`.
"""

from __future__ import annotations

import re

INTEGER = r"[ ]*[+-]?[0-9]+[ ]*"
TEXT_PREFIX = "_t_"
"""Before the name of a column that is not text: the cell as it was sent."""

TRUE_WORDS = ("true", "t", "1")
FALSE_WORDS = ("false", "f", "0")

SQL_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
}
"""Logical type to the type over which predicates run."""

_LETTERS = {
    **dict.fromkeys(("yyyy", "uuuu", "YYYY", "y", "u"), "%Y"),
    **{"yy": "%y", "uu": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B"},
    **{"dd": "%d", "DD": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I"},
    **{"mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "a": "%p"},
}
"""Letters of Java's DateTimeFormatter, which ODCS names, and the capitals that many write for them."""
_PIECES = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z']+")
_ISO_NAMES = ("iso", "iso8601", "iso 8601", "date", "date-time", "datetime", "time")
_ISO_FORM = re.compile(
    r"(?:(?:yyyy|uuuu|YYYY)-MM-(?:dd|DD)(?:T|'T'| ))?HH:mm(?::ss)?"
    r"(?:\.S+(?:X{1,3}|Z{1,5}|z|'Z'|Z)?|X{1,3}|Z{1,5}|z)"
)


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever its letters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def strptime_format(kind: str, declared: str | None) -> str | None:
    """A declared form (`dd/MM/yyyy`, `%d/%m/%Y`) of a date or time for STRPTIME; None for ISO, none, or unknown."""
    if kind not in ("date", "timestamp", "time") or not declared or declared.lower() in _ISO_NAMES:
        return None
    if "%" in declared:
        return declared
    if _ISO_FORM.fullmatch(declared):
        # Parts of a second and offsets are read as ISO has them.
        return None
    made = _translated(declared)
    return made if made not in ("%Y-%m-%d",) else None


def spellings(made: str) -> tuple[str, ...]:
    """How a form may be written: `d/M/yyyy` with or without the zeros in front."""
    return tuple(dict.fromkeys((made, made.replace("%-", "%"))))


def is_known_form(kind: str, declared: str | None) -> bool:
    """Whether a declared form can be read: one that cannot leaves nobody to say whether a cell has it."""
    if kind not in ("date", "timestamp", "time") or not declared:
        return True
    plain = declared.lower() in _ISO_NAMES or "%" in declared or _ISO_FORM.fullmatch(declared)
    return bool(plain) or _translated(declared) is not None


def _translated(declared: str) -> str | None:
    """A form in the letters of Java for STRPTIME; None when a letter of it is not known."""
    made = ""
    for piece in (found.group() for found in _PIECES.finditer(declared)):
        if piece.startswith("'"):
            made += piece[1:-1] or "'"
        elif not piece[0].isalpha() or piece in ("T", "Z"):
            made += piece
        elif piece in _LETTERS:
            made += _LETTERS[piece]
        else:
            return None
    return made if "%" in made else None


def from_text(kind: str, text: str, declared: str | None = None) -> str:
    """SQL that reads the text expression as the logical type, NULL when it does not parse.

    Cheap comparisons come first; regular expressions only see what is left.
    """
    made = strptime_format(kind, declared)
    if made:
        parsed = f"TRY_STRPTIME({text}, {literal(made)})"
        written = " OR ".join(f"STRFTIME({parsed}, {literal(w)}) = {text}" for w in spellings(made))
        return f"CAST(CASE WHEN {written} THEN {parsed} END AS {SQL_TYPES[kind]})"
    return _READERS[kind](text)


def _string(text: str) -> str:
    return text


def _integer(text: str) -> str:
    cast = f"TRY_CAST({text} AS BIGINT)"
    return (
        f"CASE WHEN CAST({cast} AS VARCHAR) = {text} THEN {cast}"
        f" WHEN REGEXP_FULL_MATCH({text}, {literal(INTEGER)}) THEN {cast} END"
    )


def _number(text: str) -> str:
    cast = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN ISFINITE({cast}) AND NOT CONTAINS({text}, '_') THEN {cast} END"


def _boolean(text: str) -> str:
    yes, no = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
    return (
        f"CASE WHEN LOWER({text}) IN ({yes}) THEN TRUE WHEN LOWER({text}) IN ({no}) THEN FALSE END"
    )


def _date(text: str) -> str:
    return (
        f"CASE WHEN LENGTH({text}) = 10 AND {text} >= '0001' AND SUBSTR({text}, 5, 1) = '-'"
        f" AND SUBSTR({text}, 8, 1) = '-' THEN TRY_CAST({text} AS DATE) END"
    )


def _timestamp(text: str) -> str:
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    zone = r"(Z|[+-][0-9]{2}:[0-9]{2})"
    full = f"TRY_CAST({text} AS TIMESTAMP)"
    zoned = f"TRY_CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return (
        f"CASE WHEN REGEXP_FULL_MATCH({text}, {literal(form)}) THEN {full}"
        f" WHEN REGEXP_FULL_MATCH({text}, {literal(form + zone)}) THEN {zoned} END"
    )


def _time(text: str) -> str:
    form = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    return f"CASE WHEN REGEXP_FULL_MATCH({text}, {literal(form)}) THEN TRY_CAST({text} AS TIME) END"


_READERS = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
}

_NATIVE = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "number": (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "HUGEINT",
        "UHUGEINT",
        "DECIMAL",
    ),
    "boolean": ("BOOLEAN",),
    "date": (
        "DATE",
        "TIMESTAMP",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMPTZ_NS",
    ),
    "timestamp": (
        "TIMESTAMP",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "DATE",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMPTZ_NS",
    ),
    "time": ("TIME",),
}


def from_native(kind: str, column: str, native: str, declared: str | None = None) -> str:
    """SQL that reads a column of a typed file (Parquet) as the logical type; `native` is DuckDB's type of it."""
    word = native.split("(")[0].strip().upper()
    if word == "VARCHAR":
        return from_text(kind, column, declared)
    if kind == "string":
        return f"CAST({column} AS VARCHAR)"
    if word in ("FLOAT", "DOUBLE") and kind == "number":
        return f"CASE WHEN ISFINITE({column}) THEN CAST({column} AS DOUBLE) END"
    if word in ("FLOAT", "DOUBLE", "DECIMAL") and kind == "integer":
        return f"CASE WHEN {column} = FLOOR({column}) THEN TRY_CAST({column} AS BIGINT) END"
    if word == "TIMESTAMPTZ_NS":
        column = f"CAST({column} AS TIMESTAMPTZ)"  # the engine has no other way from it
    if word in _NATIVE.get(kind, ()):
        return f"CAST({column} AS {SQL_TYPES[kind]})"
    return from_text(kind, f"CAST({column} AS VARCHAR)", declared)


SOFT_MACROS = {
    "BIGINT": "soft_integer",
    "DOUBLE": "soft_number",
    "DATE": "soft_date",
    "TIMESTAMP": "soft_timestamp",
    "BOOLEAN": "soft_boolean",
}
"""Casts of text inside predicates are as strict as those of cells; `macros` makes these functions."""


def macros() -> list[str]:
    """Statements that make the functions predicates call."""
    kinds = ("integer", "number", "date", "timestamp", "boolean")
    return [f"CREATE OR REPLACE MACRO soft_{kind}(t_) AS {from_text(kind, 't_')}" for kind in kinds]
