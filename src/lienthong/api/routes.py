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
    office,
    papers,
    portal,
    procedure_editing,
    procedure_imports,
    procedures,
    records,
    reports,
    scores,
    sent_reports,
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
    *sent_reports.ROUTES,
    *contracts.ROUTES,
    *portal.ROUTES,
    *procedure_editing.ROUTES,
    *procedure_imports.ROUTES,
    *procedures.ROUTES,
    *code_worklist.ROUTES,
    *dossiers.ROUTES,
    *dossier_work.ROUTES,
    *papers.ROUTES,
    *office.ROUTES,
]
