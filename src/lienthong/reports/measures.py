"""The shares behind the service index, counted from the base: numerator, denominator, and how many nobody could judge.

Each measure of dossiers is a pair of conditions, so that both sides of any share can be opened to their dossiers. What
depends on something that is not recorded here (feedback, certified copies, payment by procedure) has no measure and is
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong import clock
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.reports import cells, counting
from lienthong.reports.cells import ENDED, Among
from lienthong.reports.editions import Edition
from lienthong.reports.index766 import Index, Share, index
from lienthong.reports.period import Period
from lienthong.reports.succession import MINISTRY, Following

RECEIVED = "received_at >= %(begins)s"
SETTLED = f"{ENDED} AND outcome = 'settled'"
_PAID = "(CASE WHEN f.dossier IS NOT NULL THEN true ELSE paid_online END)"
_DIGITISED = "coalesce(b.digitised, a.digitised)"
_ISSUED = "(b.e_result OR coalesce(i.e_result, false))"


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A share of dossiers: what counts, of what, and where nobody said."""

    of: str
    counts: str
    unsaid: str = "false"
    needs: str = ""


def measures(edition: Edition) -> dict[str, Measure]:
    """The measures of dossiers under the readings of an edition."""
    view = cells.portal(edition.reading)
    asked = "asked_fee OR paid_online IS NOT NULL OR f.dossier IS NOT NULL"
    payable = (
        RECEIVED if edition.option("payment_unit") == "received" else f"{RECEIVED} AND ({asked})"
    )
    online = "channel = 'online'"
    if edition.option("online_counts") == "with_result":
        online += f" AND NOT (({SETTLED}) AND NOT {_ISSUED})"
    content = "r.satisfied IS DISTINCT FROM false"
    if edition.option("satisfaction") == "overdue_and_disliked":
        content += f" AND NOT ({view['portal_overdue']})"
    return {
        "on_time": Measure(
            of=f"({view['portal_on_time']}) OR ({view['portal_overdue']})",
            counts=view["portal_on_time"],
        ),
        "synchronised": Measure(
            of=RECEIVED, counts="coalesce(p.created, false)", needs="on_portal"
        ),
        "filed_online": Measure(of=RECEIVED, counts=online),
        "e_results": Measure(of=SETTLED, counts=_ISSUED),
        "paid_online": Measure(
            of=payable, counts=f"coalesce({_PAID}, false)", unsaid=f"{_PAID} IS NULL"
        ),
        "digitised": Measure(
            of=SETTLED,
            counts=f"coalesce({_DIGITISED}, false) AND {_ISSUED}",
            unsaid=f"{_DIGITISED} IS NULL",
        ),
        "reused": Measure(
            of=RECEIVED, counts=f"coalesce({_DIGITISED}, false)", unsaid=f"{_DIGITISED} IS NULL"
        ),
        "from_store": _flag("from_store"),
        "vneid": _flag("vneid"),
        "population": _flag("population"),
        "satisfied": Measure(of=ENDED, counts=content, needs="rated"),
    }


def _flag(name: str) -> Measure:
    return Measure(of=RECEIVED, counts=f"coalesce({name}, false)", unsaid=f"{name} IS NULL")


def openable(edition: Edition) -> dict[str, str]:
    """The cells that a share can be opened by: `<measure>.of`, `.yes`, `.no` and `.unsaid`.

    Where nobody said, a dossier is in none but the last, unless the edition reads silence as no.
    """
    silent_is_no = edition.option("missing_flag") == "as_no"
    found = {}
    for name, one in measures(edition).items():
        of = f"({one.of})" if silent_is_no else f"({one.of}) AND NOT ({one.unsaid})"
        found[f"{name}.of"] = of
        found[f"{name}.yes"] = f"({one.of}) AND ({one.counts})"
        found[f"{name}.no"] = f"{of} AND NOT ({one.counts})"
        found[f"{name}.unsaid"] = f"({one.of}) AND ({one.unsaid})"
    return found


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The index of one line with what stands behind its shares.

    `plain` are shares of dossiers before a reading multiplies them with another share.
    """

    index: Index
    plain: Mapping[str, tuple[int, int]]
    unsaid: Mapping[str, int]
    dossiers: int
    undecided: int
    average_days: float | None = None


def indices(
    conn: psycopg.Connection[Any],
    period: Period,
    edition: Edition,
    *,
    by: counting.By = "",
    among: Among | None = None,
    follows: Following | None = None,
    position: int | None = None,
    moment: datetime | None = None,
) -> dict[str, Measured]:
    """The index of every province or unit (or of all, under ''), counted in one pass."""
    wanted, known = {}, measures(edition)
    for name, one in known.items():
        wanted[f"{name}/of"] = one.of
        wanted[f"{name}/yes"] = f"({one.of}) AND ({one.counts})"
        wanted[f"{name}/unsaid"] = f"({one.of}) AND ({one.unsaid})"
    wanted["dossiers"] = "true"
    wanted["undecided"] = cells.portal(edition.reading)["portal_undecided"]
    found = counting.count(
        conn, period, wanted, by=by, among=among, follows=follows, position=position, moment=moment,
        joins=counting.JOINS,
    )  # fmt: skip
    there = _there(conn)
    averages = _averages(conn, period, by, among, follows, position)
    used = _used(conn, period, by, among, follows, position)
    published = [one.procedure for one in catalogue.all_in_force(conn, period.last)]
    took = _decided(conn, period)
    made = {}
    for line, numbers in found.items():
        shares = {name: _share(numbers, name, one, edition, there) for name, one in known.items()}
        plain = {name: share for name in known if (share := shares[name])}
        shares["filed_online"] = _online(shares, edition)
        level = _levels(by, line, among)
        own = [one for one in published if level is None or level & set(one.levels)]
        shares |= _of_procedures(own, used.get(line, frozenset()), edition)
        shares["published_on_time"] = _published(took, level, edition)
        made[line] = Measured(
            index=index(edition, shares),
            plain=plain,
            unsaid={name: numbers[f"{name}/unsaid"] for name in known},
            dossiers=numbers["dossiers"],
            undecided=numbers["undecided"],
            average_days=averages.get(line),
        )
    return made


def _share(
    numbers: Mapping[str, int], name: str, one: Measure, edition: Edition, there: frozenset[str]
) -> Share:
    if one.needs and one.needs not in there:
        return None
    of, yes, unsaid = (numbers[f"{name}/{part}"] for part in ("of", "yes", "unsaid"))
    if unsaid and edition.option("missing_flag") == "unknown":
        return None
    return yes, of - unsaid if edition.option("missing_flag") == "apart" else of


def _online(shares: Mapping[str, Share], edition: Edition) -> Share:
    """3.3: the share filed online, times the share that the Portal has (C × sync) where so read."""
    online, there = shares["filed_online"], shares["synchronised"]
    if edition.option("online_share") == "plain" or online is None:
        return online
    return None if there is None else (online[0] * there[0], online[1] * there[1])


def _there(conn: psycopg.Connection[Any]) -> frozenset[str]:
    """Which of the sources outside the events hold anything at all."""
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM reports.on_portal), EXISTS (SELECT 1 FROM reports.rated)"
    ).fetchone()
    assert row
    return frozenset(name for name, held in zip(("on_portal", "rated"), row, strict=True) if held)


def _used(
    conn: psycopg.Connection[Any],
    period: Period,
    by: counting.By,
    among: Among | None,
    follows: Following | None,
    position: int | None,
) -> dict[str, frozenset[str]]:
    """By line, the procedures under which a dossier was filed online and received in the period."""
    statement = sql.SQL(
        "WITH base AS ({base}) SELECT {group} AS line, array_agg(DISTINCT procedure) FROM base b WHERE {whose}"
        " AND channel = 'online' AND received_at >= %(begins)s GROUP BY 1"
    ).format(base=cells.BASE, group=counting.GROUPS[by], whose=cells.WHOSE)
    given = cells.values(period, among or Among(), follows or Following(), position)
    rows = conn.execute(statement, given).fetchall()
    return {line: frozenset(procedures) for line, procedures in rows}


def _averages(
    conn: psycopg.Connection[Any],
    period: Period,
    by: counting.By,
    among: Among | None,
    follows: Following | None,
    position: int | None,
) -> dict[str, float]:
    """By line, the mean of days from reception to the end of what was settled in the period (2.2, without points)."""
    statement = sql.SQL(
        "WITH base AS ({base}) SELECT {group} AS line, avg(extract(epoch FROM ended_at - received_at))::float8 / 86400"
        " FROM base b WHERE {whose} AND ({settled}) GROUP BY 1"
    ).format(
        base=cells.BASE, group=counting.GROUPS[by], whose=cells.WHOSE, settled=sql.SQL(SETTLED)
    )
    given = cells.values(period, among or Among(), follows or Following(), position)
    return dict(conn.execute(statement, given).fetchall())


def _levels(by: counting.By, line: str, among: Among | None) -> set[str] | None:
    """Whose procedures are looked at: the ministry's, those of a province, or all."""
    province = line if by == "province" else among.province if among else ""
    if province == MINISTRY:
        return {"ministry"}
    return {"province", "commune", "facility"} if province else None


def _of_procedures(
    published: Iterable[Procedure], used: frozenset[str], edition: Edition
) -> dict[str, Share]:
    listed = list(published)
    kinds = ("full",) if edition.option("online_scope") == "full" else ("full", "partial")
    unknown = any(one.online == "unknown" for one in listed)
    online = [one for one in listed if one.online in ("full", "partial")]
    services = [one for one in listed if one.online in kinds]
    if not listed:
        return {}
    return {
        "complete_parts": (sum(not one.missing() for one in listed), len(listed)),
        "provided_online": None if unknown else (len(online), len(listed)),
        "online_with_dossiers": None
        if unknown
        else (sum(one.code in used for one in services), len(services)),
    }


def _decided(conn: psycopg.Connection[Any], period: Period) -> list[tuple[Procedure, int | None]]:
    """Procedures that took effect in the period, with the working days from decision to effect; None: not known."""
    found: list[tuple[Procedure, int | None]] = []
    rows = conn.execute(
        "SELECT document FROM procedures.version WHERE valid_from BETWEEN %s AND %s",
        [period.first, period.last],
    ).fetchall()
    for (document,) in rows:
        procedure = msgspec.convert(document, Procedure)
        said = procedure.decision
        days = (
            clock.working_days_between(said.decided, said.effective)
            if said and said.decided and said.effective
            else None
        )
        found.append((procedure, days))
    return found


def _published(
    took: list[tuple[Procedure, int | None]], levels: set[str] | None, edition: Edition
) -> Share:
    """1.1: unknown as soon as one decision has no dates; nothing took effect: an empty denominator."""
    own = [(one, days) for one, days in took if levels is None or levels & set(one.levels)]
    notice = next((r.days for r in edition.rules if r.measure == "published_on_time"), {})
    if not notice or any(days is None for _, days in own):
        return None
    good = 0
    for one, days in own:
        wanted = notice[MINISTRY if MINISTRY in one.levels else "elsewhere"]
        good += (days or 0) >= wanted
    return good, len(own)
