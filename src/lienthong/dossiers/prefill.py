"""Nobody is asked what the state knows: a form is filled from the databases, each value with where it comes from.

Sources that do not agree are all shown and none is chosen. A component that a database already holds need not be
handed in; where no database holds anything that is said, and the paper is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import clock
from lienthong.access import Actor
from lienthong.dossiers import sources
from lienthong.dossiers.forms import Form, FormField, Values, fields
from lienthong.dossiers.sources import Declared, Row
from lienthong.findings import Text
from lienthong.procedures.procedure import Component, Procedure

PURPOSE = "procedure"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One value with its source: `place` is database.table.FIELD, `key` its record, `as_of` since when it holds."""

    value: str
    place: str
    key: str
    sender: str
    as_of: datetime

    @property
    def label(self) -> Text:
        """The table as officials call it."""
        return sources.label(self.place)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the databases say of one field (`input` as in forms): the answers that hold today."""

    input: str
    answers: tuple[Answer, ...]

    @property
    def conflict(self) -> bool:
        """Whether they do not agree: then a person chooses."""
        return len({_alike(one.value) for one in self.answers}) > 1

    @property
    def value(self) -> str:
        """The value to fill in; empty when the sources do not agree."""
        return "" if self.conflict else self.answers[0].value


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A component that a database of ours answers, and what it holds.

    held: need not be handed in. ended: a record is there and holds no more. nothing: the database was asked and has
    none. unknown: it could not be asked (no key was given, or nothing was ever sent there).
    """

    component: str
    name: str
    place: str
    state: Literal["held", "ended", "nothing", "unknown"]
    key: str = ""
    sender: str = ""
    as_of: datetime | None = None
    basis: str = ""
    evidence: str = "inferred"

    @property
    def label(self) -> Text:
        """The table as officials call it."""
        return sources.label(self.place)


class Prefilled(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for a form. `silent` are the tables that could not be asked, `empty` those without an answer."""

    offers: dict[str, Offer] = {}
    held: tuple[Held, ...] = ()
    empty: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, Text]:
        """The tables that gave no answer, as officials call them."""
        return {
            place: sources.label(place) for place in (*self.empty, *self.silent, *self.withheld)
        }

    def into(self, values: Values) -> Values:
        """The values with what is not yet filled in and not in conflict; what somebody wrote stays."""
        parts = {"applicant": dict(values.applicant), "form": dict(values.form)}
        for input_, offer in self.offers.items():
            part, _, name = input_.partition(".")
            if offer.value and not parts[part].get(name):
                parts[part][name] = offer.value
        return Values(applicant=parts["applicant"], form=parts["form"])


def keys_of(form: Form, values: Values) -> dict[str, str]:
    """The keys that a form's own fields hold: the applicant's personal number, a facility's code, a licence."""
    found: dict[str, str] = {}
    for field in fields(form):
        given = (values.applicant if field.part == "applicant" else values.form).get(field.name)
        if field.asks and given:
            found[field.asks] = given
    return found


def prefill(
    conn: psycopg.Connection[Any],
    actor: Actor | None,
    form: Form,
    keys: Mapping[str, str],
    *,
    procedure: Procedure | None = None,
    purpose: str = PURPOSE,
    home: Path | None = None,
    on: date | None = None,
) -> Prefilled:
    """Ask the databases for a form's fields and a procedure's components; writes the read log.

    `keys` are what is known (declared/dossiers/prefill.yaml: person, licence, facility, facility_licence). The form's
    own person is asked for the form's part, the applicant for theirs: see `for_values`. Raises NotAllowed.
    """
    using = sources.declared(home)
    asked = [field for field in fields(form) if field.prefill]
    components = _components(procedure, using) if procedure else []
    places = [place for field in asked for place in field.prefill]
    wanted = sources.wanted([*places, *(source for _, source in components)], using)
    day = on or clock.today()
    found = sources.look(conn, actor, purpose, wanted, keys, day, using)
    offers = [_offer(field, found) for field in asked]
    return Prefilled(
        offers={one.input: one for one in offers if one.answers},
        held=tuple(_held(one, source, found.get(source), using) for one, source in components),
        empty=tuple(place for place, rows in found.items() if rows == []),
        silent=tuple(place for place, rows in found.items() if rows is None),
        withheld=tuple(
            dict.fromkeys(
                row.place for rows in found.values() for row in rows or () if row.withheld
            )
        ),
    )


def for_values(
    conn: psycopg.Connection[Any],
    actor: Actor | None,
    form: Form,
    values: Values,
    *,
    procedure: Procedure | None = None,
    purpose: str = PURPOSE,
    home: Path | None = None,
) -> Prefilled:
    """Prefill by the keys that stand in the form itself: the applicant's part by the applicant's own number, the
    form's part by the number, licence or facility that the form names (a mother files for her child)."""
    own = {
        f.asks: v
        for f in fields(form)
        if f.part == "form" and f.asks and (v := values.form.get(f.name))
    }
    number = values.applicant.get("number", "")
    applicant = (
        {"person": number}
        if values.applicant.get("number_kind", "cccd") == "cccd" and number
        else {}
    )
    first = (
        prefill(conn, actor, form, applicant, purpose=purpose, home=home)
        if applicant
        else Prefilled()
    )
    about = own if "person" in own else applicant | own
    if not about:
        return first
    second = prefill(conn, actor, form, about, procedure=procedure, purpose=purpose, home=home)
    offers = {name: one for name, one in first.offers.items() if name.startswith("applicant.")}
    offers |= {name: one for name, one in second.offers.items() if name.startswith("form.")}
    return msgspec.structs.replace(second, offers=offers)


def _offer(field: FormField, found: Mapping[str, list[Row] | None]) -> Offer:
    answers: list[Answer] = []
    for place in field.prefill:
        table, _, name = place.rpartition(".")
        for row in found.get(table) or ():
            value = as_form(field, row.cells.get(name, ""))
            if value and row.holds and not row.withheld:
                answers.append(
                    Answer(
                        value=value, place=place, key=row.key, sender=row.sender, as_of=row.as_of
                    )
                )
    return Offer(input=field.input, answers=tuple(answers))


def as_form(field: FormField, text: str) -> str:
    """A value of a database as the form writes it: digits of a day as year-month-day; half a day is none."""
    plain = text.strip()
    if field.kind != "date" or not plain:
        return plain
    digits = re.sub(r"\D", "", plain)[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).isoformat()
    except ValueError:
        return ""


def _alike(value: str) -> str:
    """Values are the same when only capitals, spaces or the way of composing letters differ."""
    return " ".join(unicodedata.normalize("NFC", value).casefold().split())


def _components(procedure: Procedure, using: Declared) -> list[tuple[Component, str]]:
    """The components that a database of ours answers: as the procedure says (`data`), else by words of the name."""
    found = []
    for one in procedure.components:
        source = one.data if one.data in using.sources else _by_words(one, using)
        if source:
            found.append((one, source))
    return found


def _by_words(one: Component, using: Declared) -> str:
    name, words = one.name.get("vi", "").casefold(), using.components
    if any(word in name for word in words.never) or one.form:
        return ""
    if any(word in name for word in words.originals) and not any(w in name for w in words.copies):
        return ""
    return next(
        (held.source for held in words.held if any(word in name for word in held.words)), ""
    )


def _held(one: Component, source: str, rows: Sequence[Row] | None, using: Declared) -> Held:
    known = [row for row in rows or () if not row.withheld]
    best = next((row for row in known if row.holds), known[0] if known else None)
    state: Literal["held", "ended", "nothing", "unknown"] = "unknown" if rows is None else "nothing"
    if best is not None:
        state = "held" if best.holds else "ended"
    return Held(
        component=one.code,
        name=one.name.get("vi", ""),
        place=source,
        state=state,
        key=best.key if best else "",
        sender=best.sender if best else "",
        as_of=best.as_of if best else None,
        basis=one.data_basis or using.components.basis,
        evidence="attested" if one.data_basis else using.components.evidence,
    )
