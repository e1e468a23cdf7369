"""Forms, the service index and the bridge for programs: the numbers of the pages, exact, up to a named event."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.api.report_answers import (
    Basis,
    BridgeAnswer,
    Compared,
    ComparedAnswer,
    CompetenceLine,
    DossierAnswer,
    FormAnswer,
    FormLine,
    IndexAnswer,
    OptionAnswer,
    PointsAnswer,
)
from lienthong.contracts.codes import Codes
from lienthong.reports import forms, index766, making, opening
from lienthong.reports.cells import Among
from lienthong.reports.making import Asked
from lienthong.reports.measures import Measured
from lienthong.reports.period import parse
from lienthong.settings import Settings

READ = {"action": "report.read"}
Period = Annotated[
    str, Parameter(description="2026-11, 2026-Q4, 2026-H2, 2026 or 2026-09-15..2026-12-14.")
]
PLACES = 12
TRIED = "read."


def _ask(
    conn: Any, codes: Codes, settings: Settings, period: str, unit: str, province: str, **readings: str
) -> tuple[Asked, Basis]:  # fmt: skip
    among = Among(unit=unit, province=province)
    asked, upto = making.asking(conn, parse(period), among, codes, settings.home, readings)
    basis = Basis(
        period=asked.period.code, first=asked.period.first, last=asked.period.last, unit=unit, province=province,
        position=upto.position, waiting=upto.waiting,
    )  # fmt: skip
    return asked, basis


def _line(one: making.Lined, label: Any) -> FormLine:
    numbers = dict(zip(forms.COLUMNS, one.row.columns(), strict=True))
    return FormLine(line=one.line, level=one.level, label=dict(label), **numbers)


@get(
    "/reports/forms/{form:str}",
    opt=READ,
    sync_to_thread=True,
    summary="Form II.06a, II.06b or II.07b",
)
def form(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    form: str,
    period: Period,
    unit: str = "",
    province: str = "",
) -> FormAnswer:
    """The lines of a form for any period, agency or province."""
    making.form_named(form)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, basis = _ask(conn, codes, settings, period, unit, province)
        follows = asked.follows
        if form == "II.07b":
            found = making.competence(conn, asked)
            names = follows.province_names
            lines = [
                CompetenceLine(line=n, label=dict(names.get(n, {})), columns=row.columns())
                for n, row in found.items()
            ]
            return FormAnswer(form=form, basis=basis, lines=[], procedures=lines)
        made = making.form(conn, form, asked)
    labels = follows.unit_names if form == "II.06a" else {}
    return FormAnswer(
        form=form,
        basis=basis,
        lines=[_line(o, labels.get(o.line, {})) for o in made.lines if not o.heading],
        total=_line(making.Lined(line="", row=made.total), {}),
    )


@get(
    "/reports/index766",
    opt=READ,
    sync_to_thread=True,
    summary="The service index of Decision 766/QĐ-TTg",
)
def index(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    period: Period,
    unit: str = "",
    province: str = "",
) -> IndexAnswer:
    """Every indicator with share, terms in force and points. `read.<option>=<reading>` tries another reading."""
    tried = {
        name.removeprefix(TRIED): value
        for name, value in request.query_params.items()
        if name.startswith(TRIED)
    }
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, basis = _ask(conn, codes, settings, period, unit, province, **tried)
        found = making.index(conn, asked)
    made = found.index
    return IndexAnswer(
        basis=basis,
        definition=made.edition.definition,
        points=str(index766.shown(made.points, PLACES)),
        known=str(made.known),
        most=str(made.most),
        band=made.band,
        dossiers=found.dossiers,
        undecided=found.undecided,
        average_days=found.average_days,
        indicators=[_points(one, found) for one in made.indicators],
        options=[
            OptionAnswer(
                code=o.code, label=o.label, value=o.value, since=o.since, evidence=o.evidence, source=o.source,
                choices=[choice.code for choice in o.choices],
            )
            for o in made.edition.options
        ],
    )  # fmt: skip


def _points(one: index766.Points, found: Measured) -> PointsAnswer:
    rule = one.rule
    return PointsAnswer(
        code=rule.code, label=rule.label, formula=rule.formula, measure=rule.measure, max=str(rule.max),
        threshold=str(rule.threshold), since=rule.since, evidence=rule.evidence, source=rule.source,
        numerator=one.numerator, denominator=one.denominator, unsaid=found.unsaid(rule.measure),
        points=None if one.points is None else str(index766.shown(one.points, PLACES)),
        exact=None if one.points is None else str(one.points),
    )  # fmt: skip


@get(
    "/reports/index766/provinces",
    opt=READ,
    sync_to_thread=True,
    summary="The index of all provinces",
)
def provinces(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, period: Period
) -> ComparedAnswer:
    """The provinces side by side, ranked by points won of points that could be measured."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, basis = _ask(conn, codes, settings, period, "", "")
        found = making.compared(conn, asked)
    ranks, names = making.ranked(found), asked.follows.province_names
    lines = [
        Compared(
            province=name, label=dict(names.get(name, {})), rank=ranks.get(name),
            points=str(index766.shown(one.index.points, PLACES)), known=str(one.index.known), dossiers=one.dossiers,
            groups={
                group.code: str(index766.shown(group.points, PLACES)) if group.known else None
                for group in one.index.groups()
            },
        )
        for name, one in found.items()
    ]  # fmt: skip
    lines.sort(key=lambda line: (line.rank or 999, line.province))
    return ComparedAnswer(basis=basis, provinces=lines)


@get("/reports/bridge", opt=READ, sync_to_thread=True, summary="Why forms and index differ")
def bridge(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    period: Period,
    unit: str = "",
    province: str = "",
) -> BridgeAnswer:
    """Both projections of the same dossiers, and the groups that explain the difference."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, basis = _ask(conn, codes, settings, period, unit, province)
        found = opening.bridge(conn, asked)
    return BridgeAnswer(basis=basis, **found)


@get(
    "/reports/dossiers",
    opt={"action": "dossier.list"},
    sync_to_thread=True,
    summary="Dossiers behind a number",
)
def dossiers(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    cell: str,
    period: Period,
    unit: str = "",
    province: str = "",
    field: str = "",
    level: str = "",
    after: str = "",
    limit: int = 100,
) -> DossierAnswer:
    """The dossiers that a cell counts, without applicants, those that the actor may list."""
    about = {k: v for k, v in {"sender": unit, "province": province}.items() if v}
    most = limited(limit)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, basis = _ask(conn, codes, settings, period, unit, province)
        permit = policy.allow(conn, actor, "dossier.list", about)
        lines = opening.dossiers(
            conn, permit, asked, cell, field=field, level=level, after=after, limit=most
        )
    return DossierAnswer(
        basis=basis,
        cell=cell,
        dossiers=lines,
        after=lines[-1].code if len(lines) == most else None,
    )


@get(
    "/reports/{what:str}/file/{kind:str}",
    opt=READ,
    sync_to_thread=True,
    summary="A report as XLSX or PDF",
)
def file(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    what: str,
    kind: str,
    period: Period,
    unit: str = "",
    province: str = "",
) -> Response[bytes]:
    """II.06a, II.06b, II.07b or 766 in the shape of the official form."""
    making.kind_of(kind)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, _ = _ask(conn, codes, settings, period, unit, province)
        sheet = making.sheet(conn, what, asked)
    data = making.written(sheet, kind, clock.now(), settings.home)
    return Response(data, media_type=making.media(kind))


ROUTES = [form, index, provinces, bridge, dossiers, file]
