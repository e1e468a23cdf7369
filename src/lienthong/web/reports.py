"""Reports: what is owed, the forms of the control of procedures, and the dossiers behind every number."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.reports import cells, counting, forms, index766, making, opening, sent
from lienthong.reports import period as periods
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.report_asking import READ, ask, readings, shared, title

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PAGE = 50
MEDIA = {"xlsx": making.XLSX, "pdf": "application/pdf"}
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
        found = making.compared(conn, asked)
        whole = making.index(conn, asked)
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
        frozen = sent.newest(conn, what, asked.among.scope, asked.period)
        changed = frozen is not None and sent.differs(frozen, making.sheet(conn, what, asked))
    return page.show(
        "report_form.html",
        **shared(page, asked, upto, actor),
        what=what,
        made=made,
        lines=lines,
        columns=forms.COLUMNS,
        frozen=frozen,
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
    return _file(data, kind, name)


def _file(data: bytes, kind: str, name: str) -> Response[bytes]:
    safe = "".join(c if c.isalnum() or c in ".-" else "_" for c in name)
    return Response(
        data,
        media_type=MEDIA[kind],
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
    about = {k: v for k, v in {"sender": unit, "province": province}.items() if v}
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, upto = ask(
            conn, codes, settings.home, period=period, days=days, unit=unit, province=province,
            readings=readings(request),
        )  # fmt: skip
        if report:
            frozen = sent.find(conn, report)
            asked = msgspec.structs.replace(
                asked, period=frozen.period, position=frozen.position, moment=frozen.sent_at
            )
        permit = policy.allow(conn, actor, "dossier.list", about)
        lines = opening.dossiers(
            conn, permit, asked, cell, field=field, level=level, after=after, limit=PAGE + 1
        )
    return page.show(
        "report_dossiers.html",
        **shared(page, asked, upto, actor),
        cell=cell,
        field=field,
        level=level,
        report=report,
        now_only=cell == opening.UNRECEIVED,
        title=title(page, cell, asked),
        lines=lines[:PAGE],
        older=lines[PAGE - 1].code if len(lines) > PAGE else None,
        first=not after,
    )


@post("/reports/send", opt={"action": "office.edit"}, sync_to_thread=True)
def send(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, data: Form
) -> Redirect:
    """Freeze a form as it goes out; what is counted later never changes it."""
    what, period = data.get("what", ""), data.get("period", "")
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        asked, upto = ask(
            conn, codes, settings.home, period=period, unit=data.get("unit", ""), province=data.get("province", "")
        )  # fmt: skip
        made = sent.send(
            conn, actor, making.sheet(conn, what, asked), what=what, scope=asked.among.scope, period=asked.period,
            position=upto.position, definition=forms.DEFINITION,
        )  # fmt: skip
    return Redirect(f"/reports/sent/{made.id}", status_code=303)


@get("/reports/sent/{number:int}", opt=READ, sync_to_thread=True)
def sent_page(
    page: Page, pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, number: int
) -> Response[str]:
    """A report as it went out."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        one = sent.find(conn, number)
        asked, upto = ask(conn, codes, settings.home, period=one.period.code)
    return page.show(
        "report_sent.html",
        **shared(page, asked, upto, actor),
        one=one,
        sheet=sent.sheet_of(one),
        behind=opening.lines_of(one),
        columns=opening.COLUMNS,
    )


@get("/reports/sent/{number:int}/{kind:str}", opt=READ, sync_to_thread=True)
def sent_file(
    pool: ConnectionPool, actor: Actor, settings: Settings, number: int, kind: str
) -> Response[bytes]:
    """A report that was sent, as a file."""
    making.kind_of(kind)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        one = sent.find(conn, number)
    data = making.written(sent.sheet_of(one), kind, one.sent_at, settings.home)
    return _file(data, kind, f"{one.what}-{one.period.code}-{one.id}")


ROUTES = [landing, form_page, form_file, behind, send, sent_page, sent_file]
