"""The service index and the bridge: how points came about, provinces side by side, why two numbers differ."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.connection import Request
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.reports import figures, freezing, index766, making, opening, sent
from lienthong.reports.making import Asked
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.report_asking import OPTION, READ, TITLES, ask, readings, shared


@get("/reports/index766", opt=READ, sync_to_thread=True)
def index_page(
    page: Page,
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
) -> Response[str]:
    """The index of whoever is asked for: every indicator with share, threshold, source; the provinces compared."""
    tried = readings(request)
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, upto = ask(
            conn, codes, settings.home, period=period, days=days, unit=unit, province=province,
            readings=tried,
        )  # fmt: skip
        if unit or province:
            made = making.index(conn, asked)
            found = making.compared(conn, asked) if not unit else {}
        else:
            made, found = making.side_by_side(conn, asked)
        before = making.index(conn, _before(asked))
        kept = figures.of_index(conn, asked.period, asked.among.scope)
        frozen = sent.newest(conn, making.INDEX, asked.among.scope, asked.period)
    ranks = making.ranked(found)
    return page.show(
        "report_index.html",
        **shared(page, asked, upto, actor),
        made=made,
        before=before,
        edition=asked.edition,
        tried=tried,
        frozen=frozen,
        differing=freezing.differs(frozen, made) if frozen else [],
        found=found,
        ranks=ranks,
        order=sorted(found, key=lambda name: (ranks.get(name) or 999, name)),
        rounded=index766.shown,
        kept=kept,
        changed=[] if tried else figures.changed(kept, made.index),
        OPTION=OPTION,
    )


def _before(asked: Asked) -> Asked:
    """The same question of the period before."""
    return Asked(
        period=asked.period.before(), among=asked.among, codes=asked.codes, declared=asked.declared,
        position=asked.position,
            moment=asked.moment, readings=asked.readings,
    )  # fmt: skip


@get("/reports/bridge", opt=READ, sync_to_thread=True)
def bridge_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    settings: Settings,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
) -> Response[str]:
    """Form II.06 against indicator 2.1 and what the Portal holds: each difference as a named group of dossiers."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "report.read")
        asked, upto = ask(
            conn, codes, settings.home, period=period, days=days, unit=unit, province=province
        )
        parts = opening.bridge(conn, asked)
    groups = {name: count for part in parts.values() for name, count in part.items()}
    return page.show(
        "report_bridge.html", **shared(page, asked, upto, actor), groups=groups, titles=TITLES
    )


ROUTES = [index_page, bridge_page]
