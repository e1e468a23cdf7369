"""How long records take from the event to whoever reads them: by database, by sender, by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from litestar import Response, get
from markupsafe import Markup
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.records.feed import delays
from lienthong.web.page import Page
from lienthong.web.scores import sender_names

PERIODS = (1, 7, 30, 365)
MOST = 200
"""Senders on one page."""

UNITS = ((86_400.0, "%(count)s days"), (3_600.0, "%(count)s hours"), (60.0, "%(count)s minutes"))


@get("/latency", opt={"action": "score.read"}, sync_to_thread=True)
def latency(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str = "",
    sender: str = "",
    days: int = 7,
) -> Response[str]:
    """Half, 90 % and 99 % of the records of each database took no longer than this, from counts alone."""
    chosen = contract if contract in contracts else ""
    period = days if days in PERIODS else 7
    since = clock.today() - timedelta(days=period - 1)
    with pool.connection() as conn:
        policy.allow(conn, actor, "score.read")
        databases = delays.lines(conn, contract=chosen or None, sender=sender or None, since=since)
        senders = (
            delays.lines(
                conn, contract=chosen or None, sender=sender or None, since=since, by_sender=True
            )
            if chosen or sender
            else []
        )
    senders.sort(key=lambda line: -(line.steps["received"].p90 or line.steps["kept"].p90 or 0.0))
    return page.show(
        "latency.html",
        databases=databases,
        senders=senders[:MOST],
        more_senders=max(0, len(senders) - MOST),
        names=sender_names(codes, [line.sender or "" for line in senders[:MOST]]),
        contracts=contracts,
        chosen={"contract": chosen, "sender": sender, "days": period},
        steps=delays.STEPS,
        duration=lambda seconds: duration(page, seconds),
        histogram=lambda one, label: histogram(page, one, label),
    )


def duration(page: Page, seconds: float | None) -> str:
    """A span of time in the largest unit that it fills, two digits at most."""
    if seconds is None:
        return "–"
    number = page.words["number"]
    for length, sentence in UNITS:
        if seconds >= 2 * length:
            return page.say(sentence, count=number(seconds / length, 0))
    if seconds >= 1:
        return page.say("%(count)s seconds", count=number(seconds, 1 if seconds < 10 else 0))
    return page.say("%(count)s ms", count=number(seconds * 1000, 0))


def histogram(page: Page, spread: delays.Spread, label: str) -> Markup:
    """How many records took how long; each bar to the right stands for a time a fifth longer."""
    if not spread.classes:
        return Markup("")
    at = {delays.class_of(round(upper * 999_000)): number for upper, number in spread.classes}
    first, last, most = min(at), max(at), max(at.values())
    wide, tall, foot = 360, 96, 18
    count = max(8, last - first + 1)
    step = wide / count
    bars = [
        Markup('<rect class="part" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            (number - first) * step + 0.5,
            (tall - foot) * (1 - max(0.02, many / most)),
            max(1.0, step - 1),
            (tall - foot) * max(0.02, many / most),
        )
        for number, many in sorted(at.items())
    ]
    ends = Markup(
        '<text x="0" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(
        tall - 4,
        duration(page, delays.bound(first)),
        wide,
        tall - 4,
        duration(page, delays.bound(first + count - 1)),
    )
    return Markup(
        '<svg class="chart spread" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>'
    ).format(wide, tall, label, Markup("").join(bars), ends)


ROUTES = [latency]
