"""Reports: what is owed, the forms of the control of procedures, and the dossiers behind every number."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.reports import (
    cells,
    counting,
    forms,
    frozen,
    index766,
    making,
    opening,
    procedure_form,
    sent,
)
from lienthong.reports import period as periods
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.report_asking import READ, ask, readings, shared, title

PAGE = 50
COURSE = ("received_online", "received_other", "resolved", "early", "on_time", "late", "overdue")


@get("/reports", opt=READ, sync_to_thread=True)
def landing(
    page: Page, pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings
) -> Response[str]:
    """What is owed and overdue, the newest index with ranks, the course of the months, what was sent."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, upto = ask(conn, codes, settings.home)
        whole, found = making.side_by_side(conn, asked)
        now = periods.running(today, "month")
        row = forms.counted(conn, now, "", follows=asked.follows, moment=asked.moment)[""]
        wanted = {name: cells.LAW[name] for name in COURSE} | {"arrived": cells.SUMS["arrived"]}
        months = [now]
        for _ in range(11):
            months.insert(0, months[0].before())
        course = counting.months(conn, months, wanted, follows=asked.follows, moment=asked.moment)
        owed = list(sent.owed(conn, today))
        unreceived = opening.unreceived(conn, clock.now())
        latest = sent.latest(conn, 8)
    ranks = making.ranked(found)
    order = sorted(
        (name for name in ranks if ranks[name]), key=lambda name: (ranks[name] or 0, name)
    )
    return page.show(
        "reports.html",
        **shared(page, asked, upto, actor),
        whole=whole,
        found=found,
        ranks=ranks,
        order=order,
        now=now,
        row=row,
        course=course,
        owed=owed,
        unreceived=unreceived,
        latest=latest,
        today=today,
        shares=_shares(page, course),
        labels=[f"{one.first:%m/%Y}" for one, _ in course],
        rounded=index766.shown,
    )


def _shares(
    page: Page, course: list[tuple[Any, dict[str, int]]]
) -> list[tuple[str, list[float | None]]]:
    """By month: the share settled in time and the share filed online."""

    def share(part: int, of: int) -> float | None:
        return part / of if of else None

    return [
        (
            page.say("on time"),
            [share(n["early"] + n["on_time"], n["resolved"]) for _, n in course],
        ),
        (
            page.say("online"),
            [
                share(n["received_online"], n["received_online"] + n["received_other"])
                for _, n in course
            ],
        ),
    ]


@get("/reports/forms/{what:str}", opt=READ, sync_to_thread=True)
def form_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    what: str,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
) -> Response[str]:
    """Form II.06a, II.06b or II.07b of any period and authority; every number opens to its dossiers."""
    making.form_named(what)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, upto = ask(
            conn, codes, settings.home, period=period, days=days, unit=unit, province=province
        )
        made = making.form(conn, what, asked) if what != "II.07b" else None
        lines = making.competence(conn, asked) if what == "II.07b" else None
        newest = sent.newest(conn, what, asked.among.scope, asked.period)
        changed = newest is not None and sent.differs(newest, making.sheet(conn, what, asked))
    return page.show(
        "report_form.html",
        **shared(page, asked, upto, actor),
        what=what,
        made=made,
        lines=lines,
        columns=forms.COLUMNS,
        procedure_cell=procedure_form.cell_of,
        frozen=newest,
        changed=changed,
    )


@get("/reports/{what:str}/file/{kind:str}", opt=READ, sync_to_thread=True)
def form_file(
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    what: str,
    kind: str,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
) -> Response[bytes]:
    """A form or the index (766) as XLSX or PDF in the shape of the official form."""
    making.kind_of(kind)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, _ = ask(
            conn, codes, settings.home, period=period, days=days, unit=unit, province=province
        )
        sheet = making.sheet(conn, what, asked)
    data = making.written(sheet, kind, clock.now(), settings.home)
    name = "-".join(part for part in (what, asked.period.code, province, unit) if part)
    return file_answer(data, kind, name)


def file_answer(data: bytes, kind: str, name: str) -> Response[bytes]:
    """A report as a download; nothing keeps it on the way."""
    safe = "".join(c if c.isalnum() or c in ".-" else "_" for c in name)
    return Response(
        data,
        media_type=making.media(kind),
        headers={
            "content-disposition": f'attachment; filename="{safe}.{kind}"',
            "cache-control": "no-store",
        },
    )


@get("/reports/dossiers", opt={"action": "dossier.list"}, sync_to_thread=True)
def behind(
    page: Page,
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    cell: str,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
    field: str = "",
    level: str = "",
    after: str = "",
    report: int = 0,
) -> Response[str]:
    """The dossiers that one number counts, without their applicants; `report`: as they stood when it was sent."""
    moved = None
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        before = sent.find(conn, report) if report else None
        if before:
            asked, upto = frozen.asked_again(conn, codes, settings.home, before, unit)
        else:
            asked, upto = ask(
                conn, codes, settings.home, period=period, days=days, unit=unit, province=province,
                readings=readings(request),
            )  # fmt: skip
        about = {"sender": asked.among.unit, "province": asked.among.province}
        permit = policy.allow(conn, actor, "dossier.list", {k: v for k, v in about.items() if v})
        part = {"field": field, "level": level, "after": after}
        if before:
            lines, moved = frozen.dossiers(
                conn, permit, before, asked, cell, **part, limit=PAGE + 1
            )
        else:
            lines = opening.dossiers(conn, permit, asked, cell, **part, limit=PAGE + 1)
    return page.show(
        "report_dossiers.html",
        **shared(page, asked, upto, actor),
        cell=cell,
        field=field,
        level=level,
        report=report,
        frozen=before,
        moved=moved,
        now_only=cell == opening.UNRECEIVED,
        title=title(page, cell, asked),
        lines=lines[:PAGE],
        older=lines[PAGE - 1].code if len(lines) > PAGE else None,
        first=not after,
    )


ROUTES = [landing, form_page, form_file, behind]
