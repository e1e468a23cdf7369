"""What report pages have in common: the period and the authority asked for, whose dossiers a reader may open, words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from litestar.connection import Request
from psycopg import Connection

from lienthong import clock
from lienthong.access import Actor, Permit, policy
from lienthong.contracts.codes import Codes
from lienthong.errors import NotAllowed
from lienthong.reports import making
from lienthong.reports import period as periods
from lienthong.reports.cells import Among
from lienthong.reports.keeping import Freshness
from lienthong.reports.making import Asked
from lienthong.reports.period import Period
from lienthong.reports.procedure_shares import MEASURES, Counts
from lienthong.reports.succession import MINISTRY
from lienthong.settings import Settings
from lienthong.web.page import Page

READ = {"action": "report.read"}
OPTION = "read."
"""Prefix of a reading in the address: `read.base=received` shows what that reading would give."""


def readings(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The readings that an address asks to try."""
    return {
        name.removeprefix(OPTION): value
        for name, value in request.query_params.items()
        if name.startswith(OPTION) and value
    }


def chosen_period(period: str, days: str, today: date) -> Period:
    """The period written in an address; without one the quarter that ended last."""
    if days.strip():
        return periods.parse(days)
    return periods.parse(period) if period else periods.running(today, "quarter").before()


def ask(
    conn: Connection[Any],
    codes: Codes,
    home: Path | None,
    *,
    period: str = "",
    days: str = "",
    unit: str = "",
    province: str = "",
    readings: Mapping[str, str] | None = None,
) -> tuple[Asked, Freshness]:
    """The report asked for, over a base that is as fresh as can be at once. The gate comes before."""
    when = chosen_period(period, days, clock.today())
    among = Among(unit=unit.strip(), province=province.strip())
    return making.asking(conn, when, among, codes, home, readings)


def offered(today: date, chosen: Period) -> list[Period]:
    """The periods to choose from: years, halves, quarters and months of this year and the last, and the chosen one."""
    found: list[Period] = []
    for kind, count in (("month", 13), ("quarter", 6), ("half", 3), ("year", 3)):
        one = periods.running(today, kind)
        for _ in range(count):
            found.append(one)
            one = one.before()
    return found if chosen in found else [chosen, *found]


class Opening(msgspec.Struct, frozen=True):
    """Whose dossiers a reader may open behind a number: a number that is only partly theirs opens to nobody."""

    permit: Permit | None

    def __call__(self, province: str = "", unit: str = "") -> bool:
        """Whether a number of that province or agency opens."""
        if self.permit is None:
            return False
        if self.permit.facility is not None:
            return unit == self.permit.facility
        return self.permit.province is None or province == self.permit.province


def opening(actor: Actor | None) -> Opening:
    """What the reader may open."""
    try:
        return Opening(policy.decide(actor, "dossier.list", {}))
    except NotAllowed:
        return Opening(None)


def shared(
    page: Page, asked: Asked, upto: Freshness, actor: Actor, settings: Settings | None = None
) -> dict[str, Any]:
    """What every report page shows."""
    follows = asked.follows
    return {
        "asked": asked,
        "period": asked.period,
        "offered": offered(clock.today(), asked.period),
        "period_name": lambda one: period_name(page, one),
        "upto": upto,
        "provinces": follows.province_names,
        "unit_names": follows.unit_names,
        "MINISTRY": MINISTRY,
        "whose": whose(page, asked),
        "opens": opening(actor),
        "more": {OPTION + name: value for name, value in asked.readings.items()},
        "chosen": {
            "period": asked.period.code,
            "province": asked.among.province,
            "unit": asked.among.unit,
        },
        "forms": making.FORMS,
        "of_procedures": MEASURES,
        "times": lambda *said: times(page, *said),
    }


def times(
    page: Page, measure: str, said: Counts, numerator: int | None, denominator: int | None
) -> str:
    """What is done to the share of dossiers before it gives points; empty when it is the share itself."""
    if denominator is None or (numerator, denominator) == (said["yes"], said["yes"] + said["no"]):
        return ""
    if measure == "synchronised":
        return page.say(
            "of %(count)s that the Portal counts", count=page.words["number"](denominator)
        )
    return page.say("times the share that the Portal has")


def period_name(page: Page, one: Period) -> str:
    """A period as people say it."""
    first = one.first
    if one.kind == "month":
        return page.say("month %(number)s of %(year)s", number=first.month, year=first.year)
    if one.kind == "quarter":
        return page.say(
            "quarter %(number)s of %(year)s", number=(first.month + 2) // 3, year=first.year
        )
    if one.kind == "half":
        return page.say(
            "half %(number)s of %(year)s", number=(first.month + 5) // 6, year=first.year
        )
    if one.kind == "year":
        return page.say("year %(year)s", year=first.year)
    day = page.words["day"]
    return page.say("%(first)s to %(last)s", first=day(first), last=day(one.last))


def whose(page: Page, asked: Asked) -> str:
    """The name of whoever was asked for."""
    follows, among = asked.follows, asked.among
    text = page.words["text"]
    if among.unit:
        name = text(follows.unit_names.get(among.unit, {}))
        return f"{among.unit} {name}".strip()
    if among.province == MINISTRY:
        return page.say("the ministry's own dossiers")
    if among.province:
        return text(follows.province_names.get(among.province, {})) or among.province
    return page.say("the nation")


TITLES = {
    "received": "Received for settling",
    "received_online": "Received in the period, online",
    "received_other": "Received in the period, at a desk or by post",
    "carried_over": "Carried over from before",
    "resolved": "Settled",
    "early": "Settled early",
    "on_time": "Settled on the day",
    "late": "Settled late",
    "in_process": "In process",
    "within": "In process, within time",
    "overdue": "In process, overdue",
    "portal_on_time": "On time by indicator 2.1",
    "portal_overdue": "Overdue by indicator 2.1",
    "portal_undecided": "Indicator 2.1 cannot be decided: no time limit is known",
    "portal_outside": "Not judged by indicator 2.1: carried over",
    "same_good": "In time by both",
    "same_bad": "Late by both",
    "outside": "Counted by the form only: carried over from before",
    "undecided": "Counted by the form only: no time limit is known, nobody can judge",
    "more_supplements": "In time by the form, overdue by the index: a supplement was asked more than once",
    "asked_late": "In time by the form, overdue by the index: waits for its applicant, asked after the deadline",
    "longest_limit": "In time by the form, which knows no deadline; over the longest limit by the index",
    "not_late": "Late by the form, in time by the index",
    "absent": "The Portal does not have it",
    "behind": "Ended here; the Portal has not been told",
    "artefact": "Overdue on the Portal only because it shows an old state",
    "known": "The Portal shows what is kept here",
    "arrived": "Received in the period",
    "late_by_forms": "Late by the forms",
    "unreceived": "Filed, overdue at reception",
    "total": "Procedures that provinces and communes settle",
    "province": "Procedures settled at the province",
    "commune": "Procedures settled at the commune",
    "processes": "Procedures of provinces and communes with an internal process described here",
    "processes_province": "Procedures settled at the province with an internal process described here",
    "processes_commune": "Procedures settled at the commune with an internal process described here",
    "ministry": "Procedures that the ministry settles",
    "processes_ministry": "Procedures that the ministry settles with an internal process described here",
}
"""Cell to its sentence."""


def title(page: Page, cell: str, asked: Asked) -> str:
    """What a cell counts, in the reader's language."""
    measure, _, side = cell.partition(".")
    if side:
        label = next((one.label for one in asked.edition.rules if one.measure == measure), {})
        sides = {
            "of": page.say("everything that is judged"),
            "yes": page.say("counts"),
            "no": page.say("does not count"),
            "unsaid": page.say("unknown: no source says"),
        }
        return f"{page.words['text'](label)}: {sides.get(side, side)}"
    return page.say(TITLES[cell]) if cell in TITLES else cell
