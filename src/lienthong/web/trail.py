"""Excerpts for an inspector: who read which personal data and why, and who did what."""

from __future__ import annotations

from litestar import Response, get
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from lienthong import audit
from lienthong.access import Actor, policy
from lienthong.access.roles import roles
from lienthong.web.page import Page

SHOWN = 60


@get("/access-log", opt={"action": "audit.read"}, sync_to_thread=True)
def access_log(
    page: Page, pool: ConnectionPool, actor: Actor, who: str = "", key: str = ""
) -> Response[str]:
    """The newest readings and acts, of one actor or about one key when asked."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "audit.read")
        with conn.cursor(row_factory=dict_row) as cursor:
            readings = cursor.execute(
                "SELECT at, actor, action, purpose, facility, resource FROM app.read_log"
                " WHERE (%(who)s = '' OR actor = %(who)s) AND (%(key)s = '' OR resource ->> 'key' = %(key)s)"
                " ORDER BY at DESC LIMIT %(limit)s",
                {"who": who.strip(), "key": key.strip(), "limit": SHOWN},
            ).fetchall()
        acts = audit.entries(conn, actor=who.strip() or None, limit=SHOWN) if not key else []
    declared = roles()
    return page.show(
        "access_log.html",
        readings=readings,
        acts=acts,
        who=who,
        key=key,
        actions=declared.actions,
        purposes=declared.purposes,
    )


ROUTES = [access_log]
