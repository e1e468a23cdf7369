"""Every number about dossiers is a condition on the rows of the base: what is counted is what can be listed.

The two named projections stand here side by side: `law`, as the forms of the control of procedures count (a dossier
given back is settled, one that waits for its applicant is in process and within time), and `portal`, as indicator 2.1
of the service index counts on the Portal (more than one request for a supplement is overdue, an open request is judged
at its moment, a dossier without a deadline by the longest limit of its procedure).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg import sql

from lienthong.errors import NotFound
from lienthong.reports.period import Period
from lienthong.reports.succession import MINISTRY, Following

ENDED = "ended_at < %(ends)s"
_LATE = "coalesce(ended_at > due_at, false)"
_EARLY = (
    "coalesce(ended_at <= due_at AND (ended_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
    " < (due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, false)"
)
_PASSED = "waiting_since IS NULL AND coalesce(due_at < %(moment)s, false)"

LAW: Mapping[str, str] = {
    "received": "true",
    "received_online": "received_at >= %(begins)s AND channel = 'online'",
    "received_other": "received_at >= %(begins)s AND channel <> 'online'",
    "carried_over": "received_at < %(begins)s",
    "resolved": ENDED,
    "early": f"{ENDED} AND {_EARLY}",
    "on_time": f"{ENDED} AND NOT {_EARLY} AND NOT {_LATE}",
    "late": f"{ENDED} AND {_LATE}",
    "in_process": f"NOT {ENDED}",
    "within": f"NOT {ENDED} AND NOT ({_PASSED})",
    "overdue": f"NOT {ENDED} AND {_PASSED}",
}
"""The columns of form II.06: name to condition."""

_DUE = "coalesce(due_at, longest_due)"
_MOMENT = (
    f"(CASE WHEN {ENDED} THEN ended_at WHEN waiting_since IS NOT NULL THEN waiting_since"
    " ELSE %(moment)s END)"
)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How an official reads what the formula document of the index leaves open (options of the index)."""

    base: str = "received_and_carried"
    more_supplements: str = "overdue"
    without_limit: str = "apart"


def portal(reading: Reading) -> dict[str, str]:
    """The classes of indicator 2.1 under a reading: name to condition. Each dossier of a form is in one of the four."""
    inside = "received_at >= %(begins)s" if reading.base == "received" else "true"
    twice = "supplements > 1" if reading.more_supplements == "overdue" else "false"
    unlimited = f"{_DUE} IS NULL"
    late = f"coalesce({_MOMENT} > {_DUE}, false)"
    bad = f"({twice} OR {late})"
    nobody = f"({unlimited} AND NOT {twice})"
    said = {"apart": "false", "on_time": nobody, "overdue": "false"}[reading.without_limit]
    if reading.without_limit == "overdue":
        bad = f"({bad} OR {unlimited})"
    apart = nobody if reading.without_limit == "apart" else "false"
    return {
        "portal_on_time": f"{inside} AND NOT {bad} AND NOT {apart} AND (NOT {unlimited} OR {said})",
        "portal_overdue": f"{inside} AND {bad}",
        "portal_undecided": f"{inside} AND {apart}",
        "portal_outside": f"NOT ({inside})",
    }


def bridge(reading: Reading) -> dict[str, str]:
    """Why the two projections differ: each dossier of a form is in exactly one of these groups."""
    view = portal(reading)
    good = f"(({LAW['early']}) OR ({LAW['on_time']}) OR ({LAW['within']}))"
    overdue = f"({view['portal_overdue']})"
    twice = "supplements > 1" if reading.more_supplements == "overdue" else "false"
    left = f"{good} AND {overdue}"
    return {
        "same_good": f"{good} AND {view['portal_on_time']}",
        "same_bad": f"NOT {good} AND {overdue}",
        "outside": view["portal_outside"],
        "undecided": view["portal_undecided"],
        "more_supplements": f"{left} AND {twice}",
        "asked_late": f"{left} AND NOT ({twice}) AND due_at IS NOT NULL",
        "longest_limit": f"{left} AND NOT ({twice}) AND due_at IS NULL",
        "not_late": f"NOT {good} AND {view['portal_on_time']}",
    }


ON_PORTAL: Mapping[str, str] = {
    "absent": "p.dossier IS NULL OR NOT p.created",
    "behind": "p.created AND ended_at < %(ends)s AND p.sent_event < position",
    "artefact": "p.created AND p.overdue = 'artefact'",
    "known": "p.created AND NOT (ended_at < %(ends)s AND p.sent_event < position)"
    " AND p.overdue IS DISTINCT FROM 'artefact'",
}
"""What the Portal holds of the same dossiers now, by the ledger of the exchange."""

SUMS: Mapping[str, str] = {
    "arrived": "received_at >= %(begins)s",
    "late_by_forms": f"({LAW['late']}) OR ({LAW['overdue']})",
}
"""Sums of columns that pages show beside them."""


NOWHERE = "-"
"""The field or level of a dossier whose procedure has none that a source gives."""


class Among(msgspec.Struct, frozen=True, kw_only=True):
    """Whose dossiers: of a unit, a province (or `ministry`), a field, a level, a procedure; empty is all.

    `NOWHERE` asks for those whose procedure has no field or no level.
    """

    unit: str = ""
    province: str = ""
    field: str = ""
    level: str = ""
    procedure: str = ""

    @property
    def scope(self) -> str:
        """As figures name it."""
        parts = [
            f"{name}:{getattr(self, name)}" for name in ("province", "unit") if getattr(self, name)
        ]
        return " ".join(parts) or "nation"


_BASE = """
    SELECT s.*, coalesce(u.new, s.unit) AS unit_now,
        coalesce(p.new, nullif(s.province, ''), '{ministry}') AS province_now
    FROM reports.standing s
    LEFT JOIN unnest(%(old_units)s::text[], %(new_units)s::text[]) AS u(old, new) ON u.old = s.unit
    LEFT JOIN unnest(%(old_provinces)s::text[], %(new_provinces)s::text[]) AS p(old, new) ON p.old = s.province
    WHERE s.since < %(ends)s AND s.received_at < %(ends)s AND s.ended_at >= %(begins)s AND s.position <= %(position)s
        AND (s.until >= %(ends)s OR s.next_position > %(position)s)
"""
BASE = sql.SQL(_BASE.replace("{ministry}", MINISTRY))
"""The dossiers of a period as they stood at its end, by what was known up to an event."""

WHOSE = sql.SQL(
    "(%(unit)s = '' OR unit_now = %(unit)s) AND (%(province)s = '' OR province_now = %(province)s)"
    " AND (%(field)s = '' OR coalesce(nullif(field, ''), '-') = %(field)s)"
    " AND (%(level)s = '' OR coalesce(nullif(level, ''), '-') = %(level)s)"
    " AND (%(procedure)s = '' OR procedure = %(procedure)s)"
)
LAST = 9_223_372_036_854_775_807
"""A position after every event."""


def values(
    period: Period,
    among: Among,
    follows: Following,
    position: int | None = None,
    moment: datetime | None = None,
) -> dict[str, Any]:
    """The parameters that BASE, WHOSE and the cells need.

    `moment` is when it is asked: in a period that still runs, nothing is overdue because of days that are to come.
    """
    return {
        "begins": period.begins,
        "ends": period.ends,
        "moment": period.ends if moment is None else min(period.ends, moment),
        "position": LAST if position is None else position,
        "unit": among.unit,
        "province": among.province,
        "field": among.field,
        "level": among.level,
        "procedure": among.procedure,
        **follows.values,
    }


def condition(cell: str, reading: Reading) -> str:
    """The condition of a cell of any projection; raises NotFound for a name that is none."""
    known = {**LAW, **portal(reading), **bridge(reading)}
    if cell not in known:
        raise NotFound(
            "REPORT-CELL",
            "There is no number called %(name)s; there are: %(known)s.",
            name=cell[:40],
            known=", ".join(known),
        )
    return known[cell]
