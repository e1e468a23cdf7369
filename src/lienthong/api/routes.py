"""Everything under /api/v1."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.api import (
    changes,
    code_worklist,
    contracts,
    dossier_work,
    dossiers,
    latency,
    papers,
    portal,
    procedures,
    records,
    reports,
    scores,
    submissions,
    subscriptions,
    tickets,
)

ROUTES: list[ControllerRouterHandler] = [
    *submissions.ROUTES,
    *records.ROUTES,
    *changes.ROUTES,
    *latency.ROUTES,
    *subscriptions.ROUTES,
    *tickets.ROUTES,
    *scores.ROUTES,
    *reports.ROUTES,
    *contracts.ROUTES,
    *portal.ROUTES,
    *procedures.ROUTES,
    *code_worklist.ROUTES,
    *dossiers.ROUTES,
    *dossier_work.ROUTES,
    *papers.ROUTES,
]
