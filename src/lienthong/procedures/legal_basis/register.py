"""The register of documents: declared ones and what officials add or end over them. What no source gives is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import NotFound, Refused
from lienthong.findings import Text
from lienthong.procedures.legal_basis.citations import Citation, key, normal, parse

Standing = Literal["in_force", "not_yet", "suspended", "replaced", "expired", "unknown"]
NUMBER = re.compile(r"^\d+(\.\d+)?(/(19|20)\d\d)?/[A-ZĐ][A-ZĐ0-9]*(-[A-ZĐ][A-ZĐ0-9]*)*$")


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a number: what kind of document it is and who issues it."""

    kind: str
    vi: str
    en: str
    fr: str

    @property
    def agency(self) -> Text:
        """The issuer in the reader's languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document. A day that is None is not known. `expires` is the first day on which it no longer holds."""

    number: str
    about: Text = {}
    names: tuple[str, ...] = ()
    issued: date | None = None
    effective: date | None = None
    expires: date | None = None
    suspended: date | None = None
    suspended_by: str = ""
    amends: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    evidence: str = ""
    source: str = ""
    note: str = ""
    own: bool = False
    demo: bool = False

    @property
    def key(self) -> str:
        """The number as it is compared."""
        return key(self.number)

    @property
    def slug(self) -> str:
        """The number as a part of an address."""
        return self.key.replace("/", "-").lower()

    @property
    def shown(self) -> str:
        """The number as it is written: 07/2023/NĐ-CP, 766/QĐ-TTg."""
        serial, _, rest = self.number.partition("/")
        return f"{serial.zfill(2)}/{rest}".replace("TTG", "TTg")

    @property
    def symbol(self) -> str:
        """The end of the number, a law's without its term."""
        end = self.key.rpartition("/")[2]
        return "QH" if re.match(r"QH\d+$", end) else end


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/legal_documents.yaml."""

    symbols: dict[str, Symbol]
    kinds: dict[str, Text]
    documents: tuple[Document, ...]


@lru_cache(maxsize=1)
def declared() -> Declared:
    """The documents as declared."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "procedures", "legal_documents.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Declared, strict=False)


class Register:
    """All documents by number, with what amends and replaces what."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.by_key = {one.key: one for one in documents}
        self.symbols = {key(name): symbol for name, symbol in declared().symbols.items()}
        self.names = {name: one.number for one in self.by_key.values() for name in one.names}
        self._names = tuple(sorted(self.names.items()))
        self.amended_by: dict[str, list[Document]] = {}
        self.replaced_by: dict[str, list[Document]] = {}
        for one in self.by_key.values():
            for other in one.amends:
                self.amended_by.setdefault(key(other), []).append(one)
            for other in one.replaces:
                self.replaced_by.setdefault(key(other), []).append(one)

    def find(self, slug_or_number: str) -> Document:
        """The document of a number or of its address; raises NotFound."""
        wanted = key(slug_or_number)
        found = self.by_key.get(wanted) or next(
            (one for one in self.by_key.values() if one.slug == slug_or_number.lower()), None
        )
        if found is None:
            raise NotFound(
                "LEGAL-NOT-FOUND",
                "There is no document %(number)s in the register.",
                number=slug_or_number[:60],
            )
        return found

    def get(self, number: str) -> Document | None:
        """The document of a number, or None."""
        return self.by_key.get(key(number))

    def symbol(self, one: Document) -> Symbol | None:
        """Kind and issuer, when the end of the number is known."""
        return self.symbols.get(one.symbol)

    def kind(self, one: Document) -> str:
        """The kind, empty when the end of the number is not known."""
        found = self.symbol(one)
        return found.kind if found else ""

    def standing(self, one: Document, on: date) -> tuple[Standing, str]:
        """How a document stands on a day, and the number of the other document that decides it, if one does."""
        if one.expires is not None and one.expires <= on:
            by = next((other.number for other in self.replaced_by.get(one.key, ())), "")
            return "expired", by
        for other in self.replaced_by.get(one.key, ()):
            if self.standing(other, on)[0] == "in_force":
                return "replaced", other.number
        if one.suspended is not None and one.suspended <= on:
            return "suspended", one.suspended_by
        if one.effective is None:
            return "unknown", ""
        return ("in_force" if one.effective <= on else "not_yet"), ""

    def read(self, text: str) -> list[Citation]:
        """The citations of a text; a short form that only one document of the register fits is read as that one."""
        return [self._resolved(one) for one in _parsed(text, self._names)]

    def _resolved(self, one: Citation) -> Citation:
        if one.number:
            return one
        serial = re.search(r"\d+(\.\d+)?", one.text)
        fitting = [
            other
            for other in self.by_key.values()
            if serial
            and one.year
            and other.key.startswith(f"{normal(serial[0])}/{one.year}/")
            and self.kind(other) == one.kind
        ]
        return msgspec.structs.replace(one, number=fitting[0].number) if len(fitting) == 1 else one

    def alike(self, number: str) -> list[Document]:
        """Documents of the same serial and year under another symbol: perhaps what was meant."""
        start, _, _ = key(number).rpartition("/")
        return [
            one
            for one in self.by_key.values()
            if one.key.rpartition("/")[0] == start and "/" in start
        ]


@lru_cache(maxsize=20_000)
def _parsed(text: str, names: tuple[tuple[str, str], ...]) -> tuple[Citation, ...]:
    """Thousands of rules name the same few documents, on every page: each text is read once."""
    return tuple(parse(text, dict(names)))


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One saying of an official about a document."""

    document: Document
    said_by: str
    said_at: datetime
    why: str


def register(conn: psycopg.Connection[Any]) -> Register:
    """The register of this moment: the newest saying of officials over what is declared."""
    rows = conn.execute(
        "SELECT DISTINCT ON (number) document, demo FROM office.document ORDER BY number, id DESC"
    ).fetchall()
    own = [
        msgspec.structs.replace(
            msgspec.convert(document, Document, strict=False), own=True, demo=demo
        )
        for document, demo in rows
    ]
    return Register([*declared().documents, *own])


def said(conn: psycopg.Connection[Any], number: str) -> list[Said]:
    """What officials said of a document, the newest first."""
    rows = conn.execute(
        "SELECT document, said_by, said_at, why FROM office.document WHERE number = %s ORDER BY id DESC",
        [key(number)],
    ).fetchall()
    return [
        Said(
            document=msgspec.convert(row[0], Document, strict=False),
            said_by=row[1],
            said_at=row[2],
            why=row[3],
        )
        for row in rows
    ]


def say_of(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    given: Document,
    why: str,
    *,
    demo: bool = False,
) -> Document:
    """Add a document or say something else of one; the newest saying holds, all are kept. Raises Refused."""
    number = normal(given.number)
    one = msgspec.structs.replace(
        given, number=number, amends=_all(given.amends), replaces=_all(given.replaces)
    )
    _check(one, why)
    conn.execute(
        "INSERT INTO office.document (number, document, said_by, said_at, why, demo) VALUES (%s, %s, %s, %s, %s, %s)",
        [
            one.key,
            Jsonb(msgspec.to_builtins(one)),
            _id(actor),
            clock.now(),
            why.strip()[:1000],
            demo,
        ],
    )
    audit.write(conn, actor, "office.document_said", {"number": one.number})
    return one


def end(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, number: str, expires: date, why: str
) -> Document:
    """Say from which day a document no longer holds. Raises NotFound, Refused."""
    one = register(conn).find(number)
    return say_of(
        conn, actor, msgspec.structs.replace(one, expires=expires, own=False, demo=False), why
    )


def _all(numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normal(number) for number in numbers if number.strip()))


def _check(one: Document, why: str) -> None:
    for number in (one.number, *one.amends, *one.replaces):
        if not NUMBER.match(number):
            raise Refused(
                "LEGAL-NUMBER", "“%(written)s” is no number of a document; it looks like 63/2010/NĐ-CP.",
                written=number[:60],
            )  # fmt: skip
    if one.key in map(key, (*one.amends, *one.replaces)):
        raise Refused("LEGAL-ITSELF", "A document cannot amend or replace itself.")
    if one.expires and one.effective and one.expires <= one.effective:
        raise Refused("LEGAL-DAYS", "A document cannot end before it begins.")
    if len(why.strip()) < 5:
        raise Refused("LEGAL-WHY", "Say where this comes from.")


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
