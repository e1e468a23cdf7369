"""What the API answers about reports: every number with what it was counted from."""

from __future__ import annotations

from datetime import date

import msgspec

from lienthong.findings import Text
from lienthong.reports.counting import Line


class Basis(msgspec.Struct, kw_only=True):
    """Of which days, whose, counted up to which event; `waiting` dossiers have newer ones."""

    period: str
    first: date
    last: date
    unit: str
    province: str
    position: int
    waiting: int


class FormLine(msgspec.Struct, kw_only=True):
    """One line of form II.06 with its columns (3) to (13); `level` of procedures in II.06b."""

    line: str
    level: str
    label: Text
    received: int
    received_online: int
    received_other: int
    carried_over: int
    resolved: int
    early: int
    on_time: int
    late: int
    in_process: int
    within: int
    overdue: int


class CompetenceLine(msgspec.Struct, kw_only=True):
    """One line of form II.07b with its columns (3) to (14); null is unknown."""

    line: str
    label: Text
    columns: tuple[int | None, ...]


class FormAnswer(msgspec.Struct, kw_only=True):
    """A form: `lines` of II.06 with their sum, `procedures` of II.07b."""

    form: str
    basis: Basis
    lines: list[FormLine]
    procedures: list[CompetenceLine] = []
    total: FormLine | None = None


class PointsAnswer(msgspec.Struct, kw_only=True):
    """One indicator: `points` with twelve places, `exact` as a fraction; null is not measured."""

    code: str
    label: Text
    formula: Text
    measure: str
    max: str
    threshold: str
    since: date
    evidence: str
    source: str
    numerator: int | None
    denominator: int | None
    unsaid: int | None
    points: str | None
    exact: str | None


class OptionAnswer(msgspec.Struct, kw_only=True):
    """One open point and how it is read."""

    code: str
    label: Text
    value: str
    since: date
    evidence: str
    source: str
    choices: list[str]


class IndexAnswer(msgspec.Struct, kw_only=True):
    """The index of one authority: `known` is the most that what was measured could give."""

    basis: Basis
    definition: str
    points: str
    known: str
    most: str
    band: Text
    dossiers: int
    undecided: int
    average_days: float | None
    indicators: list[PointsAnswer]
    options: list[OptionAnswer]


class Compared(msgspec.Struct, kw_only=True):
    """One province among the others."""

    province: str
    label: Text
    rank: int | None
    points: str
    known: str
    dossiers: int
    groups: dict[str, str | None]


class ComparedAnswer(msgspec.Struct, kw_only=True):
    """The provinces of the period, the best first."""

    basis: Basis
    provinces: list[Compared]


class BridgeAnswer(msgspec.Struct, kw_only=True):
    """The classes of the forms, of indicator 2.1, the groups between them, what the Portal holds, sums; in dossiers."""

    basis: Basis
    law: dict[str, int]
    portal: dict[str, int]
    groups: dict[str, int]
    on_portal: dict[str, int]
    sums: dict[str, int]


class DossierAnswer(msgspec.Struct, kw_only=True):
    """Dossiers behind a number; `after` is what to ask the next page with."""

    basis: Basis
    cell: str
    dossiers: list[Line]
    after: str | None
