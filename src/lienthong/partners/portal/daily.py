"""What each job with the Portal does, for the clock and for whoever asks on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from lienthong.partners.portal import reconciling
from lienthong.partners.portal.client import Client
from lienthong.settings import Settings


def does(
    name: str,
    conn: psycopg.Connection[Any],
    client: Client,
    settings: Settings,
    now: Callable[[], datetime],
) -> Callable[[], int]:
    """The work of a job; it returns how many things it did."""
    works: dict[str, Callable[[], int]] = {
        "catalogues": lambda: 0,
        "reconcile": lambda: len(reconciling.all_due(conn, client, now=now())),
        "sample": lambda: 0,
        "questions": lambda: 0,
        "payments": lambda: 0,
    }
    return works[name]
