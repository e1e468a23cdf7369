"""Every table of the Office to take along, in the reader's language, as CSV or XLSX; no cell begins a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from litestar import Response, get
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import NotFound
from lienthong.procedures.legal_basis import register, touching
from lienthong.procedures.legal_basis.reading import reading
from lienthong.procedures.lists import agreed, bringing, differences
from lienthong.procedures.lists.rules import rules
from lienthong.procedures.readiness.board import board
from lienthong.procedures.readiness.gates import gates
from lienthong.procedures.reduction import cost, ledger, shares
from lienthong.quality.tickets.worklist import Sheet, as_csv, as_xlsx
from lienthong.web.office.ask_once import found as papers
from lienthong.web.office.forms import READ, attached
from lienthong.web.office.legal_basis import entries
from lienthong.web.office.lists import KIND_NAMES, names_of, word
from lienthong.web.office.reduction import dossiers_of, names, timed
from lienthong.web.page import Page


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a table is made from."""

    page: Page
    conn: Connection[Any]
    contracts: Mapping[str, Contract]

    def say(self, sentence: str) -> str:
        """In the reader's language."""
        return self.page.say(sentence)

    def text(self, value: Mapping[str, str]) -> str:
        """One language of a text."""
        return self.page.words["text"](value)

    def sheet(self, name: str, heads: list[str], rows: Iterator[list[Any]]) -> Sheet:
        """A sheet with its heads in the reader's language."""
        return self.say(name)[:31], [self.say(head) for head in heads], list(rows)


def _agreed(asked: Asked) -> Sheet:
    def rows() -> Iterator[list[Any]]:
        for one in agreed.agreed_list(asked.conn):
            yield [
                one.code, one.name, one.field, word(asked.page, "levels", list(one.levels)),
                *(word(asked.page, kind, getattr(one, kind)) for kind in ("status", "online", "group")),
                one.priority, ", ".join(asked.say(KIND_NAMES[kind]) for kind in one.open),
            ]  # fmt: skip

    heads = [
        "Code",
        "Procedure",
        "Sector",
        "Level",
        "Status",
        "Online",
        "Group",
        "Priority",
        "Not agreed yet",
    ]
    return asked.sheet("Agreed list", heads, rows())


def _differences(asked: Asked) -> Sheet:
    today = clock.today()
    titles = names_of(bringing.lists(asked.conn))
    units = rules().units

    def rows() -> Iterator[list[Any]]:
        for one in differences.listed(asked.conn, today, show="all"):
            yield [
                one.id, one.code, titles.get(one.code, ""), asked.say(KIND_NAMES[one.kind]),
                *(word(asked.page, one.kind, one.said[unit]) if unit in one.said else "" for unit in units),
                asked.text(units[one.owner]), one.due, one.late(today) or "", asked.say(STATES[one.state]),
                word(asked.page, one.kind, one.decision) if one.decision is not None else "", one.reason or "",
            ]  # fmt: skip

    name, heads, made = asked.sheet(
        "Differences between the lists",
        [
            "No.",
            "Code",
            "Procedure",
            "What differs",
            "Owner",
            "Last day",
            "Working days late",
            "State",
            "Decided",
            "Reason",
        ],
        rows(),
    )
    return name, [*heads[:4], *map(asked.text, units.values()), *heads[4:]], made


STATES = {
    "open": "open", "agreed": "the lists agree now", "decided": "decided", "replaced": "followed by a newer one",
}  # fmt: skip


def _readiness(asked: Asked) -> Sheet:
    known = gates()

    def rows() -> Iterator[list[Any]]:
        for line in board(asked.conn, agreed.agreed_list(asked.conn), clock.today()).lines:
            one = line.standing
            for gate in one.gates:
                yield [
                    line.code, line.name, one.priority, asked.text(known.services[one.service]),
                    asked.text(known.reasons[one.reason]) if one.reason else "",
                    next(asked.text(g.label) for g in known.gates if g.name == gate.gate),
                    asked.text(known.states[gate.state]), gate.owner or one.owner, gate.due, gate.blocker, gate.note,
                    gate.late(clock.today()) or "",
                ]  # fmt: skip

    heads = ["Code", "Procedure", "Priority", "Service", "Reason", "Gate", "State", "Unit", "Last day",
             "What blocks it", "Note", "Working days late"]  # fmt: skip
    return asked.sheet("Readiness", heads, rows())


def _ledger(asked: Asked) -> Sheet:
    titles = names(asked.conn, clock.today())
    kinds = shares.shares().kinds

    def rows() -> Iterator[list[Any]]:
        for one in ledger.cuts(asked.conn):
            yield [
                one.code, titles.get(one.code, ""), asked.text(kinds[one.kind].label),
                asked.say("yes" if one.central else "no"),
                one.planned, one.done, one.given_up, one.days_before, one.days_after, one.basis, one.note,
            ]  # fmt: skip

    heads = ["Code", "Procedure", "Cut", "Settled by the Ministry", "Planned for", "Done on", "Given up on",
             "Days before", "Days after", "By which document", "Note"]  # fmt: skip
    return asked.sheet("Ledger of cuts", heads, rows())


def _costs(asked: Asked) -> Sheet:
    today = clock.today()
    dossiers = dossiers_of(asked.conn, today)
    methods = cost.costs().methods

    def rows() -> Iterator[list[Any]]:
        for one in cost.savings(cost.burdens(asked.conn), dossiers):
            yield [
                one.code,
                asked.text(methods["official"].label),
                one.before,
                one.after,
                one.saved,
                one.rate,
            ]
        for row in timed(ledger.cuts(asked.conn), dossiers):
            saved = None if row.before is None or row.after is None else row.before - row.after
            yield [
                row.cut.code, asked.text(methods["agency_time"].label), row.before, row.after, saved, row.cut.time_rate,
            ]  # fmt: skip

    heads = ["Code", "How it is counted", "Before, a year", "After, a year", "Money saved", "Less"]
    return asked.sheet("Compliance cost", heads, rows())


def _once(asked: Asked) -> Sheet:
    def rows() -> Iterator[list[Any]]:
        for line in papers(asked.conn, asked.contracts):
            one = line.one
            yield [
                one.code, one.procedure, one.component, one.place, asked.text(one.label), one.evidence, line.dossiers,
                line.worth.days, line.worth.money, asked.say(PROPOSALS[line.state]),
                line.decided.reason if line.decided else "",
            ]  # fmt: skip

    heads = ["Code", "Procedure", "Paper", "Replaced by", "Name", "Evidence", "Dossiers last year",
             "Working days of applicants", "Money of applicants", "State", "Reason"]  # fmt: skip
    return asked.sheet("Ask once", heads, rows())


PROPOSALS = {
    "open": "proposed",
    "accepted": "accepted",
    "refused": "refused",
    "resolution": "replaced by law",
    "form": "known to the form",
}


def _legal(asked: Asked) -> Sheet:
    today = clock.today()
    known, refs = reading(asked.conn, asked.contracts, today)
    kinds = register.declared().kinds

    def rows() -> Iterator[list[Any]]:
        for item in entries(known, refs, today):
            one = item.one
            yield [
                one.shown, asked.text(kinds[item.kind]) if item.kind else "", asked.text(item.agency),
                asked.text(one.about),
                one.issued, one.effective, one.expires, asked.say(LEGAL[item.standing]), ", ".join(one.amends),
                ", ".join(one.replaces), item.cited, one.evidence, one.source,
            ]  # fmt: skip

    heads = ["Document number", "Kind", "Issued by", "About", "Issued on", "In force from", "No longer from", "State",
             "Amends",
             "Replaces", "Cited in", "Evidence", "Source"]  # fmt: skip
    return asked.sheet("Legal basis", heads, rows())


LEGAL = {
    "in_force": "in force", "not_yet": "not yet in force", "suspended": "suspended", "replaced": "replaced",
    "expired": "no longer in force", "unknown": "days not known",
}  # fmt: skip


def _touched(asked: Asked) -> Sheet:
    today = clock.today()
    known, refs = reading(asked.conn, asked.contracts, today)
    changed = touching.events(known, refs, today, {})

    def rows() -> Iterator[list[Any]]:
        for event in changed:
            for item in touching.worklist(asked.conn, known, event.document, refs):
                yield [
                    event.document.shown, event.day, item.where.kind, item.where.place, item.where.name, item.written,
                    ", ".join(item.articles), asked.say(WORK[item.state]), item.note, item.done_by,
                ]  # fmt: skip

    heads = [
        "Document",
        "From",
        "Kind",
        "Where it is cited",
        "Name",
        "What it cites",
        "Articles",
        "State",
        "Note",
        "Who",
    ]
    return asked.sheet("Places touched", heads, rows())


WORK = {"": "waits to be dealt with", "done": "brought up to it", "untouched": "nothing to do"}


def _empty(asked: Asked) -> Sheet:
    return (
        asked.say("Bring a list")[:31],
        [asked.text(one.label) for one in rules().columns.values()],
        [],
    )


TABLES: dict[str, Callable[[Asked], Sheet]] = {
    "agreed": _agreed, "differences": _differences, "readiness": _readiness, "ledger": _ledger, "costs": _costs,
    "once": _once, "legal": _legal, "touched": _touched, "empty": _empty,
}  # fmt: skip


@get("/office/file/{table:str}/{ending:str}", opt=READ, sync_to_thread=True)
def office_file(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    table: str,
    ending: str,
) -> Response[bytes]:
    """One table as CSV or XLSX."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        if table not in TABLES or ending not in ("csv", "xlsx"):
            raise NotFound(
                "office.table",
                "There are these tables, as csv or xlsx: %(choices)s.",
                choices=", ".join(TABLES),
            )
        sheet = TABLES[table](Asked(page=page, conn=conn, contracts=contracts))
    content = as_csv(sheet) if ending == "csv" else as_xlsx([sheet])
    return attached(content, f"{table}.{ending}", ending)


ROUTES = [office_file]
