"""All pages."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.web import contracts, scores, sign_in, submissions, unknown, upload

ROUTES: list[ControllerRouterHandler] = [
    *sign_in.ROUTES,
    *scores.ROUTES,
    *contracts.ROUTES,
    *submissions.ROUTES,
    *upload.ROUTES,
    *unknown.ROUTES,
]
