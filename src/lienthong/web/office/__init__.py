"""The Office of the Ministry on pages: one list of three units, readiness, reduction, documents of law."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.web.office import landing, lists, readiness

ROUTES: list[ControllerRouterHandler] = [*landing.ROUTES, *lists.ROUTES, *readiness.ROUTES]
