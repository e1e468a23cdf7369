"""What needs a call or a look: red alerts on identity keys, silent senders, and the ranking of the night."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from litestar import Response, get, post
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.quality import expected
from lienthong.quality.explain import known_rules
from lienthong.quality.keys import identity_keys
from lienthong.quality.sums import permitted
from lienthong.quality.tickets import nightly, ranking, ticket, upkeep, worklist
from lienthong.quality.tickets import silence as silences
from lienthong.quality.tickets.reach import nation_only, within
from lienthong.records.crossing import due
from lienthong.web.page import Page
from lienthong.web.scores import province_names, sender_names

PAGE = 12
READ = {"action": "ticket.read"}


@get("/alerts", opt=READ, sync_to_thread=True)
def alerts(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    start: int = 0,
) -> Response[str]:
    """Red alerts: identity keys that are wrong, whose they are, and how many records are not passed on."""
    today = clock.today()
    with pool.connection() as conn:
        permit, among = within(conn, actor, ticket.Among())
        found = ticket.groups(
            conn, "cause", among, today=today, show="alert", start=max(0, start), limit=PAGE + 1
        )
        numbers = ticket.numbers(conn, among, today=today)
        behind = upkeep.is_behind(conn)
        keys = [
            key for key in identity_keys(conn, contracts.values(), permitted(permit)) if key.failed
        ]
        withheld = conn.execute(
            "SELECT contract, count(*), count(DISTINCT sender) FROM records.withheld GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
        said = worklist.sayings(conn, found[:PAGE])
        given_up = due.given_up(conn)
    return page.show(
        "alerts.html",
        given_up=given_up,
        may_retry=policy.may(actor, "record.recheck"),
        groups=found[:PAGE],
        said=said,
        numbers=numbers,
        behind=behind,
        keys=keys[:PAGE],
        more_keys=max(0, len(keys) - PAGE),
        withheld=withheld,
        contracts=contracts,
        today=today,
        first=start <= 0,
        more=start + PAGE if len(found) > PAGE else None,
    )


@post(
    "/alerts/recheck/{contract:str}",
    opt={"action": "record.recheck"},
    status_code=303,
    sync_to_thread=True,
)
def try_again(pool: ConnectionPool, actor: Actor, contract: str) -> Redirect:
    """Let records be looked at again that were given up after several failures."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "record.recheck", {"contract": contract})
        due.try_again(conn, contract, actor)
    return Redirect("/alerts", status_code=303)


@get("/silent", opt=READ, sync_to_thread=True)
def silent(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str = "",
    province: str = "",
    kind: str = "stopped",
    start: int = 0,
) -> Response[str]:
    """Who should have sent and did not: how late in working days, and whom to call."""
    today = clock.today()
    chosen_kind: Any = kind if kind in get_args(silences.Kind) else "stopped"
    asked = [c for name, c in contracts.items() if not contract or name == contract]
    wanted = expected.Expected.load(codes, asked, today)
    with pool.connection() as conn:
        permit, among = within(conn, actor, ticket.Among(province=province))
        found = silences.silence(
            conn, asked, wanted, today=today, province=among.province, sender=among.sender, kind=chosen_kind,
            start=max(0, start), limit=PAGE + 1,
        )  # fmt: skip
    return page.show(
        "silent.html",
        lines=found.lines[:PAGE],
        found=found,
        chosen={"contract": contract, "province": province, "kind": chosen_kind},
        permit=permit,
        contracts=contracts,
        listed=wanted.known,
        province_names=province_names(codes),
        first=start <= 0,
        more=start + PAGE if len(found.lines) > PAGE else None,
    )


@get("/ranking", opt={"action": "score.read"}, sync_to_thread=True)
def ranks(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    kind: str = "cause",
    contract: str = "",
    start: int = 0,
) -> Response[str]:
    """What the night says: who and what costs the nation's score most, and how that moved."""
    chosen_kind: Any = kind if kind in get_args(ranking.Kind) else "cause"
    with pool.connection() as conn:
        nation_only(conn, actor)
        nights = nightly.nights(conn)
        of = contract if chosen_kind == "cause" and contract else None
        found = ranking.read(conn, chosen_kind, contract=of, start=max(0, start), limit=PAGE + 1)
        known = known_rules(conn)
        fields = nightly.fields(conn, contract) if contract else []
    shown = found[:PAGE]
    said = {
        item.rank: known.get(
            (item.line.contract, item.line.table_name, f"{item.line.rule}|{item.line.field}")
        )
        for item in shown
    }
    return page.show(
        "ranking.html",
        lines=shown,
        said=said,
        nights=nights,
        chosen={"kind": chosen_kind, "contract": contract},
        fields=fields,
        contracts=contracts,
        names=sender_names(codes, [item.line.subject for item in shown if chosen_kind == "sender"]),
        province_names=province_names(codes),
        first=start <= 0,
        more=start + PAGE if len(found) > PAGE else None,
    )


ROUTES = [alerts, try_again, silent, ranks]
