"""Reports that were sent, for programs: sending one, its numbers and files, what each number counted then and today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.api.reports import READ, Period
from lienthong.contracts.codes import Codes
from lienthong.findings import Text
from lienthong.reports import freezing, frozen, making, opening, sent
from lienthong.reports.cells import Among
from lienthong.reports.counting import Line
from lienthong.reports.documents.sheet import Sheet
from lienthong.reports.freezing import Moved
from lienthong.reports.period import parse
from lienthong.reports.procedure_shares import Judged
from lienthong.reports.sent import Sent
from lienthong.settings import Settings

Number = Annotated[int, Parameter(description="Number of the report.", ge=1, le=2**63 - 1)]
Cell = Annotated[
    str, Parameter(description="The number, as `lines` or `indicators` of the report name it.")
]


class ToSend(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which report goes out: II.06a, II.06b, II.07b or 766, of which period, of a unit, a province or all."""

    what: str
    period: str
    unit: str = ""
    province: str = ""


class SentHead(msgspec.Struct, kw_only=True):
    """A report as it went out, without its numbers; it counts up to the event at `position`."""

    number: int
    what: str
    period: str
    first: date
    last: date
    unit: str
    province: str
    position: int
    definition: str
    sha256: str
    sent_by: str
    sent_at: datetime


class SentLine(msgspec.Struct, kw_only=True):
    """A line of a form, the sum last: its numbers by name; null is unknown.

    `unit`, `field` and `level` are what to open a number of dossiers of this line with; `opens` says to what.
    """

    name: str
    numbers: dict[str, int | None]
    opens: str
    unit: str = ""
    field: str = ""
    level: str = ""


class SentIndicator(msgspec.Struct, kw_only=True):
    """One indicator of an index, points as exact fractions; `counts` by the name with which each number opens."""

    code: str
    label: Text
    max: str
    threshold: str
    numerator: int | None
    denominator: int | None
    points: str | None
    counts: dict[str, int]
    opens: str
    differs: bool
    points_today: str | None


class SentReport(SentHead, kw_only=True):
    """A report with its numbers. `sheet` is what `sha256` was made of: its JSON with sorted names and no spaces.

    `changed` tells whether the same question gives other numbers now.
    """

    sheet: Sheet
    lines: list[SentLine] = []
    indicators: list[SentIndicator] = []
    points: str | None = None
    known: str | None = None
    changed: bool


class ThenAndNow(msgspec.Struct, kw_only=True):
    """A number then and today: how many are no longer counted (`left`), how many are new (`came`)."""

    then: int
    now: int
    left: int
    came: int


class SentDossiers(msgspec.Struct, kw_only=True):
    """The dossiers behind a number as they stood then, those that the asker may list; `today` is the whole number.

    `after` is what to ask the next page with. `today` is null where the number is asked no more.
    """

    report: int
    cell: str
    dossiers: list[Line]
    today: ThenAndNow | None
    after: str | None


class SentProcedures(msgspec.Struct, kw_only=True):
    """The procedures behind a number, in the versions of then, and that number today."""

    report: int
    cell: str
    procedures: list[Judged]
    today: ThenAndNow


@get("/reports/sent", opt=READ, sync_to_thread=True, summary="Reports that were sent")
def listed(
    pool: ConnectionPool,
    actor: Actor,
    what: Annotated[str, Parameter(description="II.06a, II.06b, II.07b or 766.")] = "",
    period: Annotated[str, Parameter(description="Of this period only, e.g. 2026-Q4.")] = "",
    before: Annotated[
        int | None, Parameter(description="Those before this number.", ge=1, le=2**63 - 1)
    ] = None,
    limit: int = 100,
) -> list[SentHead]:
    """What went out, the newest first; ask on with `before`."""
    when = parse(period) if period else None
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        found = sent.latest(conn, limited(limit), before=before, what=what, period=when)
    return [SentHead(**_head(one)) for one in found]


@post(
    "/reports/sent",
    opt={"action": "office.edit"},
    status_code=201,
    sync_to_thread=True,
    summary="Send a report",
)
def send(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, data: ToSend
) -> Response[SentHead]:
    """Freeze a report as it goes out; what is counted later never changes it.

    503 when something arrived in the middle: nothing is kept, and it can be sent again.
    """
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        among = Among(unit=data.unit.strip(), province=data.province.strip())
        asked, upto = making.asking(conn, parse(data.period), among, codes, settings.home)
        made = freezing.send(conn, actor, data.what, asked, upto.position)
    return Response(
        SentHead(**_head(made)), headers={"location": f"/api/v1/reports/sent/{made.id}"}
    )


@get(
    "/reports/sent/{number:int}",
    opt=READ,
    sync_to_thread=True,
    summary="A report that was sent",
)
def one(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, number: Number
) -> SentReport:
    """Its numbers as they went out, and whether the same question gives others now."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        found = sent.find(conn, number)
        asked, _ = frozen.asked_again(conn, codes, settings.home, found)
        today = frozen.today(conn, found, asked)
    about: Mapping[str, Any] = found.about or {}
    return SentReport(
        **_head(found),
        sheet=sent.sheet_of(found),
        lines=_lines(found),
        indicators=_indicators(about, today),
        points=about.get("points"),
        known=about.get("known"),
        changed=today.changed,
    )


@get(
    "/reports/sent/{number:int}/file/{kind:str}",
    opt=READ,
    sync_to_thread=True,
    summary="A report that was sent, as XLSX or PDF",
)
def file(
    pool: ConnectionPool, actor: Actor, settings: Settings, number: Number, kind: str
) -> Response[bytes]:
    """The file of the numbers that went out."""
    making.kind_of(kind)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        found = sent.find(conn, number)
    data = making.written(sent.sheet_of(found), kind, found.sent_at, settings.home)
    return Response(data, media_type=making.media(kind), headers={"cache-control": "no-store"})


@get(
    "/reports/sent/{number:int}/dossiers",
    opt={"action": "dossier.list"},
    sync_to_thread=True,
    summary="Dossiers behind a number that was sent",
)
def dossiers(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    number: Number,
    cell: Cell,
    unit: Annotated[str, Parameter(description="Of the line of this agency.")] = "",
    field: Annotated[str, Parameter(description="Of the line of this sector.")] = "",
    level: Annotated[str, Parameter(description="Of the lines of this level.")] = "",
    after: str = "",
    limit: int = 100,
) -> SentDossiers:
    """What a number counted when it was sent, without applicants, and what the same question gives today."""
    most = limited(limit)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        found = sent.find(conn, number)
        asked, _ = frozen.asked_again(conn, codes, settings.home, found, unit)
        about = {"sender": asked.among.unit, "province": asked.among.province}
        permit = policy.allow(conn, actor, "dossier.list", {k: v for k, v in about.items() if v})
        lines, moved = frozen.dossiers(
            conn, permit, found, asked, cell, field=field, level=level, after=after, limit=most
        )
    return SentDossiers(
        report=number,
        cell=cell,
        dossiers=lines,
        today=_today(moved) if moved else None,
        after=lines[-1].code if len(lines) == most else None,
    )


@get(
    "/reports/sent/{number:int}/procedures",
    opt=READ,
    sync_to_thread=True,
    summary="Procedures behind a number that was sent",
)
def procedures(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, number: Number, cell: Cell
) -> SentProcedures:
    """What a number of form II.07b or of the index counted when it was sent, and what it counts today."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        found = sent.find(conn, number)
        asked, _ = frozen.asked_again(conn, codes, settings.home, found)
        lines, moved = frozen.procedures(conn, found, asked, cell)
    return SentProcedures(report=number, cell=cell, procedures=lines, today=_today(moved))


@get(
    "/reports/procedures",
    opt=READ,
    sync_to_thread=True,
    summary="Procedures behind a number",
)
def procedures_now(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    cell: str,
    period: Period,
    unit: str = "",
    province: str = "",
) -> list[Judged]:
    """The procedures that a number of form II.07b or of the index counts."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        among = Among(unit=unit.strip(), province=province.strip())
        asked, _ = making.asking(conn, parse(period), among, codes, settings.home)
        return opening.procedures(conn, asked, cell)


class OwedReport(msgspec.Struct, kw_only=True):
    """A report that is owed for the nation: due on a day, the number under which it was sent, whether it is late."""

    what: str
    label: Text
    period: str
    due: date
    sent: int | None
    late: bool
    evidence: str
    source: str


@get("/reports/owed", opt=READ, sync_to_thread=True, summary="Reports that are owed")
def owed(pool: ConnectionPool, actor: Actor) -> list[OwedReport]:
    """The reports of the periods that ended last, sent or not."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        return [
            OwedReport(
                what=one.duty.what, label=one.duty.label, period=one.period.code, due=one.due,
                sent=one.sent.id if one.sent else None, late=one.late, evidence=one.duty.evidence,
                source=one.duty.source,
            )
            for one in sent.owed(conn, clock.today())
        ]  # fmt: skip


def _head(found: Sent) -> dict[str, Any]:
    return {
        "number": found.id, "what": found.what, "period": found.period.code, "first": found.first, "last": found.last,
        "unit": found.among.unit, "province": found.among.province, "position": found.position,
        "definition": found.definition, "sha256": found.sha256, "sent_by": found.sent_by, "sent_at": found.sent_at,
    }  # fmt: skip


def _today(moved: Moved) -> ThenAndNow:
    return ThenAndNow(then=moved.then, now=moved.now, left=moved.left, came=moved.came)


def _lines(found: Sent) -> list[SentLine]:
    sheet, behind = sent.sheet_of(found), opening.lines_of(found)
    opens = "dossiers" if behind else "procedures" if found.what == "II.07b" else ""
    made = []
    for at, line in enumerate((*sheet.lines, *((sheet.total,) if sheet.total else ()))):
        cells = frozen.columns(found, at, sheet)
        numbers = {cell: value for cell, value in zip(cells, line, strict=True) if cell}
        whose = behind[at] if behind else None
        kept = found.cells is not None and (whose is not None or not behind)
        given = {} if whose is None else msgspec.structs.asdict(whose)
        if numbers:
            made.append(
                SentLine(name=str(line[1]), numbers=numbers, opens=opens if kept else "", **given)
            )
    return made


def _indicators(about: Mapping[str, Any], today: frozen.Today) -> list[SentIndicator]:
    now = {one.rule.code: one.points for one in today.index.index.indicators} if today.index else {}
    return [
        SentIndicator(
            code=line["code"], label=line["label"], max=line["max"], threshold=line["threshold"],
            numerator=line["numerator"], denominator=line["denominator"], points=line["points"],
            counts={f"{line['measure']}.{side}": n for side, n in (line["counts"] or {}).items()},
            opens=("procedures" if line["of_procedures"] else "dossiers") if line["counts"] else "",
            differs=line["code"] in today.differing,
            points_today=None if (points := now.get(line["code"])) is None else str(points),
        )
        for line in about.get("indicators", [])
    ]  # fmt: skip


ROUTES = [listed, send, one, file, dossiers, procedures, procedures_now, owed]
