"""Everything that can be wrong with a file, each kind with its rule, its weight and its sentences.

The envelope kinds (ENV-..) follow letter 3190/BHXH-CNTT; FILE-.. are ours, for tables. Codes from FILE-20 on
refuse a file as a whole (errors.Refused).
"""

from __future__ import annotations

import msgspec

from lienthong.findings import Criterion, Severity


class Kind(msgspec.Struct, frozen=True):
    """One thing that can be wrong with a file. `sentence` and `remedy` are gettext message ids."""

    code: str
    rule: str
    criterion: Criterion
    severity: Severity
    sentence: str
    remedy: str


def _kinds(*kinds: tuple[str, str, Criterion, Severity, str, str]) -> dict[str, Kind]:
    return {kind[0]: Kind(*kind) for kind in kinds}


_CORRECT, _SUFFICIENT, _CLEAN = Criterion.CORRECT, Criterion.SUFFICIENT, Criterion.CLEAN
_ERROR, _WARNING, _INFORMATION = Severity.ERROR, Severity.WARNING, Severity.INFORMATION

KINDS: dict[str, Kind] = _kinds(
    # The envelope (letter 3190/BHXH-CNTT; rules ENV-01..ENV-11).
    (
        "envelope-truncated",
        "ENV-01",
        _CORRECT,
        _WARNING,
        "The file ends before its envelope is closed; %(units)s complete HOSO were read.",
        "Send the whole file again.",
    ),
    (
        "envelope-broken",
        "ENV-01",
        _CORRECT,
        _WARNING,
        "The envelope around the HOSO is not well-formed XML (line %(line)s).",
        "Let the program write the envelope with an XML library, not by joining text.",
    ),
    (
        "hoso-broken",
        "ENV-01",
        _CORRECT,
        _ERROR,
        "This HOSO is not well-formed XML (line %(line)s of the HOSO); nothing of it could be read.",
        "Write the HOSO again with an XML library and send it once more.",
    ),
    (
        "encoding-differs",
        "ENV-01",
        _CORRECT,
        _WARNING,
        "The text is written in %(found)s although it declares %(declared)s.",
        "Save the text as UTF-8 and declare UTF-8.",
    ),
    (
        "type-unknown",
        "ENV-05",
        _CORRECT,
        _ERROR,
        "LOAIHOSO %(label)s is not one of the types that travel in the envelope.",
        "Use XML1 to XML11, XML13, XML14 or XML15.",
    ),
    (
        "part-unread",
        "ENV-11",
        _SUFFICIENT,
        _INFORMATION,
        "Part %(label)s was not read: the names of its elements are not public.",
        "Send what it holds as a table (CSV, JSON lines or a sheet) until the contract knows the names.",
    ),
    (
        "type-repeated",
        "ENV-05",
        _CORRECT,
        _ERROR,
        "%(label)s stands %(count)s times in this HOSO.",
        "Put all rows of one type in one FILEHOSO.",
    ),
    (
        "summary-missing",
        "ENV-05",
        _CORRECT,
        _ERROR,
        "This HOSO has no %(label)s.",
        "Every HOSO needs exactly one summary of the visit.",
    ),
    (
        "content-missing",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "NOIDUNGFILE of %(label)s is empty.",
        "Leave the FILEHOSO out or fill it.",
    ),
    (
        "base64-broken",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "NOIDUNGFILE of %(label)s is not valid base64.",
        "Encode the whole inner document with standard base64.",
    ),
    (
        "inner-unencoded",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "NOIDUNGFILE of %(label)s holds XML that is not encoded in base64.",
        "Encode the inner document in base64.",
    ),
    (
        "inner-broken",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "The inner document of %(label)s is not well-formed XML (line %(line)s).",
        "Write the inner document with an XML library and send the HOSO again.",
    ),
    (
        "inner-refused",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "The inner document of %(label)s declares a DOCTYPE or an entity, which is refused.",
        "Remove the DOCTYPE.",
    ),
    (
        "inner-too-big",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "The inner document of %(label)s is larger than %(limit)s bytes.",
        "Split the visit or ask the receiver to raise the limit.",
    ),
    (
        "root-unknown",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "The root element %(root)s of %(label)s is not known to this contract.",
        "Check which decision the program follows.",
    ),
    (
        "label-differs",
        "ENV-06",
        _CORRECT,
        _ERROR,
        "LOAIHOSO says %(label)s but the document inside is %(table)s.",
        "Set LOAIHOSO to the type of the document.",
    ),
    (
        "name-unknown",
        "ENV-07",
        _SUFFICIENT,
        _WARNING,
        "Element %(name)s is not known in %(table)s (%(count)s times); its value was not read.",
        "Compare the element with the structure in force.",
    ),
    (
        "name-missing",
        "ENV-07",
        _SUFFICIENT,
        _WARNING,
        "%(count)s rows of %(table)s lack elements that must be there even when empty: %(names)s.",
        "Send an empty element when there is no value.",
    ),
    (
        "name-repeated",
        "ENV-07",
        _CLEAN,
        _ERROR,
        "Element %(name)s stands more than once in this row; the first value was read.",
        "Send each element once.",
    ),
    (
        "text-outside",
        "ENV-07",
        _SUFFICIENT,
        _WARNING,
        "%(table)s has text outside its elements (%(count)s times); it was not read.",
        "Put every value inside its element.",
    ),
    (
        "signature-absent",
        "ENV-08",
        _CORRECT,
        _WARNING,
        "The file is not signed: it has no CHUKYDONVI.",
        "Sign the file with the facility's certificate.",
    ),
    (
        "signature-empty",
        "ENV-08",
        _CORRECT,
        _WARNING,
        "The file is not signed: CHUKYDONVI is empty.",
        "Sign the file with the facility's certificate.",
    ),
    (
        "signature-invalid",
        "ENV-08",
        _CORRECT,
        _ERROR,
        "The signature in CHUKYDONVI does not match the file.",
        "Sign after the last change and send the signed file unchanged.",
    ),
    (
        "signature-stranger",
        "ENV-08",
        _CORRECT,
        _WARNING,
        "The file is signed with a certificate that the receiver does not know.",
        "Send the certificate of the facility to the receiver.",
    ),
    (
        "signature-expired",
        "ENV-08",
        _CORRECT,
        _ERROR,
        "The certificate was valid from %(first)s to %(last)s; the file was made on %(made)s.",
        "Sign with a certificate that is valid on the day of the file.",
    ),
    (
        "signature-other-facility",
        "ENV-08",
        _CORRECT,
        _ERROR,
        "The certificate is that of %(named)s; the file is of facility %(facility)s.",
        "Sign with the facility's own certificate.",
    ),
    (
        "signature-nameless",
        "ENV-08",
        _CORRECT,
        _INFORMATION,
        "The certificate names no facility, so nobody can say whether it is that of %(facility)s.",
        "Have the facility's code written into the subject of its certificate.",
    ),
    (
        "signature-too-large",
        "ENV-08",
        _CORRECT,
        _WARNING,
        "The file is larger than %(limit)s bytes; its signature was not verified.",
        "Send fewer HOSO in one file.",
    ),
    # Tables: CSV, spreadsheets, JSON lines, Parquet.
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
)
"""Every kind of fault by its code. A code is never reused for another meaning."""
