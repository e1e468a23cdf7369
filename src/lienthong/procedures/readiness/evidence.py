"""What the catalogue itself says about a gate. It is shown as evidence to whoever decides and never sets a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from lienthong.findings import Text
from lienthong.procedures.procedure import Procedure
from lienthong.words import in_every_language


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about a gate: `lacks` speaks against it being ready, `has` for it, `asks` needs a look."""

    gate: str
    kind: Literal["lacks", "has", "asks"]
    sentence: Text


PARTS = {
    "name": ("legal", "The catalogue has no name for it."),
    "steps": ("process", "No source gives the steps (Decree 63/2010 Art. 8)."),
    "manner": (
        "process",
        "No source gives the manner of filing by channel (Decree 63/2010 Art. 8).",
    ),
    "components": (
        "form",
        "No source gives the components of the dossier (Decree 63/2010 Art. 8).",
    ),
    "sets": ("form", "No source gives the number of sets (Decree 63/2010 Art. 8)."),
    "limit": ("process", "No source gives a time limit (Decree 63/2010 Art. 8)."),
    "subjects": ("legal", "No source says who may ask for it (Decree 63/2010 Art. 8)."),
    "authority": ("legal", "No source says which agency settles it (Decree 63/2010 Art. 8)."),
}
"""Each mandatory part of the law, the gate it belongs to, and what its lack means."""


def evidence(procedure: Procedure, ended: Iterable[tuple[str, str]] = ()) -> list[Fact]:
    """What the catalogue's version says for and against each gate, in the order of the gates.

    `ended` names documents of its legal basis that no longer hold or are suspended, and which one decides it.
    """
    found = [
        fact for look in (_parts, _legal, _form, _data, _technical) for fact in look(procedure)
    ]
    found += [_ended(number, by) for number, by in ended]
    order = ("legal", "process", "form", "data", "technical", "test", "open")
    return sorted(found, key=lambda fact: order.index(fact.gate))


def _fact(gate: str, kind: Literal["lacks", "has", "asks"], sentence: Text) -> Fact:
    return Fact(gate=gate, kind=kind, sentence=sentence)


def _parts(one: Procedure) -> Iterator[Fact]:
    lacking = one.missing()
    for part in lacking:
        gate, sentence = PARTS[part]
        yield _fact(gate, "lacks", in_every_language(sentence))
    if not lacking:
        yield _fact(
            "legal",
            "has",
            in_every_language("All mandatory parts of Decree 63/2010 Art. 8 are in the catalogue."),
        )


def _legal(one: Procedure) -> Iterator[Fact]:
    if one.decision is None or not one.decision.number:
        yield _fact(
            "legal",
            "lacks",
            in_every_language("The catalogue knows no decision that publishes it."),
        )
    else:
        yield _fact(
            "legal",
            "has",
            in_every_language("Published by decision %(number)s.", number=one.decision.number),
        )
    if not one.legal_basis:
        yield _fact("legal", "lacks", in_every_language("The catalogue names no legal basis."))
    if one.standing == "likely_replaced":
        yield _fact(
            "legal",
            "asks",
            in_every_language(
                "It was probably replaced by another code; check before work begins."
            ),
        )
    if one.standing == "abolished":
        yield _fact("legal", "lacks", in_every_language("Sources say that it is abolished."))


def _ended(number: str, by: str) -> Fact:
    if by:
        said = in_every_language(
            "Its legal basis %(number)s no longer holds: see %(by)s.", number=number, by=by
        )
    else:
        said = in_every_language("Its legal basis %(number)s no longer holds.", number=number)
    return _fact("legal", "lacks", said)


def _form(one: Procedure) -> Iterator[Fact]:
    if not one.components:
        return
    with_form = sum(bool(part.form) for part in one.components)
    said: Callable[[str], Text] = lambda sentence: in_every_language(  # noqa: E731
        sentence, count=with_form, of=len(one.components)
    )
    if with_form:
        yield _fact("form", "has", said("%(count)s of %(of)s components name their form."))
    else:
        yield _fact("form", "asks", said("None of the %(of)s components names a form."))


def _data(one: Procedure) -> Iterator[Fact]:
    replaced = sum(bool(part.data) for part in one.components)
    if replaced:
        yield _fact(
            "data",
            "asks",
            in_every_language(
                "%(count)s components are replaced by data; the connection must exist.",
                count=replaced,
            ),
        )
    if one.results and not any(result.code for result in one.results):
        yield _fact("data", "lacks", in_every_language("The result has no code yet."))
    if not one.results:
        yield _fact("data", "lacks", in_every_language("The catalogue names no result."))


def _technical(one: Procedure) -> Iterator[Fact]:
    if one.uuid:
        yield _fact("technical", "has", in_every_language("Its identity on the Portal is known."))
    else:
        yield _fact(
            "technical",
            "lacks",
            in_every_language("Its identity on the Portal (UUID) is not known."),
        )
    if one.online == "unknown":
        yield _fact(
            "technical", "asks", in_every_language("No source says at which level it is online.")
        )
