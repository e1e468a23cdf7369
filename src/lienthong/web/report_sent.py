"""Reports that were sent: frozen as they went out, each number opens to what was counted then."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.reports import freezing, index766, making, opening, procedure_form, sent
from lienthong.reports.making import INDEX, Asked
from lienthong.reports.sent import Sent
from lienthong.reports.succession import MINISTRY
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


def asked_of(conn: Any, codes: Codes, settings: Settings, one: Sent) -> tuple[Asked, Any]:
    """The question that a sent report answered, asked now."""
    return ask(
        conn, codes, settings.home, period=one.period.code, unit=one.among.unit, province=one.among.province
    )  # fmt: skip


@get("/reports/sent/{number:int}", opt=READ, sync_to_thread=True)
def sent_page(
    page: Page, pool: ConnectionPool, actor: Actor, codes: Codes, settings: Settings, number: int
) -> Response[str]:
    """A report as it went out, and whether the same question gives other numbers today."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        one = sent.find(conn, number)
        asked, upto = asked_of(conn, codes, settings, one)
        indexed = one.what == INDEX and one.about is not None
        today = making.index(conn, asked) if indexed else None
        changed = sent.differs(one, making.sheet(conn, one.what, asked))
    differing = freezing.differs(one, today) if today else []
    return page.show(
        "report_sent_index.html" if indexed else "report_sent.html",
        **shared(page, asked, upto, actor),
        one=one,
        sheet=sent.sheet_of(one),
        behind=opening.lines_of(one),
        columns=opening.COLUMNS,
        procedure_cell=_procedure_cell if one.what == "II.07b" and one.cells is not None else None,
        shown=freezing.shown,
        ratio=lambda text: float(Fraction(text)),
        rounded=index766.shown,
        whole=today.index if today else None,
        today={p.rule.code: p for p in today.index.indicators} if today else {},
        differing=differing,
        changed=bool(differing) if indexed else changed,
    )


def _procedure_cell(line: int, column: int) -> str:
    """The cell of II.07b in a line (the ministry comes first) and a column of the sheet; empty for what has none."""
    return (
        procedure_form.cell_of(column - 2, MINISTRY if line == 0 else "province")
        if column > 1
        else ""
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
        frozen = sent.find(conn, report) if report else None
        if frozen is None:
            asked, upto = ask(
                conn, codes, settings.home, period=period, days=days, unit=unit, province=province
            )
            lines = opening.procedures(conn, asked, cell)
        else:
            asked, upto = asked_of(conn, codes, settings, frozen)
            lines = freezing.procedures(conn, frozen, cell)
            moved = _moved(lines, opening.procedures(conn, asked, cell))
    return page.show(
        "report_procedures.html",
        **shared(page, asked, upto, actor),
        cell=cell,
        lines=lines,
        frozen=frozen,
        moved=moved,
        title=title(page, cell, asked),
    )


def _moved(then: list[Any], now: list[Any]) -> freezing.Moved:
    """Which versions of procedures a number counted and counts."""
    before, after = ({(one.code, one.version) for one in lines} for lines in (then, now))
    return freezing.Moved(
        then=len(before), now=len(after), left=len(before - after), came=len(after - before)
    )


ROUTES = [send, sent_page, sent_file, procedures]
