"""The shares of the index that count procedures: each procedure counts, does not, or no source says.

What no source gives is unknown and stands apart: a part of a procedure that nobody described is no part that is
lacking. Shares and the lists behind them come from the same verdicts, so that every number opens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from lienthong import clock
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.reports import cells, counting
from lienthong.reports.cells import Among
from lienthong.reports.editions import Edition
from lienthong.reports.index766 import Share
from lienthong.reports.period import Period
from lienthong.reports.succession import MINISTRY, Following

Verdict = Literal["yes", "no", "unsaid"]
MEASURES = (
    "published_on_time", "complete_parts", "provided_online", "online_with_dossiers", "online_payment_ready",
    "online_payment_used",
)  # fmt: skip
CATALOGUED = MEASURES[:3]
"""Those that the catalogue alone decides, whoever's dossiers are looked at."""
ELSEWHERE = frozenset({"province", "commune", "facility"})
"""The levels that provinces settle."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a procedure; `days` are the working days from its decision to its effect, None when not known."""

    version: int
    procedure: Procedure
    complete: bool = False
    days: int | None = None


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The procedures in force at the end of a period, and the versions that took effect in it."""

    listed: tuple[Listed, ...]
    took: tuple[Listed, ...]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Of one line: procedures filed online in the period, whose fees were offered online, that were paid online."""

    filed: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()
    paid: frozenset[str] = frozenset()
    provinces: frozenset[str] = frozenset()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure behind a number; `missing` are the parts that no source has given."""

    code: str
    version: int
    name: Mapping[str, str]
    field: str
    levels: tuple[str, ...]
    missing: tuple[str, ...] = ()
    days: int | None = None


Counts = Mapping[str, int]
"""How many count (`yes`), do not (`no`), and of how many nobody said (`unsaid`)."""


def book(conn: psycopg.Connection[Any], period: Period) -> Book:
    """What the catalogue says of a period."""
    listed = tuple(
        Listed(version=one.version, procedure=one.procedure, complete=not one.procedure.missing())
        for one in catalogue.all_in_force(conn, period.last)
    )
    rows = conn.execute(
        "SELECT version, document FROM procedures.version WHERE valid_from BETWEEN %s AND %s ORDER BY code, version",
        [period.first, period.last],
    ).fetchall()
    took = []
    for version, document in rows:
        procedure = msgspec.convert(document, Procedure)
        took.append(Listed(version=version, procedure=procedure, days=_days(procedure)))
    return Book(listed=listed, took=tuple(took))


def _days(procedure: Procedure) -> int | None:
    said = procedure.decision
    if said is None or said.decided is None or said.effective is None:
        return None
    return clock.working_days_between(said.decided, said.effective)


def verdicts(
    found: Book, measure: str, edition: Edition, level: frozenset[str] | None, seen: Seen
) -> Iterator[tuple[Listed, Verdict]]:
    """Every procedure that a measure looks at, with what is judged of it; `level` None looks at all levels."""
    if measure == "published_on_time":
        notice = next((r.days for r in edition.rules if r.measure == measure), {})
        for one in found.took:
            if notice and (level is None or level & set(one.procedure.levels)):
                yield one, _published(one, notice)
        return
    services = ("full",) if edition.option("online_scope") == "full" else ("full", "partial")
    for one in found.listed:
        if level is None or not level.isdisjoint(one.procedure.levels):
            verdict = _verdict(one, measure, services, seen)
            if verdict is not None:
                yield one, verdict


def _published(one: Listed, notice: Mapping[str, int]) -> Verdict:
    if one.days is None:
        return "unsaid"
    wanted = notice[MINISTRY if MINISTRY in one.procedure.levels else "elsewhere"]
    return "yes" if one.days >= wanted else "no"


def _verdict(one: Listed, measure: str, services: tuple[str, ...], seen: Seen) -> Verdict | None:
    """None: the measure does not look at this procedure."""
    procedure = one.procedure
    if measure == "complete_parts":
        return "yes" if one.complete else "unsaid"
    if measure in ("provided_online", "online_with_dossiers"):
        if procedure.online == "unknown":
            return "unsaid"
        if measure == "provided_online":
            return "yes" if procedure.online in ("full", "partial") else "no"
        if procedure.online not in services:
            return None
        return "yes" if procedure.code in seen.filed else "no"
    return _payment(procedure, measure, seen)


def _payment(procedure: Procedure, measure: str, seen: Seen) -> Verdict | None:
    """An offer or a payment online proves that a procedure has online payment; nothing proves that it has none."""
    has = procedure.code in seen.offered or procedure.code in seen.paid
    if measure == "online_payment_ready":
        if procedure.free:
            return None
        return "yes" if has and procedure.free is False else "unsaid"
    if has:
        return "yes" if procedure.code in seen.paid else "no"
    return None if procedure.free else "unsaid"


def counts(
    found: Book,
    edition: Edition,
    level: frozenset[str] | None,
    seen: Seen,
    before: dict[frozenset[str] | None, dict[str, Counts]] | None = None,
) -> dict[str, Counts]:
    """Every measure of procedures of one line, counted; `before` keeps what does not depend on the line's dossiers."""
    kept = {} if before is None else before
    if level not in kept:
        kept[level] = {one: _counted(found, one, edition, level, Seen()) for one in CATALOGUED}
    made = kept[level] | {
        one: _counted(found, one, edition, level, seen) for one in MEASURES if one not in CATALOGUED
    }
    if edition.option("unsaid_parts") == "as_no":
        parts = made["complete_parts"]
        made["complete_parts"] = {"yes": parts["yes"], "no": parts["unsaid"], "unsaid": 0}
    return made


def _counted(
    found: Book, measure: str, edition: Edition, level: frozenset[str] | None, seen: Seen
) -> Counts:
    said = Counter(verdict for _, verdict in verdicts(found, measure, edition, level, seen))
    return {"yes": said["yes"], "no": said["no"], "unsaid": said["unsaid"]}


def shares(counted: Mapping[str, Counts], found: Book) -> dict[str, Share]:
    """The shares of the measures; None as soon as of one procedure nobody can say, or nothing is in force."""
    made: dict[str, Share] = {}
    for measure, said in counted.items():
        made[measure] = None if said["unsaid"] else (said["yes"], said["yes"] + said["no"])
        if not found.listed and measure != "published_on_time":
            made[measure] = None
    return made


def seen(
    conn: psycopg.Connection[Any],
    period: Period,
    by: counting.By,
    among: Among | None,
    follows: Following | None,
    position: int | None,
) -> dict[str, Seen]:
    """By line, what the dossiers of the period say about their procedures."""
    statement = sql.SQL(
        "WITH base AS ({base}) SELECT {group} AS line, array_agg(DISTINCT procedure) FILTER (WHERE channel = 'online'"
        " AND received_at >= %(begins)s), array_agg(DISTINCT procedure) FILTER (WHERE o.at < %(ends)s),"
        " array_agg(DISTINCT procedure) FILTER (WHERE (f.at >= %(begins)s AND f.at < %(ends)s) OR"
        " (f.at IS NULL AND paid_online AND received_at >= %(begins)s)), array_agg(DISTINCT province_now) FROM base b"
        " LEFT JOIN reports.offered o ON o.dossier = b.dossier LEFT JOIN reports.paid f ON f.dossier = b.dossier"
        " WHERE {whose} GROUP BY 1"
    ).format(base=cells.BASE, group=counting.GROUPS[by], whose=cells.WHOSE)
    given = cells.values(period, among or Among(), follows or Following(), position)
    return {
        line: Seen(
            filed=_set(filed), offered=_set(offered), paid=_set(paid), provinces=_set(provinces)
        )
        for line, filed, offered, paid, provinces in conn.execute(statement, given).fetchall()
    }


def _set(codes: list[str] | None) -> frozenset[str]:
    return frozenset(codes or ())


def levels(by: counting.By, line: str, among: Among | None, known: Seen) -> frozenset[str] | None:
    """Whose procedures are looked at: the ministry's, those that provinces settle, or all.

    An agency looks at those of the side that its dossiers belong to.
    """
    province = line if by == "province" else among.province if among else ""
    if not province and among and among.unit and len(known.provinces) == 1:
        (province,) = known.provinces
    if province == MINISTRY:
        return frozenset({MINISTRY})
    return ELSEWHERE if province else None


SIDES = ("of", "yes", "no", "unsaid")


def inside(verdict: Verdict, measure: str, edition: Edition) -> tuple[str, ...]:
    """The cells of a measure in which a procedure of that verdict is counted."""
    if verdict == "unsaid" and measure == "complete_parts":
        silent_is_no = edition.option("unsaid_parts") == "as_no"
        return (f"{measure}.of", f"{measure}.no") if silent_is_no else (f"{measure}.unsaid",)
    return (
        (f"{measure}.unsaid",) if verdict == "unsaid" else (f"{measure}.of", f"{measure}.{verdict}")
    )


def all_cells(
    conn: psycopg.Connection[Any],
    period: Period,
    edition: Edition,
    *,
    among: Among | None = None,
    follows: Following | None = None,
    position: int | None = None,
) -> list[tuple[Listed, tuple[str, ...]]]:
    """Every version of a procedure behind the index with the cells that it is counted in, by code."""
    found = book(conn, period)
    known = seen(conn, period, "", among, follows, position).get("", Seen())
    level = levels("", "", among, known)
    made: dict[tuple[str, int], tuple[Listed, list[str]]] = {}
    for measure in MEASURES:
        for one, verdict in verdicts(found, measure, edition, level, known):
            _, own = made.setdefault((one.procedure.code, one.version), (one, []))
            own += inside(verdict, measure, edition)
    return [(one, tuple(own)) for _, (one, own) in sorted(made.items())]


def told(procedure: Procedure, version: int, days: int | None = None) -> Judged:
    """A procedure as a list of them shows it."""
    return Judged(
        code=procedure.code, version=version, name=procedure.name, field=procedure.field,
        levels=procedure.levels, missing=procedure.missing(), days=days,
    )  # fmt: skip
