"""The four criteria on pages: the nation, one database, one sender; always with numbers, causes and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts import senders as senders_list
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.errors import NotAllowed, NotFound
from lienthong.findings import Criterion
from lienthong.quality import expected, explain, old_provinces, score
from lienthong.quality.sums import permitted
from lienthong.quality.tickets import ticket
from lienthong.records.intake import receipts
from lienthong.web.contracts import contract_named
from lienthong.web.page import Page
from lienthong.web.score_provinces import province_names, provinces

WEEK = timedelta(days=7)
TREND_DAYS = 60
SHOWN = 15


class Change(msgspec.Struct, frozen=True):
    """A score that moved in the last week."""

    address: str
    name: Mapping[str, str] | str
    criterion: Criterion
    before: float
    after: float


def changes(
    now: Mapping[tuple[Any, ...], score.Card],
    before: Mapping[tuple[Any, ...], score.Card],
    names: Mapping[str, tuple[str, Any]],
) -> list[Change]:
    """The scores that moved, the greatest movement first. `names` gives address and label of a key's first part."""
    moved = []
    for key, card in now.items():
        old = before.get(key)
        for criterion in Criterion:
            new_value = card.criteria[criterion].value
            old_value = old.criteria[criterion].value if old else None
            if new_value is None or old_value is None or abs(new_value - old_value) < 0.00005:
                continue
            address, label = names.get(key[0], ("/", str(key[0])))
            moved.append(Change(address, label, criterion, old_value, new_value))
    return sorted(moved, key=lambda change: -abs(change.after - change.before))[:6]


def sender_names(codes: Codes, senders: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """The names of facilities and other senders that are on the lists."""
    found: dict[str, Mapping[str, str]] = {}
    for sender in senders:
        known = codes.find(expected.LIST, sender) or codes.find(senders_list.LIST, sender)
        if known:
            found[sender] = known[-1].label
    return found


FIRST = (
    ("dossier.list", "/dossiers"),
    ("procedure.read", "/procedures"),
    ("portal.read", "/portal"),
)
"""Where somebody's work is who has nothing to do with scores."""


@get("/", opt={"signed_in": True}, sync_to_thread=True)
def overview(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    map: str = "34",
    province: str | None = None,
) -> Response[Any]:
    """Databases x criteria, what changed in a week, the provinces, and the causes that weigh most.

    Whoever has no part in scores is sent to the page where their work is.
    """
    if not policy.may(actor, "score.read"):
        work = next((address for action, address in FIRST if policy.may(actor, action)), "/account")
        return Redirect(work, status_code=303)
    day = clock.today()
    wanted = expected.Expected.load(codes, contracts.values(), day)
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "score.read")
        part = permitted(permit)
        total = score.scores(conn, part, (), today=day, expected=wanted).get(())
        cards = score.scores(conn, part, ("contract",), today=day, expected=wanted)
        earlier = score.scores(
            conn,
            msgspec.structs.replace(part, until=day - WEEK),
            ("contract",),
            today=day,
            expected=wanted,
        )
        causes = explain.causes(conn, part, today=day, expected=wanted, limit=5)
        places = provinces(conn, codes, part, map=map, chosen=province, day=day, wanted=wanted)
        cleaning = ticket.numbers(
            conn, ticket.Among(sender=permit.facility, province=permit.province), today=day
        )
        courses = {
            name: score.trend(
                conn, msgspec.structs.replace(part, contract=name), days=TREND_DAYS, today=day
            )
            for (name,) in cards
        }
    known = {
        name: (f"/databases/{name}", contract.label or name) for name, contract in contracts.items()
    }
    return page.show(
        "overview.html",
        total=total,
        databases=[
            (contract, cards[(name,)], courses[name])
            for name, contract in contracts.items()
            if (name,) in cards
        ],
        empty=[contract for name, contract in contracts.items() if (name,) not in cards],
        criteria=list(Criterion),
        causes=causes,
        contracts=contracts,
        names=sender_names(codes, [cause.sender for cause in (*causes, *places.causes)]),
        changes=changes(cards, earlier, known),
        cleaning=cleaning,
        provinces=places,
        permit=permit,
    )


@get("/databases/{name:str}", opt={"action": "score.read"}, sync_to_thread=True)
def database(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    name: str,
    map: str = "34",
    province: str | None = None,
) -> Response[str]:
    """One database: its tables, provinces, senders, causes and course."""
    contract = contract_named(contracts, name)
    day = clock.today()
    wanted = expected.Expected.load(codes, contracts.values(), day)
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "score.read")
        part = permitted(permit, contract=name)
        total = score.scores(conn, part, (), today=day, expected=wanted).get(())
        tables = score.scores(conn, part, ("table_name",), today=day)
        places = provinces(conn, codes, part, map=map, chosen=province, day=day, wanted=wanted)
        senders = score.senders(conn, part, today=day)
        silent = expected.silent(conn, name, wanted, today=day, province=permit.province, limit=20)
        causes = explain.causes(conn, part, today=day, expected=wanted, limit=8)
        days = score.trend(conn, part, days=TREND_DAYS, today=day)
    order = {table.name: place for place, table in enumerate(contract.tables)}
    return page.show(
        "database.html",
        contract=contract,
        total=total,
        criteria=list(Criterion),
        tables=[
            (contract.table(key[0]), key[0], card)
            for key, card in sorted(tables.items(), key=lambda item: order.get(item[0][0], 999))
        ],
        provinces=places,
        senders=senders[:SHOWN],
        more_senders=max(0, len(senders) - SHOWN),
        names=sender_names(
            codes, [one.sender for those in (senders, causes, places.causes) for one in those]
        ),
        silent=silent,
        causes=causes,
        contracts=contracts,
        course=days,
        permit=permit,
    )


@get("/senders", opt={"action": "score.read"}, sync_to_thread=True)
def sender_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    map: str = "34",
) -> Response[str]:
    """Every sender with its scores, the worst first, under the provinces of today or the former ones."""
    former = map == "63"
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "score.read")
        lines = score.senders(conn, permitted(permit), today=clock.today())
        old = old_provinces.load(conn, codes) if former else None
    return page.show(
        "senders.html",
        senders=lines[:300],
        more_senders=max(0, len(lines) - 300),
        names=sender_names(codes, [line.sender for line in lines[:300]]),
        places={line.sender: old.of(line.sender) if old else line.province for line in lines[:300]},
        province_names=old_provinces.names(codes) if former else province_names(codes),
        map="63" if former else "34",
        contracts=contracts,
        criteria=list(Criterion),
    )


@get("/senders/{sender:str}", opt={"action": "score.read"}, sync_to_thread=True)
def sender_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    sender: str,
) -> Response[str]:
    """One sender: its scores, why, the three acts that lift most, its submissions and its silence."""
    day = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "score.read", {"sender": sender})
        part = score.Slice(sender=sender)
        cards = score.scores(conn, part, ("contract",), today=day)
        total = score.scores(conn, part, (), today=day).get(())
        lines = score.senders(conn, part, today=day)
        causes = explain.causes(conn, part, today=day, limit=3)
        days = score.trend(conn, part, days=TREND_DAYS, today=day)
        contact = expected.contacts(conn, [sender]).get(sender, "")
        former = old_provinces.load(conn, codes).of(sender)
        sent = _sent(conn, actor, sender, lines[0].province if lines else "")
    if not lines and not sent:
        raise NotFound("sender.none", "Nothing was received from %(sender)s.", sender=sender)
    return page.show(
        "sender.html",
        sender=sender,
        name=sender_names(codes, [sender]).get(sender),
        province=province_names(codes).get(lines[0].province) if lines else None,
        former=old_provinces.names(codes).get(former),
        total=total,
        criteria=list(Criterion),
        databases=[(contracts[key[0]], card) for key, card in cards.items() if key[0] in contracts],
        lines=lines,
        causes=causes,
        contracts=contracts,
        names={},
        course=days,
        submissions=sent,
        contact=contact,
        may_tickets=policy.may(actor, "ticket.read") and actor.facility in (None, sender),
    )


def _sent(
    conn: Connection[Any], actor: Actor, sender: str, province: str
) -> list[receipts.Submission]:
    """The sender's newest submissions, none for a reader whose reach ends elsewhere. Narrows the transaction."""
    try:
        policy.allow(conn, actor, "submission.read", {"sender": sender, "province": province})
    except NotAllowed:
        return []
    return receipts.submissions(conn, sender=sender, limit=10)


ROUTES = [overview, database, sender_list, sender_page]
