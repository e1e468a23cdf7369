"""What keeps reports current: the base follows the events, and figures of periods that ended are computed once."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.codes import Codes
from lienthong.reports import figures, standing
from lienthong.reports.editions import Declared
from lienthong.reports.period import closed

AT_ONCE = 300
"""Dossiers that a page brings up to date before it counts; more than that is the worker's."""


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which event numbers are counted, and how many dossiers have newer ones."""

    position: int
    waiting: int


def fresh(conn: psycopg.Connection[Any]) -> Freshness:
    """Bring a few dossiers up to date in the caller's transaction, and say how far the base is."""
    waiting = standing.follow(conn, most=AT_ONCE, patient=False).waiting if _behind(conn) else 0
    return Freshness(position=standing.position(conn), waiting=waiting)


def _behind(conn: psycopg.Connection[Any]) -> bool:
    """Whether the newest event is not in the base; what came late with a lower place is found by the worker."""
    row = conn.execute(
        "SELECT coalesce((SELECT max(last_event) FROM dossiers.dossier), 0)"
        " > coalesce((SELECT max(last_event) FROM reports.known), 0)"
    ).fetchone()
    return bool(row and row[0])


def keep_up(conn: psycopg.Connection[Any]) -> int:
    """Follow everything, some at a time in transactions of their own; returns how many dossiers were looked at.

    Between two of them pages may follow what they need at once.
    """
    done = 0
    while True:
        with conn.transaction():
            kept = standing.follow(conn, most=standing.BATCH)
        done += kept.dossiers
        if not kept.waiting or not kept.dossiers:
            return done


def keep_closed(
    conn: psycopg.Connection[Any],
    today: date,
    codes: Codes | None,
    declared: Declared | None = None,
) -> int:
    """Compute and keep the figures of the periods that ended last, where none are kept; returns how many."""
    done, there = 0, set(figures.periods(conn))
    for period in closed(today):
        if period not in there:
            with conn.transaction():
                done += figures.keep(conn, figures.computed(conn, period, codes, declared))
    return done
