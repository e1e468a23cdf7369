"""The Office of the Ministry on pages: one list of three units, readiness, reduction, documents of law."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from lienthong.web.office import (
    ask_once,
    landing,
    legal_basis,
    lists,
    readiness,
    reduction,
    tables,
    what_if,
)

ROUTES: list[ControllerRouterHandler] = [
    *landing.ROUTES,
    *lists.ROUTES,
    *readiness.ROUTES,
    *reduction.ROUTES,
    *what_if.ROUTES,
    *ask_once.ROUTES,
    *legal_basis.ROUTES,
    *tables.ROUTES,
]
