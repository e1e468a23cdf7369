"""The templates of an agency in versions: saved as a draft, looked at, put in use, put back; who and when is kept.

A text that is no template is refused with its lines and the one before goes on to hold. An agency without a text of
its own uses that of the agency above it, and at the end the declared one.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock
from lienthong.dossiers.papers import letterhead, places, template
from lienthong.dossiers.papers.letterhead import Letterhead, parent_code
from lienthong.dossiers.papers.template import Template
from lienthong.errors import Conflict, NotFound

DECLARED = "declared"
"""The unit of the templates that come with the program; their version is 0."""
LONGEST_NOTE = 500


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One saved text; `used_from` None: a draft."""

    unit: str
    form: str
    version: int
    text: str
    note: str = ""
    saved_by: str = ""
    saved_at: datetime | None = None
    used_by: str | None = None
    used_from: datetime | None = None

    @property
    def sha256(self) -> str:
        """What the text is told apart by."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def declared(form: str) -> Version:
    """The text that comes with the program; raises NotFound for no paper."""
    places.form(form)
    file = resources.files("lienthong").joinpath("declared", "dossiers", "papers", f"{form}.txt")
    return Version(unit=DECLARED, form=form, version=0, text=file.read_text("utf-8"))


def in_use(conn: psycopg.Connection[Any], unit: str, form: str) -> Version:
    """The text that holds for an agency's papers now: its own, that of an agency above, or the declared one."""
    at: str = unit
    while at:
        found = _read(
            conn,
            "unit = %s AND form = %s AND used_from IS NOT NULL ORDER BY used_from DESC, version DESC LIMIT 1",
            [at, form],
        )
        if found:
            return found[0] if found[0].version else _put_back(found[0])
        at = parent_code(at)
    return declared(form)


def head_in_use(
    conn: psycopg.Connection[Any], unit: str, home: Path | None, on: date
) -> tuple[Letterhead, int]:
    """The letterhead of an agency with its version (0: made from the list of agencies).

    It is the agency's own: nobody issues papers under the name of the agency above.
    """
    found = _read(
        conn,
        "unit = %s AND form = %s AND used_from IS NOT NULL ORDER BY used_from DESC, version DESC LIMIT 1",
        [unit, letterhead.FORM],
    )
    if found and found[0].version:
        return letterhead.parse(found[0].text), found[0].version
    return letterhead.usual(unit, home, on), 0


def versions(conn: psycopg.Connection[Any], unit: str, form: str) -> list[Version]:
    """All texts that an agency saved for a form, the newest first."""
    return _read(
        conn, "unit = %s AND form = %s AND version > 0 ORDER BY version DESC", [unit, form]
    )


def version(conn: psycopg.Connection[Any], unit: str, form: str, number: int) -> Version:
    """One of them; 0 is the declared one. Raises NotFound."""
    if number == 0 and form != letterhead.FORM:
        return declared(form)
    found = _read(conn, "unit = %s AND form = %s AND version = %s", [unit, form, number])
    if not found:
        raise NotFound(
            "PAPER-VERSION", "There is no version %(number)s of this template.", number=number
        )
    return found[0]


def save(
    conn: psycopg.Connection[Any],
    actor: audit.Acting,
    unit: str,
    form: str,
    text: str,
    note: str = "",
) -> Version:
    """Keep a text as a draft; nothing is printed with it yet. The same text again is the version there is.

    Raises TemplateRefused (a template) or Refused (a letterhead) with the line and the reason.
    """
    plain = text.replace("\r\n", "\n").rstrip() + "\n"
    check(form, plain)
    newest = versions(conn, unit, form)
    if newest and newest[0].text == plain:
        return newest[0]
    number = newest[0].version + 1 if newest else 1
    made = conn.execute(
        "INSERT INTO dossiers.template (unit, form, version, text, note, saved_by, saved_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [unit, form, number, plain, note[:LONGEST_NOTE], actor.id, clock.now()],
    )
    if not made.rowcount:
        raise Conflict(
            "PAPER-SAVED", "Somebody else saved this template a moment ago; look at it first."
        )
    about = {"unit": unit, "form": form, "version": number}
    audit.write(conn, actor, "paper.template_saved", about)
    return version(conn, unit, form, number)


def use(
    conn: psycopg.Connection[Any], actor: audit.Acting, unit: str, form: str, number: int
) -> Version:
    """Print with this version from now on; an older one is put back the same way. Papers already out do not change.

    0 goes back to what comes with the program: the declared text, or the letterhead made from the list of agencies.
    """
    if number == 0:
        return _use_declared(conn, actor, unit, form)
    chosen = version(conn, unit, form, number)
    check(form, chosen.text)
    conn.execute(
        "UPDATE dossiers.template SET used_by = %s, used_from = %s WHERE unit = %s AND form = %s AND version = %s",
        [actor.id, clock.now(), unit, form, number],
    )
    audit.write(conn, actor, "paper.template_used", {"unit": unit, "form": form, "version": number})
    return version(conn, unit, form, number)


def _use_declared(
    conn: psycopg.Connection[Any], actor: audit.Acting, unit: str, form: str
) -> Version:
    if form != letterhead.FORM:
        places.form(form)
    now = clock.now()
    conn.execute(
        "INSERT INTO dossiers.template (unit, form, version, text, saved_by, saved_at, used_by, used_from)"
        " VALUES (%(unit)s, %(form)s, 0, '', %(who)s, %(now)s, %(who)s, %(now)s)"
        " ON CONFLICT (unit, form, version) DO UPDATE SET used_by = %(who)s, used_from = %(now)s",
        {"unit": unit, "form": form, "who": actor.id, "now": now},
    )
    audit.write(conn, actor, "paper.template_used", {"unit": unit, "form": form, "version": 0})
    return Version(unit=unit, form=form, version=0, text="", used_by=actor.id, used_from=now)


def _put_back(zero: Version) -> Version:
    """The declared text, with who went back to it and when."""
    text = declared(zero.form)
    return msgspec.structs.replace(text, used_by=zero.used_by, used_from=zero.used_from)


def check(form: str, text: str) -> Template | Letterhead:
    """What a text says; raises TemplateRefused or Refused when it cannot be used."""
    if form == letterhead.FORM:
        return letterhead.parse(text)
    places.form(form)
    return template.parse(form, text)


_COLUMNS = ", ".join(Version.__struct_fields__)


def _read(conn: psycopg.Connection[Any], where: str, values: list[Any]) -> list[Version]:
    statement = f"SELECT {_COLUMNS} FROM dossiers.template WHERE {where}"  # noqa: S608 - both are written above
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Version(**row) for row in cursor.execute(statement, values).fetchall()]
