"""A sender's worklist as a file: its tickets and the records that hold them open, for people (XLSX) and programs (CSV).

Cells quote what strangers sent, so none may begin a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import psycopg

from lienthong import clock, words
from lienthong.contracts.contract import Contract
from lienthong.findings import Text
from lienthong.quality.tickets import rules
from lienthong.quality.tickets.correction import correction
from lienthong.quality.tickets.holders import Holder
from lienthong.quality.tickets.rules import Cause
from lienthong.quality.tickets.ticket import Group, Ticket
from lienthong.records.intake import faults as reasons
from lienthong.words import say

MOST_RECORDS = 20_000
"""Records of all tickets in one file; what is beyond is fetched ticket by ticket."""

Said = tuple[Text, Text]
"""Sentence and remedy."""

TICKET_HEADS = (
    "Ticket", "Database", "Table", "Rule", "Field", "What is wrong", "What to do", "Sender", "Province", "Red alert",
    "Open rows", "Most rows", "Opened on", "State", "Owed next", "Last day", "Working days late", "Told", "Cause",
    "Plan",
)  # fmt: skip
RECORD_HEADS = (
    "Ticket",
    "Database",
    "Table",
    "Rule",
    "Field",
    "Key",
    "Row",
    "Standing",
    "Receipt",
    "Since",
    "Against",
)

Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]
"""Name, heads and rows of one sheet, in the reader's language."""


def sayings(conn: psycopg.Connection[Any], those: Iterable[Ticket | Group]) -> dict[Cause, Said]:
    """What the rules of tickets say and how to mend it, by cause."""
    causes = {one.cause_key for one in those}
    known = rules.said(conn, causes)
    return {
        cause: (known[cause].sentence, known[cause].remedy)
        if cause in known
        else (reasons.general(cause[2].partition("|")[0]), {})
        for cause in causes
    }


def state_word(one: Ticket, language: str) -> str:
    """The state of a ticket in words."""
    return {
        "open": say("waits for a plan", language),
        "planned": say("being corrected", language),
        "closed": say("closed", language),
    }[one.state]


def stage_word(one: Ticket, language: str) -> str:
    """What is owed next, in words."""
    return {
        "plan": say("cause and plan", language),
        "mend": say("corrected and sent again", language),
        "field": say("corrected after a check in the field", language),
        "closed": "",
    }[one.stage]


def tickets_sheet(
    tickets: Iterable[Ticket],
    said: Mapping[Cause, Said],
    contracts: Mapping[str, Contract],
    *,
    today: date,
    language: str,
) -> Sheet:
    """One line for each ticket."""
    levels = correction().levels

    def rows() -> Iterator[list[Any]]:
        for one in tickets:
            sentence, remedy = said[one.cause_key]
            told = levels.get(one.level)
            late = one.late(today)
            yield [
                one.id, _label(contracts, one.contract, language), one.table_name, one.rule, one.field,
                words.pick(sentence, language), words.pick(remedy, language), one.sender, one.province,
                say("yes", language) if one.alert else "", one.open_rows, one.most_rows, one.opened_on,
                state_word(one, language), stage_word(one, language), one.due, late if late > 0 else "",
                words.pick(told, language) if told else "", one.cause or "", one.plan or "",
            ]  # fmt: skip

    return _name(say("Tickets", language)), [say(head, language) for head in TICKET_HEADS], rows()


def records_sheet(
    held: Iterable[tuple[Ticket, Holder]], contracts: Mapping[str, Contract], *, language: str
) -> Sheet:
    """One line for each row that holds a ticket open."""

    def rows() -> Iterator[list[Any]]:
        for one, record in held:
            yield [
                one.id, _label(contracts, one.contract, language), one.table_name, one.rule, one.field,
                record.key or "", "" if record.row is None else record.row + 1,
                say("kept", language) if record.standing == "kept" else say("in quarantine", language),
                record.receipt, clock.local(record.received_at).replace(tzinfo=None),
                "; ".join(map(other_words, record.others)),
            ]  # fmt: skip

    return _name(say("Records", language)), [say(head, language) for head in RECORD_HEADS], rows()


def other_words(other: Mapping[str, Any]) -> str:
    """A record of another database as it is named to people; a key that says who somebody is stays out."""
    key = "" if other.get("personal") else other["key"]
    place = f"{other['contract']}.{other['table']}"
    sender = f"({other['sender']})" if other["sender"] else ""
    return " ".join(part for part in (place, key, sender) if part)


def _label(contracts: Mapping[str, Contract], name: str, language: str) -> str:
    contract = contracts.get(name)
    return (words.pick(contract.label, language) if contract else "") or name


def _name(text: str) -> str:
    return text[:31]


def as_csv(sheet: Sheet) -> bytes:
    """One sheet as CSV in UTF-8 with the mark that lets spreadsheets read Vietnamese."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(sheet[1])
    for row in sheet[2]:
        writer.writerow([_safe(cell) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def _safe(cell: Any) -> Any:
    """No cell begins a formula: such text gets an apostrophe before it, as spreadsheets understand it."""
    if isinstance(cell, datetime | date):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return "" if cell is None else cell


def as_xlsx(sheets: Iterable[Sheet]) -> bytes:
    """The sheets as a workbook; text stays text whatever it begins with."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd", "in_memory": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for name, heads, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.set_column(0, len(heads) - 1, 18)
            sheet.write_row(0, 0, heads, bold)
            sheet.freeze_panes(1, 0)
            for at, row in enumerate(rows, 1):
                for column, cell in enumerate(row):
                    _cell(sheet, at, column, cell)
    return out.getvalue()


def _cell(sheet: Any, at: int, column: int, cell: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(at, column, cell)
    elif isinstance(cell, datetime | date):
        sheet.write_datetime(at, column, cell)
    elif cell is not None:
        sheet.write_number(at, column, cell)
