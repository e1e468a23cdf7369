"""What a document touches: the procedures, forms, contracts, rules, clocks and declared data that cite it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import class_row

from lienthong import audit, clock
from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.procedures.legal_basis.citations import key
from lienthong.procedures.legal_basis.register import Document, Register
from lienthong.procedures.procedure import CODE, Procedure

Kind = Literal["procedure", "form", "contract", "rule", "clock", "data"]
KINDS: tuple[Kind, ...] = ("procedure", "form", "contract", "rule", "clock", "data")
RECENT = timedelta(days=365)
FORMS = "dossiers/forms/"
SKIPPED = ("contracts", "locale", "synthetic", "legal_documents.yaml")
"""Of declared/: contracts are read as contracts, the register does not cite itself."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place that says something of law. `link` leads to it, `name` is for people."""

    kind: Kind
    place: str
    name: str
    link: str
    text: str


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A place that cites a document; `number` is empty when what it writes is not recognised for sure."""

    where: Place
    number: str
    written: str
    articles: tuple[str, ...]


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """One place that a document touches, by which document, and what was done about it."""

    where: Place
    by: str
    written: str
    articles: tuple[str, ...]
    state: str = ""
    note: str = ""
    done_by: str = ""
    done_at: datetime | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that changes law: a document begins, ends, is suspended or replaced."""

    document: Document
    what: Literal["new", "coming", "ended", "ending", "suspended", "replaced"]
    day: date | None
    by: str = ""
    touched: int = 0
    done: int = 0


def places(procedures: Iterable[Procedure], contracts: Mapping[str, Contract]) -> Iterator[Place]:
    """Every text that may cite law, with where it stands."""
    for one in procedures:
        yield from _of_procedure(one)
    for contract in contracts.values():
        yield from _of_contract(contract)
    yield from _of_data()


def _of_procedure(one: Procedure) -> Iterator[Place]:
    link, name = f"/procedures/{one.code}", one.name.get("vi", "")
    seen: set[tuple[str, str]] = set()
    for path, text in _texts(msgspec.to_builtins(one), ""):
        kind: Kind = "form" if path.endswith((".form", ".forms")) else "procedure"
        if (kind, text) not in seen and not path.startswith(".sources"):
            seen.add((kind, text))
            yield Place(
                kind=kind,
                place=f"{one.code}{path if kind == 'form' else ''}",
                name=name,
                link=link,
                text=text,
            )


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, path if name in ("vi", "en", "fr") else f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, path)


def _of_contract(contract: Contract) -> Iterator[Place]:
    link, name = f"/contracts/{contract.name}", contract.label.get("vi", contract.name)
    for basis in contract.legal_basis:
        yield Place(
            kind="contract",
            place=contract.name,
            name=name,
            link=link,
            text=str(basis.get("text", "")),
        )
    for clock_ in contract.clocks:
        yield Place(
            kind="clock",
            place=f"{contract.name}.{clock_.id}",
            name=name,
            link=link,
            text=clock_.basis,
        )
    for table in contract.tables:
        for rule in table.rules:
            if rule.legal_basis:
                sentence = rule.sentence.get("vi", rule.id)
                yield Place(
                    kind="rule", place=f"{contract.name}.{table.name}.{rule.id}", name=sentence, link=link,
                    text=rule.legal_basis,
                )  # fmt: skip


def _of_data() -> Iterator[Place]:
    for path, text in _declared_files():
        code = path.removeprefix(FORMS).removesuffix(".odcs.yaml")
        if path.startswith(FORMS):
            link = f"/procedures/{code}" if CODE.match(code) else ""
            yield Place(kind="form", place=path, name=path, link=link, text=text)
        else:
            yield Place(kind="data", place=path, name=path, link="", text=text)


@lru_cache(maxsize=1)
def _declared_files() -> tuple[tuple[str, str], ...]:
    """The lines of declared data that may cite law: path and text."""

    def walk(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
        for item in sorted(folder.iterdir(), key=lambda one: one.name):
            if item.name in SKIPPED:
                continue
            if item.is_dir():
                yield from walk(item, f"{path}{item.name}/")
            elif item.name.endswith((".yaml", ".csv")) and item.name != "known.csv":
                lines = item.read_text("utf-8").splitlines()
                yield (
                    f"{path}{item.name}",
                    "\n".join(line for line in lines if "/" in line or "20" in line),
                )

    return tuple(walk(resources.files("lienthong").joinpath("declared"), ""))


def references(
    known: Register, procedures: Iterable[Procedure], contracts: Mapping[str, Contract]
) -> list[Reference]:
    """Every citation there is, each place once for each document."""
    read: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    found: dict[tuple[str, str, str], Reference] = {}
    for where in places(procedures, contracts):
        if where.text not in read:  # thousands of rules name the same few documents
            read[where.text] = [
                (one.number, one.text, one.articles) for one in known.read(where.text)
            ]
        for number, written, articles in read[where.text]:
            named = (where.kind, where.place, key(number) if number else written)
            held = found.get(named)
            both = tuple(dict.fromkeys((*held.articles, *articles))) if held else articles
            found[named] = Reference(where=where, number=number, written=written, articles=both)
    return list(found.values())


def ended_basis(known: Register, one: Procedure, on: date) -> list[tuple[str, str]]:
    """The documents of a procedure's legal basis that no longer hold on a day, and which document decides it."""
    found: dict[str, str] = {}
    for text in one.legal_basis:
        for cited in known.read(text):
            document = known.get(cited.number) if cited.number else None
            standing, by = known.standing(document, on) if document else ("unknown", "")
            if document is not None and standing in ("expired", "replaced", "suspended"):
                found[document.shown] = by
    return list(found.items())


def touched(
    known: Register, one: Document, refs: Iterable[Reference]
) -> list[tuple[Reference, str]]:
    """The places that cite a document itself, or one that it amends or replaces; with the number they cite."""
    wanted = {key(number) for number in (one.number, *one.amends, *one.replaces)}
    found = [(ref, ref.number) for ref in refs if ref.number and key(ref.number) in wanted]
    order = list(KINDS)
    return sorted(found, key=lambda pair: (order.index(pair[0].where.kind), pair[0].where.place))


def events(
    known: Register,
    refs: Iterable[Reference],
    today: date,
    done: Mapping[str, set[tuple[str, str]]],
) -> list[Event]:
    """What changed within a year or will change, the nearest to today first, with how much work it makes."""
    listed = list(refs)
    made = []
    for one in known.by_key.values():
        for what, day, by in _events(known, one, today):
            found = touched(known, one, listed)
            pairs = {(ref.where.kind, ref.where.place) for ref, _ in found}
            made.append(
                Event(
                    document=one, what=what, day=day, by=by, touched=len(pairs),
                    done=len(pairs & done.get(one.key, set())),
                )
            )  # fmt: skip
    return sorted(
        made,
        key=lambda one: (
            one.touched == one.done,
            abs((today - (one.day or today)).days),
            one.document.number,
        ),
    )


def _events(
    known: Register, one: Document, today: date
) -> Iterator[
    tuple[Literal["new", "coming", "ended", "ending", "suspended", "replaced"], date | None, str]
]:
    standing, by = known.standing(one, today)
    begins = one.effective or one.issued
    if one.expires is not None:
        if one.expires > today:
            yield "ending", one.expires, by
        elif today - one.expires <= RECENT:
            yield "ended", one.expires, by
    elif standing == "replaced":
        other = known.get(by)
        yield "replaced", other.effective if other else None, by
    if standing == "suspended":
        yield "suspended", one.suspended, by
    elif begins is not None and begins > today:
        yield "coming", begins, ""
    elif begins is not None and today - begins <= RECENT:
        yield "new", begins, ""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about one place that a document touches."""

    number: str
    kind: str
    place: str
    state: str
    note: str
    done_by: str
    done_at: datetime


def works(conn: psycopg.Connection[Any], number: str = "") -> list[Work]:
    """What was done, about one document or all."""
    with conn.cursor(row_factory=class_row(Work)) as cursor:
        return cursor.execute(
            "SELECT number, kind, place, state, note, done_by, done_at FROM office.legal_work"
            " WHERE %(number)s = '' OR number = %(number)s",
            {"number": key(number) if number else ""},
        ).fetchall()


def done_by_document(conn: psycopg.Connection[Any]) -> dict[str, set[tuple[str, str]]]:
    """The places that are dealt with, by document."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in works(conn):
        found.setdefault(one.number, set()).add((one.kind, one.place))
    return found


def worklist(
    conn: psycopg.Connection[Any], known: Register, one: Document, refs: Iterable[Reference]
) -> list[Touched]:
    """The places that a document touches with what was done; what waits comes first."""
    said = {(work.kind, work.place): work for work in works(conn, one.number)}
    made: dict[tuple[str, str], Touched] = {}
    for ref, by in touched(known, one, refs):
        work = said.get((ref.where.kind, ref.where.place))
        made.setdefault(
            (ref.where.kind, ref.where.place),
            Touched(
                where=ref.where, by=by, written=ref.written, articles=ref.articles,
                state=work.state if work else "", note=work.note if work else "",
                done_by=work.done_by if work else "", done_at=work.done_at if work else None,
            ),
        )  # fmt: skip
    return sorted(made.values(), key=lambda item: bool(item.state))


def settle(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    number: str,
    kind: str,
    place: str,
    state: str,
    note: str,
) -> None:
    """Say that a place was brought up to a document (`done`) or that it is not touched after all. Raises Refused."""
    if state not in ("done", "untouched") or kind not in KINDS:
        raise Refused("LEGAL-STATE", "Choose one of: %(states)s.", states="done, untouched")
    if len(note.strip()) < 3:
        raise Refused("LEGAL-NOTE", "Say in a few words what was done or why nothing is to do.")
    conn.execute(
        "INSERT INTO office.legal_work (number, kind, place, state, note, done_by, done_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (number, kind, place) DO UPDATE SET state = excluded.state,"
        " note = excluded.note, done_by = excluded.done_by, done_at = excluded.done_at",
        [
            key(number),
            kind,
            place,
            state,
            note.strip()[:1000],
            actor if isinstance(actor, str) else actor.id,
            clock.now(),
        ],
    )
    audit.write(
        conn,
        actor,
        "office.legal_work_done",
        {"number": number, "place": f"{kind}:{place}"[:200], "state": state},
    )
