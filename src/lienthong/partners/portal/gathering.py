"""What the sender needs beside a dossier and its events: names, papers with links, results, fees, codes of fields."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from lienthong.errors import NotFound
from lienthong.partners.portal.ledger import Work
from lienthong.procedures.agencies import agencies

Linked = Callable[[str, int, datetime], str | None]
"""Makes the signed link of a paper of a dossier; None when no address of ours can be reached from outside."""


class Gathering:
    """Fills the works of a batch with a few statements for all of them."""

    def __init__(self, home: Path | None = None, linked: Linked | None = None) -> None:
        self._home = home
        self._linked: Linked = linked or (lambda dossier, paper, now: None)

    def fill(self, conn: psycopg.Connection[Any], works: Sequence[Work], now: datetime) -> None:
        """Names of people and units, papers, results, fees and the code of the field."""
        by_code = {work.dossier.code: work for work in works}
        names = _names(conn, works)
        for work in works:
            work.names, work.unit_name = names, self._unit(work.dossier.unit)
        self._fields(conn, works)
        self._papers(conn, by_code, now)
        self._results(conn, by_code, now)
        _fees(conn, by_code)

    def _unit(self, code: str) -> str:
        try:
            return agencies(self._home).find(code).vi
        except NotFound:
            return ""

    def _fields(self, conn: psycopg.Connection[Any], works: Sequence[Work]) -> None:
        """The field's code: the procedure's own, else as the Portal's catalogues have it; else it is not known."""
        asked = [work for work in works if not work.procedure.field_code]
        described = _described(conn, {work.dossier.procedure for work in asked}) if asked else {}
        named = _field_codes(conn) if asked else {}
        for work in works:
            work.field_code = (
                work.procedure.field_code
                or described.get(work.dossier.procedure)
                or named.get(folded(work.procedure.field), "")
            )

    def _papers(
        self, conn: psycopg.Connection[Any], by_code: dict[str, Work], now: datetime
    ) -> None:
        rows = conn.execute(
            "SELECT dossier, id, component, name, form FROM dossiers.attachment WHERE dossier = ANY(%s)"
            " AND kind IN ('component', 'supplement') AND removed_at IS NULL ORDER BY dossier, id",
            [list(by_code)],
        ).fetchall()
        for code, id, component, name, form in rows:
            if link := self._linked(code, id, now):
                by_code[code].papers.append({
                    "id": id, "component": component, "name": name, "link": link,
                    "digitised": form in ("electronic", "digitised"),
                })  # fmt: skip

    def _results(
        self, conn: psycopg.Connection[Any], by_code: dict[str, Work], now: datetime
    ) -> None:
        rows = conn.execute(
            "SELECT dossier, name, code, attachment FROM dossiers.result WHERE dossier = ANY(%s)"
            " AND corrected_at IS NULL ORDER BY dossier, event",
            [list(by_code)],
        ).fetchall()
        for dossier, name, code, attachment in rows:
            link = self._linked(dossier, attachment, now) if attachment else None
            by_code[dossier].results.append(
                {"id": attachment, "name": name, "code": code, "link": link}
            )


def folded(name: str) -> str:
    """A name in one writing: composed letters, single spaces, no capitals. Never for matching procedures."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _names(conn: psycopg.Connection[Any], works: Sequence[Work]) -> dict[str, str]:
    actors = sorted({event.actor for work in works for event in work.events})
    rows = conn.execute("SELECT id, name FROM app.account WHERE id = ANY(%s)", [actors]).fetchall()
    return {id: name for id, name in rows if name}


def _described(conn: psycopg.Connection[Any], codes: set[str]) -> dict[str, str]:
    rows = conn.execute(
        "SELECT code, body #>> '{LINHVUCTHUCHIEN,0,MALINHVUC}' FROM portal.catalogue"
        " WHERE kind = 'procedure' AND code = ANY(%s)",
        [sorted(codes)],
    ).fetchall()
    return {code: field for code, field in rows if field}


def _field_codes(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Codes of fields by their whole names; a name that two codes have is no answer."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, name in conn.execute(
        "SELECT code, name FROM portal.catalogue WHERE kind = 'fields' AND gone_at IS NULL"
    ).fetchall():
        found[folded(name)].add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


def _fees(conn: psycopg.Connection[Any], by_code: dict[str, Work]) -> None:
    rows = conn.execute(
        "SELECT dossier, fees, paid_at FROM portal.payment WHERE dossier = ANY(%s) AND state <> 'ended'"
        " ORDER BY dossier, event",
        [list(by_code)],
    ).fetchall()
    for dossier, fees, paid_at in rows:
        by_code[dossier].fees += [{**one, "paid": paid_at is not None} for one in fees]
