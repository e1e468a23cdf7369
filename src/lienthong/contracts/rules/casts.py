"""Text to typed values, softly: a cell that does not parse becomes NULL and is named, and stops nothing.

Stricter than DuckDB's own TRY_CAST, which takes '1.5' for the integer 2, and reads 'nan', '0x10' and '1_000'.
The same grammar in Python stands in `python_casts`.
"""

from __future__ import annotations

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

_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever its letters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def strptime_format(declared: str | None) -> str | None:
    """A declared form (`dd/MM/yyyy`, `%d/%m/%Y`) for STRPTIME; None for ISO or none."""
    if not declared or declared.lower() in (
        "iso",
        "iso8601",
        "iso 8601",
        "date",
        "date-time",
        "time",
    ):
        return None
    if "%" in declared:
        return declared
    made = declared
    for letters, code in _LETTERS.items():
        made = made.replace(letters, code)
    made = made.replace("'", "")
    return made if "%" in made and made not in ("%Y-%m-%d",) else None


def from_text(kind: str, text: str, declared: str | None = None) -> str:
    """SQL that reads the text expression as the logical type, NULL when it does not parse.

    Cheap comparisons come first; regular expressions only see what is left.
    """
    made = strptime_format(declared) if kind in ("date", "timestamp", "time") else None
    if made:
        parsed = f"TRY_STRPTIME({text}, {literal(made)})"
        return (
            f"CAST(CASE WHEN STRFTIME({parsed}, {literal(made)}) = {text} THEN {parsed} END"
            f" AS {SQL_TYPES[kind]})"
        )
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
    "date": ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
    "timestamp": (
        "TIMESTAMP",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "DATE",
        "TIMESTAMP WITH TIME ZONE",
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
    if word in ("FLOAT", "DOUBLE"):
        if kind == "number":
            return f"CASE WHEN ISFINITE({column}) THEN CAST({column} AS DOUBLE) END"
        if kind == "integer":
            return f"CASE WHEN {column} = FLOOR({column}) THEN TRY_CAST({column} AS BIGINT) END"
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
