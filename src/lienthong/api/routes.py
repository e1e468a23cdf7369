"""Everything under /api/v1."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.api import contracts, records, scores, submissions

ROUTES: list[ControllerRouterHandler] = [
    *submissions.ROUTES,
    *records.ROUTES,
    *scores.ROUTES,
    *contracts.ROUTES,
]
