"""Which weights, thresholds and readings of the service index hold on a day: dated data, changed by officials.

Declared in declared/index766.yaml; lines of LIENTHONG_HOME/index766.yaml come after them. A term holds from its day
until the next one of the same code begins, so a change touches later periods only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from lienthong.errors import NotFound, Refused
from lienthong.findings import Text
from lienthong.reports import period as periods
from lienthong.reports.cells import Reading
from lienthong.reports.period import Period

Zero = Literal["full", "none", "unknown"]
Evidence = Literal["attested", "inferred", "recalled"]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a name in three languages."""

    vi: str = ""
    en: str = ""
    fr: str = ""

    @property
    def label(self) -> Text:
        """The name."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Basis(Words, frozen=True, kw_only=True):
    """The text that sets the index, from a day on."""

    from_: date = msgspec.field(name="from")


class Band(Words, frozen=True, kw_only=True):
    """A word for a number of points."""

    from_: date = msgspec.field(name="from")
    at: int
    evidence: Evidence = "recalled"


class Group(Words, frozen=True, kw_only=True):
    """One of the five groups."""

    code: str
    max: int


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """Weight and threshold of an indicator from a day on; what is not said stays as it was before.

    `days`: working days of a rule that has them, of the ministry and elsewhere.
    """

    from_: date = msgspec.field(name="from")
    max: int | str | None = None
    threshold: str | float | None = None
    zero: Zero | None = None
    days: dict[str, int] | None = None
    evidence: Evidence = "recalled"
    source: str = ""


class Indicator(Words, frozen=True, kw_only=True):
    """One indicator as declared, with its terms."""

    code: str
    measure: str = ""
    formula: Text = {}
    lacks: Text = {}
    """What is missing when it cannot be measured."""
    terms: tuple[Term, ...] = ()


class Choice(Words, frozen=True, kw_only=True):
    """One reading of an open point."""

    code: str


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The reading that holds from a day on, who says so and how sure it is."""

    from_: date = msgspec.field(name="from")
    value: str
    evidence: Evidence = "recalled"
    source: str = ""


class Option(Words, frozen=True, kw_only=True):
    """A point that the formula document leaves open."""

    code: str
    choices: tuple[Choice, ...] = ()
    values: tuple[Chosen, ...] = ()


class There(msgspec.Struct, frozen=True, kw_only=True):
    """How many dossiers the Portal counts as received in a period, of the nation or of a province or an agency.

    Nothing that the Portal answers to a program gives it: an official writes down what its own pages show.
    """

    period: str
    received: int
    province: str = ""
    unit: str = ""
    evidence: Evidence = "attested"
    source: str = ""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the index."""

    basis: tuple[Basis, ...] = ()
    bands: tuple[Band, ...] = ()
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    received_there: tuple[There, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator as it holds on a day."""

    code: str
    label: Text
    formula: Text
    measure: str
    max: Fraction
    threshold: Fraction
    zero: Zero
    since: date
    evidence: str
    source: str
    days: dict[str, int] = {}
    lacks: Text = {}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One option as it holds on a day."""

    code: str
    label: Text
    choices: tuple[Choice, ...]
    value: str
    since: date
    evidence: str
    source: str

    @property
    def said(self) -> Text:
        """The name of the reading that holds."""
        return next(choice.label for choice in self.choices if choice.code == self.value)


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """The index as it holds on a day."""

    on: date
    basis: Text
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]
    options: tuple[Held, ...]
    bands: tuple[Band, ...]
    received_there: Mapping[tuple[str, str], There] = {}

    def option(self, code: str) -> str:
        """The reading of an open point."""
        return next(one.value for one in self.options if one.code == code)

    @property
    def reading(self) -> Reading:
        """The readings that decide how one dossier is judged."""
        return Reading(**{name: self.option(name) for name in Reading.__struct_fields__})

    @property
    def definition(self) -> str:
        """Short text that is the same as long as weights, thresholds, zeros and readings are."""
        held = [
            *(
                f"{r.code}={r.measure}:{r.max}:{r.threshold}:{r.zero}:{sorted(r.days.items())}"
                for r in self.rules
            ),
            *(f"{o.code}={o.value}" for o in self.options),
        ]
        return "766-" + hashlib.sha256("\n".join(held).encode()).hexdigest()[:12]

    def read_as(self, readings: Mapping[str, str]) -> Edition:
        """The same edition under other readings, to see what they would give; raises NotFound for one there is not."""
        options = []
        for one in self.options:
            value = readings.get(one.code) or one.value
            if value not in {choice.code for choice in one.choices}:
                raise NotFound(
                    "INDEX-OPTION", "Option %(name)s has no reading %(value)s; there are: %(choices)s.",
                    name=one.code, value=value[:40], choices=", ".join(c.code for c in one.choices),
                )  # fmt: skip
            options.append(msgspec.structs.replace(one, value=value))
        return msgspec.structs.replace(self, options=tuple(options))


def parse(*texts: str) -> Declared:
    """The index of several YAML texts, the later over the earlier; raises Refused naming what is wrong."""
    import yaml

    whole = Declared()
    for text in texts:
        try:
            one = msgspec.convert(yaml.safe_load(text) or {}, Declared, strict=False)
        except (msgspec.ValidationError, yaml.YAMLError) as error:
            raise Refused(
                "INDEX-FILE", "index766.yaml: %(reason)s", reason=str(error)[:200]
            ) from error
        whole = _over(whole, one)
    for indicator in whole.indicators:
        _check(indicator)
    for line in whole.received_there:
        _check_there(line)
    return whole


def _over(before: Declared, after: Declared) -> Declared:
    return Declared(
        basis=before.basis + after.basis,
        bands=before.bands + after.bands,
        groups=tuple({one.code: one for one in (*before.groups, *after.groups)}.values()),
        options=_joined(before.options, after.options, "values"),
        indicators=_joined(before.indicators, after.indicators, "terms"),
        received_there=before.received_there + after.received_there,
    )


def _joined(before: Iterable[Any], after: Iterable[Any], dated: str) -> tuple[Any, ...]:
    """By code: dated lines are added, the rest is taken from the later one where it says something."""
    found = {one.code: one for one in before}
    for one in after:
        old = found.get(one.code)
        if old is None:
            found[one.code] = one
            continue
        said = {
            name: value
            for name in one.__struct_fields__
            if (value := getattr(one, name)) and name != dated
        }
        lines = (*getattr(old, dated), *getattr(one, dated))
        found[one.code] = msgspec.structs.replace(old, **said, **{dated: lines})
    return tuple(found.values())


def _check(indicator: Indicator) -> None:
    try:
        for term in indicator.terms:
            if term.threshold is not None and not 0 < Fraction(str(term.threshold)) <= 1:
                raise ValueError(f"threshold {term.threshold}")
            if term.max is not None and Fraction(str(term.max)) < 0:
                raise ValueError(f"max {term.max}")
    except (ValueError, ZeroDivisionError) as error:
        raise Refused(
            "INDEX-FILE", "index766.yaml: %(reason)s", reason=f"{indicator.code}: {error}"
        ) from error


def _check_there(line: There) -> None:
    try:
        periods.parse(line.period)
    except Refused as error:
        raise Refused("INDEX-FILE", "index766.yaml: %(reason)s", reason=str(error)) from error
    if line.received < 0:
        raise Refused(
            "INDEX-FILE", "index766.yaml: %(reason)s", reason=f"{line.period}: {line.received}"
        )


@lru_cache(maxsize=8)
def _read(path: str, stamp: float) -> Declared:
    texts = [resources.files("lienthong").joinpath("declared", "index766.yaml").read_text("utf-8")]
    if path and stamp:
        texts.append(Path(path).read_text("utf-8"))
    return parse(*texts)


def declared(home: Path | None = None) -> Declared:
    """The index with the official's own lines; a changed file is read again."""
    own = home / "index766.yaml" if home else None
    if own is None or not own.exists():
        return _read("", 0)
    return _read(str(own), own.stat().st_mtime)


def edition(period: Period, known: Declared | None = None) -> Edition:
    """What holds on the last day of a period; raises Refused before the index began."""
    found, day = known or declared(), period.last
    basis = _last(found.basis, day)
    if basis is None:
        raise Refused(
            "INDEX-EDITION", "No edition of the index was in force on %(day)s.", day=f"{day:%d/%m/%Y}"
        )  # fmt: skip
    bands = [one for one in found.bands if one.from_ <= day]
    newest = max((one.from_ for one in bands), default=day)
    return Edition(
        on=day,
        basis=basis.label,
        groups=found.groups,
        rules=tuple(rule for one in found.indicators if (rule := _rule(one, day)) is not None),
        options=tuple(held for one in found.options if (held := _held(one, day)) is not None),
        bands=tuple(sorted((b for b in bands if b.from_ == newest), key=lambda b: -b.at)),
        received_there={
            (one.province, one.unit): one
            for one in found.received_there
            if periods.parse(one.period) == period
        },
    )


def _rule(indicator: Indicator, day: date) -> Rule | None:
    """The terms in force on a day, each over those before it."""
    holding = sorted((t for t in indicator.terms if t.from_ <= day), key=lambda t: t.from_)
    said: dict[str, Any] = {"zero": "unknown", "threshold": "1", "max": 0, "days": {}}
    for term in holding:
        said |= {
            n: v
            for n in ("max", "threshold", "zero", "days")
            if (v := getattr(term, n)) is not None
        }
    if not holding:
        return None
    last = holding[-1]
    return Rule(
        code=indicator.code, label=indicator.label, formula=indicator.formula, measure=indicator.measure,
        max=Fraction(str(said["max"])), threshold=Fraction(str(said["threshold"])), zero=said["zero"],
        since=last.from_, evidence=last.evidence, source=last.source, days=said["days"], lacks=indicator.lacks,
    )  # fmt: skip


def _held(option: Option, day: date) -> Held | None:
    last = _last(option.values, day)
    if last is None:
        return None
    if last.value not in {choice.code for choice in option.choices}:
        raise Refused(
            "INDEX-FILE", "index766.yaml: %(reason)s", reason=f"{option.code}: {last.value}"
        )
    return Held(
        code=option.code, label=option.label, choices=option.choices, value=last.value, since=last.from_,
        evidence=last.evidence, source=last.source,
    )  # fmt: skip


def _last(lines: Iterable[Any], day: date) -> Any:
    """The line in force on a day; of two that begin on the same day the one that was said later."""
    found = None
    for one in lines:
        if one.from_ <= day and (found is None or one.from_ >= found.from_):
            found = one
    return found
