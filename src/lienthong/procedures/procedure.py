"""One administrative procedure in one version: everything that Decree 63/2010 Art. 8.2 asks, and how sure each part is.

A procedure is complete when it has name, steps, manner, components and number of sets, time limit, subjects and
settling agency, and where they apply form, result, conditions and fees. What no source says is None or empty and is
shown as unknown. Types are drafted, published with dates, replaced, never edited.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import msgspec

from lienthong.errors import Refused
from lienthong.findings import LANGUAGES, Text

CODE = re.compile(r"^[123]\.\d{6}$")
"""A national code: the same in every province; what local systems append is cut off by `national_code`."""

Level = Literal["ministry", "province", "commune", "facility", "social_insurance"]
Online = Literal["full", "partial", "information", "unknown"]
Channel = Literal["any", "direct", "online", "post"]
LimitUnit = Literal["working_days", "days", "months", "working_hours", "hours", "immediate"]
Partial = Literal["presence", "inspection", "incident", "technical"]
"""The four reasons that Decree 224/2026 Art. 14 allows for a service that is not full-process."""
Evidence = Literal["attested", "inferred", "recalled"]

MANDATORY = (
    "name", "steps", "manner", "components", "sets", "limit", "subjects", "authority",
)  # fmt: skip
"""What Decree 63/2010 Art. 8.2 asks of every procedure, in the order of the law."""

MARKED = (*MANDATORY, "forms", "results", "conditions", "fees", "supplement", "start", "roles", "uuid",
          "online", "decentralised", "legal_basis", "decision")  # fmt: skip
"""The parts that may carry a mark of how sure they are."""

WHERE_THEY_APPLY = ("forms", "results", "conditions", "fees")
"""What Art. 8.2(h) asks where it applies: absent means that no source says, not that there is none."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the parts of a procedure."""


class Mark(Part, frozen=True, kw_only=True):
    """How sure a part is and where it stands: attested by its source, inferred by us, or recalled."""

    evidence: Evidence
    source: str = ""


class Competence(Part, frozen=True, kw_only=True):
    """An agency that settles, and for whom: one code may have several (1.012279 has four)."""

    agency: str
    code: str = ""
    level: Level | None = None
    applies: str = ""


class TimeLimit(Part, frozen=True, kw_only=True):
    """How long settling may take: by case and by stage, with the text that says so.

    `clock` tells parallel clocks apart (normal, urgent); `stage` a part inside the whole (paper, on site).
    """

    value: float = 0
    unit: LimitUnit
    case: str = ""
    stage: str = ""
    clock: str = "normal"
    basis: str = ""


class Fee(Part, frozen=True, kw_only=True):
    """A fee or charge in dong; `case` where it depends on the case."""

    amount: int
    code: str = ""
    name: Text = {}
    case: str = ""
    basis: str = ""


class Manner(Part, frozen=True, kw_only=True):
    """One channel with its own time limits and fees (the Portal keeps them by channel).

    A channel without limits of its own has those of `any`.
    """

    channel: Channel = "any"
    where: str = ""
    limits: tuple[TimeLimit, ...] = ()
    fees: tuple[Fee, ...] | None = None
    """None: no source says; empty: said to be free."""


class Component(Part, frozen=True, kw_only=True):
    """One paper of the dossier.

    `data` names the database that already holds it, `form` its form by decree, annex and number.
    """

    name: Text
    code: str = ""
    case: str = ""
    originals: int | None = None
    copies: int | None = None
    required: bool | None = None
    form: str = ""
    data: str = ""
    data_basis: str = ""
    result_code: str = ""


class Supplement(Part, frozen=True, kw_only=True):
    """How a supplement is asked: by when, how long the applicant has, how often, and what happens then.

    Nothing within `answer_within`, or a round more than `rounds`: the dossier lapses.
    """

    case: str = ""
    clock: str = "normal"
    ask_within: TimeLimit | None = None
    answer_within: TimeLimit | None = None
    then: TimeLimit | None = None
    rounds: int | None = None
    basis: str = ""


class Step(Part, frozen=True, kw_only=True):
    """One step of the internal process: who, how long (half days are real), which forms."""

    name: Text
    role: str = ""
    text: str = ""
    limit: TimeLimit | None = None
    forms: tuple[str, ...] = ()
    case: str = ""


class Result(Part, frozen=True, kw_only=True):
    """What comes out: a paper with a code, or a publication."""

    name: Text
    code: str = ""
    kind: Literal["paper", "publication"] = "paper"
    valid: str = ""


class Decision(Part, frozen=True, kw_only=True):
    """The decision that publishes a procedure."""

    number: str
    decided: date | None = None
    effective: date | None = None
    agency: str = ""


class Procedure(Part, frozen=True, kw_only=True):
    """A procedure as one published version says it.

    `evidence` names the kinds of source behind the whole, `marks` how sure single parts are. `receiving` is where a
    dossier is handed in, `start` the text that says when the clock starts, `supplement` how a supplement is asked
    unless `own_supplements` has one of that case or clock. `related` and `chained` are codes of other procedures.
    """

    name: Text
    code: str = ""
    uuid: str = ""
    kind: str = ""
    publisher: str = ""
    field: str = ""
    field_code: str = ""
    subfield: str = ""
    levels: tuple[Level, ...] = ()
    authority: str = ""
    competent: tuple[Competence, ...] = ()
    coordinating: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    receiving: str = ""
    subjects: tuple[str, ...] = ()
    manners: tuple[Manner, ...] = ()
    start: str = ""
    components: tuple[Component, ...] = ()
    sets: int | None = None
    supplement: Supplement | None = None
    own_supplements: tuple[Supplement, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[Result, ...] = ()
    conditions: str = ""
    legal_basis: tuple[str, ...] = ()
    online: Online = "unknown"
    partial_reason: Partial | None = None
    decision: Decision | None = None
    decentralised: bool | None = None
    decentralised_basis: str = ""
    limit_text: str = ""
    fee_text: str = ""
    related: tuple[str, ...] = ()
    chained: tuple[str, ...] = ()
    keywords: str = ""
    successor: str = ""
    standing: str = "unknown"
    evidence: tuple[str, ...] = ()
    marks: dict[str, Mark] = {}
    sources: tuple[str, ...] = ()
    translations: dict[str, Text] = {}
    """Texts that are kept in Vietnamese alone, by that text, in other languages: our translation, never official."""

    @property
    def limits(self) -> tuple[TimeLimit, ...]:
        """The time limits of all channels."""
        return tuple(limit for manner in self.manners for limit in manner.limits)

    @property
    def free(self) -> bool | None:
        """Whether nothing is to be paid; None when no source says."""
        said = [manner.fees for manner in self.manners if manner.fees is not None]
        return None if not said else not any(fee.amount for fees in said for fee in fees)

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms that components and steps name, each once: decree, annex and number."""
        named = [one.form for one in self.components if one.form]
        return tuple(dict.fromkeys([*named, *(form for step in self.steps for form in step.forms)]))

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases that limits, components or supplements tell apart, each once."""
        named = [limit.case for limit in self.limits]
        named += [component.case for component in self.components]
        named += [supplement.case for supplement in self.own_supplements]
        return tuple(dict.fromkeys(case for case in named if case))

    @property
    def clocks(self) -> tuple[str, ...]:
        """The parallel clocks of its limits (normal, urgent), each once."""
        return tuple(dict.fromkeys(limit.clock for limit in self.limits))

    @property
    def texts(self) -> tuple[str, ...]:
        """What is said in Vietnamese alone and what a reader of another language wants to know, each once."""
        said = [self.conditions, self.start, self.receiving, *self.subjects]
        said += [] if self.limits else [self.limit_text]
        said += [] if self.free is not None else [self.fee_text]
        said += [
            *self.cases,
            *(limit.stage for limit in self.limits),
            *(one.applies for one in self.competent),
        ]
        said += [text for step in self.steps for text in (step.role, step.text, step.case)]
        said += [result.valid for result in self.results]
        said += [part.name.get("vi", "") for part in self._named if len(part.name) < len(LANGUAGES)]
        return tuple(dict.fromkeys(text for text in said if text))

    @property
    def untranslated(self) -> tuple[str, ...]:
        """Texts of `texts` that lack a language."""
        lacks = [
            text for text in self.texts if len(self.translations.get(text, {})) < len(LANGUAGES) - 1
        ]
        whole = {
            part.name.get("vi", "") for part in self._named if len(part.name) == len(LANGUAGES)
        }
        return tuple(text for text in lacks if text not in whole)

    @property
    def _named(self) -> tuple[Component | Step | Result | Fee, ...]:
        fees = [fee for manner in self.manners for fee in manner.fees or ()]
        return (*self.components, *self.steps, *self.results, *fees)

    def supplement_of(self, case: str = "", clock: str = "normal") -> Supplement | None:
        """How a supplement is asked in that case and on that clock; None when no source says."""
        for wanted in ((case, clock), ("", clock)):
            for one in self.own_supplements:
                if (one.case, one.clock) == wanted:
                    return one
        return self.supplement

    def steps_days(self) -> float | None:
        """The working days of the timed internal steps together; None unless all use them, for one case."""
        timed = [step.limit for step in self.steps if step.limit]
        if len({step.case for step in self.steps if step.limit}) > 1:
            return None
        if not timed or any(limit.unit != "working_days" for limit in timed):
            return None
        return sum(limit.value for limit in timed)

    @property
    def stale(self) -> bool:
        """Whether its sources say that it was abolished or probably replaced: an editor has to decide."""
        return self.standing in ("abolished", "likely_replaced", "legal_basis_replaced")

    def missing(self) -> tuple[str, ...]:
        """Which of MANDATORY no source has given yet."""
        parts = {
            "name": bool(self.name.get("vi")),
            "steps": bool(self.steps),
            "manner": any(manner.channel != "any" for manner in self.manners),
            "components": bool(self.components),
            "sets": self.sets is not None,
            "limit": bool(self.limits),
            "subjects": bool(self.subjects),
            "authority": bool(self.authority or self.competent),
        }
        return tuple(name for name in MANDATORY if not parts[name])

    def unsaid(self) -> tuple[str, ...]:
        """Which of WHERE_THEY_APPLY no source mentions."""
        parts = {
            "forms": bool(self.forms),
            "results": bool(self.results),
            "conditions": bool(self.conditions),
            "fees": self.free is not None,
        }
        return tuple(name for name in WHERE_THEY_APPLY if not parts[name])


def national_code(text: str) -> str:
    """The national code inside what a system writes ('3.000181.000.00.00.H22'); raises Refused when there is none."""
    code = text.strip()[:8]
    if not CODE.match(code) or (len(text.strip()) > 8 and text.strip()[8] != "."):
        raise Refused(
            "PROCEDURE-CODE",
            "“%(written)s” is no procedure code; it looks like 1.012279.",
            written=text[:40],
        )
    return code
