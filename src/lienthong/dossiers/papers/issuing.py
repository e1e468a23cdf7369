"""Papers go out: numbered without gaps, kept byte for byte, the same act gives the same paper again.

What stands on a paper is frozen when it is made. A mistake is mended by another paper that names the one it replaces.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.dossiers.dossier import events, find
from lienthong.dossiers.history import EXTEND, Event
from lienthong.dossiers.moves import moves
from lienthong.dossiers.papers import kept, knowing, places, printing, template, word
from lienthong.dossiers.papers.filling import Sheet, Values, fill
from lienthong.errors import NotFound, Refused
from lienthong.procedures.agencies import agencies

ANY_TIME = ("control",)
"""Papers about a dossier as it stands now, with no act of their own."""
OF_ACT = {EXTEND: "apology"}
"""Papers of acts that are no moves."""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper that went out, without what stands on it. `number` counts those of its dossier, `sign` is printed."""

    dossier: str | None
    number: int
    unit: str
    form: str
    sign: str
    event: int | None
    copy: int
    made_by: str
    made_at: datetime
    template_unit: str
    template_version: int
    template: str
    unshown: str
    sha256: str


def form_of_event(event: Event) -> str | None:
    """The paper that goes out with an act (moves.yaml); None when there is none."""
    if event.act in OF_ACT:
        return OF_ACT[event.act]
    for move in moves().moves:
        if (move.act, move.from_, move.to) == (event.act, event.from_state, event.to_state):
            return move.paper if move.paper in places.forms() else None
    return None


def expected(conn: psycopg.Connection[Any], code: str) -> list[tuple[Event, str, Paper | None]]:
    """Every act of a dossier that asks for a paper, with the paper when it was made (the newest of it)."""
    made = {(one.form, one.event): one for one in issued(conn, code)}
    return [
        (event, form, made.get((form, event.number)))
        for event in events(conn, code)
        if (form := form_of_event(event)) is not None
    ]


def for_event(
    conn: psycopg.Connection[Any],
    actor: audit.Acting,
    code: str,
    event: int | None = None,
    *,
    home: Path | None = None,
    name: str = "",
    at: datetime | None = None,
) -> Paper | None:
    """The paper of an act (default: the last one), made when it is not there yet; None when the act has no paper.

    The caller has passed the gate. Call it in the transaction of the act, or later: the paper says the same.
    """
    happened = events(conn, code)
    chosen = next((one for one in reversed(happened) if event in (None, one.number)), None)
    form = form_of_event(chosen) if chosen is not None else None
    if chosen is None or form is None:
        return None
    return make(conn, actor, code, form, chosen.number, home=home, name=name, at=at)


def make(
    conn: psycopg.Connection[Any],
    actor: audit.Acting,
    code: str,
    form: str,
    event: int | None = None,
    *,
    again: bool = False,
    home: Path | None = None,
    name: str = "",
    at: datetime | None = None,
) -> Paper:
    """Print a paper about a dossier and keep it. `name` is the officer's as it stands on the paper.

    A paper of an act that was made before is returned as it is; with `again` another one is made that replaces it.
    Raises NotFound, Refused when no act of the dossier has this paper or when it cannot be printed.
    """
    dossier = find(conn, code, lock=True)
    known = knowing.know(conn, code)
    act = _act(known.events, form, event)
    before = [
        one
        for one in issued(conn, code)
        if (one.form, one.event) == (form, act.number if act else None)
    ]
    if before and act is not None and not again:
        return before[-1]
    moment = clock.local(at or clock.now()).replace(microsecond=0)
    used = kept.in_use(conn, dossier.unit, form)
    head, _ = kept.head_in_use(conn, dossier.unit, home, moment.date())
    read = template.parse(form, used.text)
    sign = take_number(conn, dossier.unit, read.symbol, moment.year)
    said = knowing.values(
        known, head, agencies(home), event=act, sign=sign, made_at=moment, officer=name or actor.id,
        replaces=before[-1].sign if before else "",
    )  # fmt: skip
    number = len(issued(conn, code)) + 1
    paper = Paper(
        dossier=code, number=number, unit=dossier.unit, form=form, sign=sign, event=act.number if act else None,
        copy=len(before) + 1, made_by=actor.id, made_at=moment, template_unit=used.unit, template_version=used.version,
        template=used.sha256, unshown="", sha256="",
    )  # fmt: skip
    return keep(conn, actor, paper, fill(read, said), dossier.province, home)


def _act(happened: list[Event], form: str, event: int | None) -> Event | None:
    """The act that a paper is made for; raises Refused when the dossier has none."""
    places.form(form)
    if form in ANY_TIME:
        return None
    fitting = [
        one for one in happened if event in (None, one.number) and form_of_event(one) == form
    ]
    if not fitting:
        raise Refused(
            "PAPER-NO-ACT", "Nothing happened to this dossier that “%(paper)s” goes out with.",
            paper=places.form(form).vi,
        )  # fmt: skip
    return fitting[-1]


def take_number(conn: psycopg.Connection[Any], unit: str, symbol: str, year: int) -> str:
    """The next number of an agency's papers of one symbol in a year, with the symbol; given back on a rollback."""
    row = conn.execute(
        "INSERT INTO dossiers.paper_counter (unit, symbol, year, last) VALUES (%s, %s, %s, 1)"
        " ON CONFLICT (unit, symbol, year) DO UPDATE SET last = paper_counter.last + 1 RETURNING last",
        [unit, symbol, year],
    ).fetchone()
    assert row
    return f"{row[0]:02d}/{year}/{symbol}"


def keep(
    conn: psycopg.Connection[Any],
    actor: audit.Acting,
    paper: Paper,
    sheet: Sheet,
    province: str,
    home: Path | None,
) -> Paper:
    """Print the sheet and keep the paper with its bytes."""
    printed = printing.pdf(sheet, paper.made_at, home)
    sha256 = hashlib.sha256(printed.pdf).hexdigest()
    done = msgspec.structs.replace(paper, unshown=printed.unshown, sha256=sha256)
    row = {name: getattr(done, name) for name in Paper.__struct_fields__}
    row |= {"province": province, "content": Jsonb(msgspec.to_builtins(sheet)), "pdf": printed.pdf}
    conn.execute(
        f"INSERT INTO dossiers.paper ({', '.join(row)}) VALUES ({', '.join(f'%({n})s' for n in row)})",  # noqa: S608
        row,
    )
    about = {"dossier": done.dossier, "form": done.form, "sign": done.sign, "sha256": sha256}
    audit.write(conn, actor, "paper.made", {k: v for k, v in about.items() if v})
    return done


def issued(conn: psycopg.Connection[Any], code: str) -> list[Paper]:
    """The papers of a dossier in the order in which they were made."""
    return read(conn, "dossier = %s ORDER BY number", [code])


def find_paper(conn: psycopg.Connection[Any], code: str, number: int) -> Paper:
    """One of them; raises NotFound."""
    found = read(conn, "dossier = %s AND number = %s", [code, number])
    if not found:
        raise NotFound(
            "PAPER-NOT-FOUND", "There is no paper %(number)s of this dossier.", number=number
        )
    return found[0]


def pdf(conn: psycopg.Connection[Any], code: str, number: int) -> bytes:
    """The bytes of a paper as it went out. Raises NotFound; RuntimeError when they are not those that went out."""
    paper = find_paper(conn, code, number)
    row = conn.execute(
        "SELECT pdf FROM dossiers.paper WHERE dossier = %s AND number = %s", [code, number]
    ).fetchone()
    assert row
    if hashlib.sha256(row[0]).hexdigest() != paper.sha256:
        raise RuntimeError("a kept paper was changed")
    return bytes(row[0])


def docx(conn: psycopg.Connection[Any], code: str, number: int) -> bytes:
    """The same paper as a Word file, made from what is kept of it; the same bytes each time."""
    paper = find_paper(conn, code, number)
    return word.docx(sheet_of(conn, code, number), paper.made_at)


def sheet_of(conn: psycopg.Connection[Any], code: str, number: int) -> Sheet:
    """What stands on a paper."""
    row = conn.execute(
        "SELECT content FROM dossiers.paper WHERE dossier = %s AND number = %s", [code, number]
    ).fetchone()
    if row is None:
        raise NotFound(
            "PAPER-NOT-FOUND", "There is no paper %(number)s of this dossier.", number=number
        )
    return msgspec.convert(row[0], Sheet)


def sheet_for(form: str, text: str, values: Values) -> Sheet:
    """The sheet of a text that is not kept: for a look before it is used."""
    return fill(template.parse(form, text), values)


_COLUMNS = ", ".join(Paper.__struct_fields__)


def read(conn: psycopg.Connection[Any], where: str, values: list[Any]) -> list[Paper]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM dossiers.paper WHERE {where}",  # noqa: S608
            values,
        ).fetchall()
    return [Paper(**row) for row in rows]
