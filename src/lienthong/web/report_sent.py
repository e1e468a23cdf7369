"""Reports that were sent: frozen as they went out, each number opens to what was counted then."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.reports import freezing, frozen, index766, making, opening, sent
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.report_asking import READ, ask, shared, title

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/reports/send", opt={"action": "office.edit"}, sync_to_thread=True)
def send(
    pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, data: Form
) -> Redirect:
    """Freeze a report as it goes out; what is counted later never changes it."""
    what, period = data.get("what", ""), data.get("period", "")
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        asked, upto = ask(
            conn, codes, settings.home, period=period, unit=data.get("unit", ""), province=data.get("province", "")
        )  # fmt: skip
        made = freezing.send(conn, actor, what, asked, upto.position)
    return Redirect(f"/reports/sent/{made.id}", status_code=303)


@get("/reports/sent/{number:int}", opt=READ, sync_to_thread=True)
def sent_page(
    page: Page, pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, number: int
) -> Response[str]:
    """A report as it went out, and whether the same question gives other numbers today."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        one = sent.find(conn, number)
        asked, upto = frozen.asked_again(conn, codes, settings.home, one)
        now = frozen.today(conn, one, asked)
    sheet, index = sent.sheet_of(one), now.index
    opens = one.what == "II.07b" and one.cells is not None
    return page.show(
        "report_sent_index.html" if index else "report_sent.html",
        **shared(page, asked, upto, actor),
        one=one,
        sheet=sheet,
        behind=opening.lines_of(one),
        columns=opening.COLUMNS,
        procedure_cell=(lambda line, column: frozen.columns(one, line, sheet)[column])
        if opens
        else None,
        shown=freezing.shown,
        ratio=lambda text: float(Fraction(text)),
        rounded=index766.shown,
        whole=index.index if index else None,
        today={p.rule.code: p for p in index.index.indicators} if index else {},
        differing=now.differing,
        changed=now.changed,
    )


@get("/reports/sent/{number:int}/{kind:str}", opt=READ, sync_to_thread=True)
def sent_file(
    pool: ConnectionPool, actor: Actor, settings: Settings, number: int, kind: str
) -> Response[bytes]:
    """A report that was sent, as a file."""
    from lienthong.web.reports import file_answer

    making.kind_of(kind)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        one = sent.find(conn, number)
    data = making.written(sent.sheet_of(one), kind, one.sent_at, settings.home)
    return file_answer(data, kind, f"{one.what}-{one.period.code}-{one.id}")


@get("/reports/procedures", opt=READ, sync_to_thread=True)
def procedures(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    cell: str,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
    report: int = 0,
) -> Response[str]:
    """The procedures that one number counts; `report`: those that a sent report counted."""
    moved = None
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        before = sent.find(conn, report) if report else None
        if before is None:
            asked, upto = ask(
                conn, codes, settings.home, period=period, days=days, unit=unit, province=province
            )
            lines = opening.procedures(conn, asked, cell)
        else:
            asked, upto = frozen.asked_again(conn, codes, settings.home, before)
            lines, moved = frozen.procedures(conn, before, asked, cell)
    return page.show(
        "report_procedures.html",
        **shared(page, asked, upto, actor),
        cell=cell,
        lines=lines,
        frozen=before,
        moved=moved,
        title=title(page, cell, asked),
    )


ROUTES = [send, sent_page, sent_file, procedures]
