"""What can be wrong with a table: CSV, spreadsheets, JSON lines, Parquet. The codes FILE-.. are ours."""

from __future__ import annotations

from lienthong.findings import Criterion, Severity
from lienthong.records.formats.kind import Kind, kinds

_CORRECT, _SUFFICIENT, _CLEAN = Criterion.CORRECT, Criterion.SUFFICIENT, Criterion.CLEAN
_ERROR, _WARNING, _INFORMATION = Severity.ERROR, Severity.WARNING, Severity.INFORMATION

TABLE_KINDS: dict[str, Kind] = kinds(
    (
        "row-short",
        "FILE-01",
        _CORRECT,
        _ERROR,
        "The row has %(found)s cells instead of %(expected)s; the missing ones were taken as empty.",
        "Write every cell of the row, also the empty ones.",
    ),
    (
        "row-long",
        "FILE-02",
        _CORRECT,
        _ERROR,
        "The row has %(found)s cells instead of %(expected)s; the cells beyond the header were not read.",
        "Put cells that contain the separator in quotes.",
    ),
    (
        "quote-broken",
        "FILE-03",
        _CORRECT,
        _ERROR,
        "The row has a quotation mark that is not closed or not doubled.",
        "Double each quotation mark inside a quoted cell.",
    ),
    (
        "bytes-broken",
        "FILE-04",
        _CORRECT,
        _ERROR,
        "The row has bytes that are not %(encoding)s; they were replaced by a question mark sign.",
        "Save the file again as UTF-8.",
    ),
    (
        "nul-removed",
        "FILE-05",
        _CORRECT,
        _ERROR,
        "The row has NUL characters; they were removed.",
        "Find out which program wrote them; the file may be damaged.",
    ),
    (
        "header-repeated",
        "FILE-06",
        _CLEAN,
        _WARNING,
        "Column %(name)s stands more than once in the header; the first one was read.",
        "Name each column once.",
    ),
    (
        "column-unknown",
        "FILE-07",
        _SUFFICIENT,
        _INFORMATION,
        "Column %(name)s is not known in %(table)s; it was not checked.",
        "Compare the column with the contract.",
    ),
    (
        "column-missing",
        "FILE-08",
        _SUFFICIENT,
        _WARNING,
        "Column %(name)s of %(table)s is not in the file.",
        "Add the column, empty where there is no value.",
    ),
    (
        "file-empty",
        "FILE-09",
        _SUFFICIENT,
        _WARNING,
        "The file of %(table)s holds no rows.",
        "Check that the export has finished.",
    ),
    (
        "line-broken",
        "FILE-10",
        _CORRECT,
        _ERROR,
        "Line %(line)s is not one JSON object.",
        "Write one JSON object on each line.",
    ),
    (
        "name-twice",
        "FILE-11",
        _CLEAN,
        _ERROR,
        "The name %(name)s stands more than once in this object; the last value was read.",
        "Name each value once.",
    ),
    (
        "encoding-assumed",
        "FILE-12",
        _CORRECT,
        _INFORMATION,
        "The text was read as %(encoding)s.",
        "Save the file as UTF-8.",
    ),
    (
        "faults-counted",
        "FILE-13",
        _CORRECT,
        _WARNING,
        "%(count)s more faults of the kind %(kind)s were counted but not listed.",
        "Mend the listed ones first; they usually have one cause.",
    ),
    (
        "sheet-ignored",
        "FILE-14",
        _SUFFICIENT,
        _INFORMATION,
        "Sheet %(name)s is no table of this contract; it was not read.",
        "Name each sheet after its table.",
    ),
    (
        "file-ignored",
        "FILE-15",
        _SUFFICIENT,
        _WARNING,
        "File %(name)s is no table of this contract; it was not read.",
        "Name the file after its table, or take it out of the folder.",
    ),
    (
        "rows-blank",
        "FILE-16",
        _CLEAN,
        _INFORMATION,
        "Blank rows were left out: %(rows)s.",
        "Nothing need be done; rows after them keep the numbers that your sheet shows.",
    ),
)
"""Kinds of faults of tables by their code. A code is never reused for another meaning."""
