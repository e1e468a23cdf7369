"""Excerpts for an inspector: who read which personal data and why, and who did what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from litestar import Response, get
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, accounts, policy
from lienthong.access.roles import roles
from lienthong.dossiers.moves import moves
from lienthong.web.office.forms import day_of
from lienthong.web.page import Page

SHOWN = 60
DECLARED = Path(__file__).parents[1] / "declared" / "acts.yaml"
ABOUT = {
    "receipt": "/submissions/%s",
    "dossier": "/dossiers/%s",
    "ticket": "/tickets/%s",
    "contract": "/contracts/%s",
}
"""Where the thing is that a line names."""
READINGS = (
    "SELECT at, actor, action, purpose, facility, resource FROM app.read_log"
    " WHERE (%(who)s = '' OR actor = %(who)s) AND (%(key)s = ''"
    " OR EXISTS (SELECT FROM jsonb_each_text(resource) AS named WHERE named.value = %(key)s)"
    " OR strpos(resource::text, to_json(%(key)s::text)::text) > 0)"
    " AND (%(first)s::timestamptz IS NULL OR at >= %(first)s) AND (%(last)s::timestamptz IS NULL OR at < %(last)s)"
    " ORDER BY at DESC LIMIT %(limit)s OFFSET %(start)s"
)
ACTS = (
    "SELECT at, actor, act, about FROM app.audit"
    " WHERE (%(who)s = '' OR actor = %(who)s) AND (%(key)s = ''"
    " OR EXISTS (SELECT FROM jsonb_each_text(about) AS named WHERE named.value = %(key)s)"
    " OR strpos(about::text, to_json(%(key)s::text)::text) > 0)"
    " AND (%(first)s::timestamptz IS NULL OR at >= %(first)s) AND (%(last)s::timestamptz IS NULL OR at < %(last)s)"
    " ORDER BY at DESC, lane, place DESC LIMIT %(limit)s OFFSET %(start)s"
)


@cache
def act_names() -> dict[str, dict[str, str]]:
    """What acts are called, those of dossiers by their table of moves."""
    import yaml

    named = {f"dossier.{move.act}": dict(move.label) for move in moves().moves}
    return named | yaml.safe_load(DECLARED.read_text(encoding="utf-8"))


@get("/access-log", opt={"action": "audit.read"}, sync_to_thread=True)
def access_log(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    who: str = "",
    key: str = "",
    first: str = "",
    last: str = "",
    show: str = "readings",
    start: int = 0,
) -> Response[str]:
    """Readings or acts, newest first: of one actor, about one thing, in a period when asked."""
    chosen = show if show in ("readings", "acts") else "readings"
    since, until = day_of(first), day_of(last)
    at = min(max(0, start), 1_000_000)
    asked: dict[str, Any] = {
        "who": who.strip(),
        "key": key.strip(),
        "first": _midnight(since),
        "last": _midnight(until, 1),
        "limit": SHOWN + 1,
        "start": at,
    }
    with pool.connection() as conn:
        policy.allow(conn, actor, "audit.read")
        found = _found(conn, READINGS if chosen == "readings" else ACTS, asked)
        names = {one.id: one.name for one in accounts.listed(conn)}
    declared = roles()
    return page.show(
        "access_log.html",
        lines=found[:SHOWN],
        more=at + SHOWN if len(found) > SHOWN else 0,
        less=max(0, at - SHOWN) if at else None,
        chosen={
            "who": asked["who"],
            "key": asked["key"],
            "first": since.isoformat() if since else "",
            "last": until.isoformat() if until else "",
        },
        show=chosen,
        names=names,
        places=ABOUT,
        command="lienthong audit verify",
        actions=declared.actions,
        purposes=declared.purposes,
        acts=act_names(),
    )


def _midnight(day: date | None, after: int = 0) -> datetime | None:
    if day is None or not 2000 <= day.year <= 2200:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=clock.VIETNAM) + timedelta(days=after)


def _found(
    conn: psycopg.Connection[Any], query: str, asked: Mapping[str, Any]
) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, asked).fetchall()


ROUTES = [access_log]
