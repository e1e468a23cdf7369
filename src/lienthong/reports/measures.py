"""The shares behind the service index, counted from the base: numerator, denominator, and how many nobody could judge.

Each measure of dossiers is a pair of conditions, so that both sides of any share can be opened to their dossiers; those
of procedures stand in procedure_shares.py. What depends on something that is not recorded here (feedback, certified
copies, the day of publicising) has no measure and is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.reports import cells, counting, procedure_shares
from lienthong.reports.cells import ENDED, Among
from lienthong.reports.editions import Edition
from lienthong.reports.index766 import Index, Share, index
from lienthong.reports.period import Period
from lienthong.reports.procedure_shares import Counts, Seen
from lienthong.reports.succession import Following

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
        found[f"{name}.unsaid"] = "false" if silent_is_no else f"({one.of}) AND ({one.unsaid})"
    return found


def numbers(edition: Edition) -> dict[str, str]:
    """Every number of dossiers that the index is made of."""
    return {
        "dossiers": "true",
        "undecided": cells.portal(edition.reading)["portal_undecided"],
        **openable(edition),
    }


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The index of one line with what stands behind its shares; `average_days` of a line that is asked alone.

    `plain` are shares of dossiers before a reading multiplies them with another share, `counts` what was looked at for
    every measure: how many count, do not, and of how many nobody said.
    """

    index: Index
    plain: Mapping[str, tuple[int, int]]
    counts: Mapping[str, Counts]
    dossiers: int
    undecided: int
    average_days: float | None = None

    def unsaid(self, measure: str) -> int | None:
        """Of how many nobody said; None for a measure that nothing here counts."""
        return self.counts[measure]["unsaid"] if measure in self.counts else None


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
    counted: Mapping[str, Mapping[str, int]] | None = None,
) -> dict[str, Measured]:
    """The index of every province or unit (or of all, under ''), counted in one pass; `counted`: as it was before."""
    known = measures(edition)
    found = counted if counted is not None else counting.count(
        conn, period, numbers(edition), by=by, among=among, follows=follows, position=position, moment=moment,
        joins=counting.JOINS,
    )  # fmt: skip
    there = _there(conn)
    averages = {} if by else _averages(conn, period, by, among, follows, position)
    listed = procedure_shares.book(conn, period)
    seen = procedure_shares.seen(conn, period, by, among, follows, position)
    made: dict[str, Measured] = {}
    catalogued: dict[frozenset[str] | None, dict[str, Counts]] = {}
    for line, said_of in found.items():
        counts = {
            name: {side: said_of[f"{name}.{side}"] for side in ("yes", "no", "unsaid")}
            for name, one in known.items()
            if not one.needs or one.needs in there
        }
        shares = {name: _share(counts.get(name), edition) for name in known}
        shares["synchronised"] = _synchronised(shares, edition, by, line, among)
        plain = {name: share for name in known if (share := shares[name])}
        shares["filed_online"] = _online(shares, edition)
        said = seen.get(line, Seen())
        level = procedure_shares.levels(by, line, among, said)
        of_procedures = procedure_shares.counts(listed, edition, level, said, catalogued)
        shares |= procedure_shares.shares(of_procedures, listed)
        made[line] = Measured(
            index=index(edition, shares),
            plain=plain,
            counts=counts | of_procedures,
            dossiers=said_of["dossiers"],
            undecided=said_of["undecided"],
            average_days=averages.get(line),
        )
    return made


def _share(said: Counts | None, edition: Edition) -> Share:
    if said is None or (said["unsaid"] and edition.option("missing_flag") == "unknown"):
        return None
    return said["yes"], said["yes"] + said["no"]


def _synchronised(
    shares: Mapping[str, Share], edition: Edition, by: counting.By, line: str, among: Among | None
) -> Share:
    """1.4: of what was received here or of what the Portal counts as received, whichever is more."""
    own = shares["synchronised"]
    whose = among or Among()
    theirs = edition.received_there.get((line if by == "province" else whose.province, whose.unit))
    if own is None or theirs is None:
        return own
    return own[0], max(own[1], theirs.received)


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
