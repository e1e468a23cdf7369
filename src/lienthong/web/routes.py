"""All pages."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.web import (
    accounts,
    api_page,
    cleaning,
    code_worklist,
    codes,
    contracts,
    coverage,
    health,
    latency,
    office,
    procedures,
    quarantine,
    records,
    scores,
    sign_in,
    submissions,
    subscribers,
    tickets,
    trail,
    unknown,
    upload,
    worklists,
)

ROUTES: list[ControllerRouterHandler] = [
    *sign_in.ROUTES,
    *scores.ROUTES,
    *contracts.ROUTES,
    *coverage.ROUTES,
    *procedures.ROUTES,
    *office.ROUTES,
    *codes.ROUTES,
    *code_worklist.ROUTES,
    *submissions.ROUTES,
    *upload.ROUTES,
    *quarantine.ROUTES,
    *records.ROUTES,
    *tickets.ROUTES,
    *worklists.ROUTES,
    *subscribers.ROUTES,
    *latency.ROUTES,
    *cleaning.ROUTES,
    *accounts.ROUTES,
    *trail.ROUTES,
    *api_page.ROUTES,
    *health.ROUTES,
    *unknown.ROUTES,
]
