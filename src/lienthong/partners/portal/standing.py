"""Where the exchange with the Portal stands, in numbers that lead to lists; nothing here shows an applicant.

Every count joins the dossiers, so that row security narrows it to what the reader may see.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.access import Permit
from lienthong.partners.portal import inbound, line
from lienthong.partners.portal.jobs import Job, jobs
from lienthong.partners.portal.ratings import Satisfaction, satisfaction


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """So many of one kind, the oldest since when."""

    name: str
    count: int
    oldest: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The whole screen. Counts of dossiers add up: sent + unsent + failing + blocked = all."""

    now: datetime
    line: line.Line
    dossiers: int
    sent: int
    unsent: int
    failing: int
    blocked: int
    failing_since: datetime | None
    blocked_since: datetime | None
    unsent_since: datetime | None
    steps: dict[str, int]
    doubtful_since: datetime | None
    held: int
    held_since: datetime | None
    inbound: list[Group]
    alarms: int
    taken: int
    rejected: int
    differences: list[Group]
    overdue: dict[str, int]
    looked: int
    looked_oldest: datetime | None
    payments: list[Group]
    questions: list[Group]
    papers: list[Group]
    satisfaction: Satisfaction
    jobs: dict[str, Job]

    @property
    def acts(self) -> list[tuple[str, str, str]]:
        """What to do next, the most urgent first: (weight, English sentence, where)."""
        return _acts(self)


def standing(
    conn: psycopg.Connection[Any], now: datetime, permit: Permit | None = None
) -> Standing:
    """The numbers now, of what the reader may see. Whoever sees the nation needs no join that narrows."""
    wide = permit is not None and not (permit.facility or permit.province)
    sums = _one(
        conn,
        "SELECT count(*) AS dossiers,"
        " count(*) FILTER (WHERE p.blocked IS NOT NULL) AS blocked,"
        " count(*) FILTER (WHERE p.blocked IS NULL AND p.attempts > 0) AS failing,"
        " count(*) FILTER (WHERE p.blocked IS NULL AND coalesce(p.attempts, 0) = 0"
        "  AND (d.last_event > coalesce(p.sent_event, 0) OR p.again)) AS unsent,"
        " min(p.blocked_at) FILTER (WHERE p.blocked IS NOT NULL) AS blocked_since,"
        " min(p.failing_since) FILTER (WHERE p.blocked IS NULL AND p.attempts > 0) AS failing_since"
        " FROM dossiers.dossier d LEFT JOIN portal.dossier p USING (code)",
    )
    unsent_since = _unsent_since(conn) if sums["unsent"] else None
    of_steps = "" if wide else " JOIN dossiers.dossier d ON d.code = s.dossier"
    steps = {
        state: count
        for state, count in conn.execute(
            sql.SQL("SELECT s.state, count(*) FROM portal.step s{} GROUP BY 1").format(
                sql.SQL(of_steps)
            )
        ).fetchall()
    }
    doubt = _one(
        conn,
        "SELECT min(s.tried_at) AS since, min(s.held_since) AS held_since, count(s.held_since) AS held"
        " FROM portal.step s JOIN dossiers.dossier d ON d.code = s.dossier WHERE s.state = 'sending'",
    )
    queue = _one(
        conn,
        "SELECT count(*) FILTER (WHERE state = 'resolved') AS taken,"
        " count(*) FILTER (WHERE state = 'rejected') AS rejected,"
        " count(*) FILTER (WHERE state = 'waiting' AND received_at < %s) AS alarms FROM portal.inbound",
        [now - inbound.ALARM],
    )
    of_looks = "" if wide else " JOIN dossiers.dossier d ON d.code = l.dossier"
    looked = _one(
        conn,
        sql.SQL("SELECT count(*) AS looked, min(looked_at) AS oldest FROM portal.look l{}").format(
            sql.SQL(of_looks)
        ),
    )
    return Standing(
        now=now,
        line=line.line(conn),
        **{name: sums[name] for name in ("dossiers", "blocked", "failing", "unsent")},
        sent=sums["dossiers"] - sums["blocked"] - sums["failing"] - sums["unsent"],
        failing_since=sums["failing_since"],
        blocked_since=sums["blocked_since"],
        unsent_since=unsent_since,
        steps={state: steps.get(state, 0) for state in ("accepted", "sending", "waiting", "never")},
        doubtful_since=doubt["since"],
        held=doubt["held"],
        held_since=doubt["held_since"],
        inbound=_groups(
            conn,
            "SELECT kind, count(*), min(received_at) FROM portal.inbound WHERE state = 'waiting' GROUP BY 1 ORDER BY 3",
        ),
        **{name: queue[name] for name in ("alarms", "taken", "rejected")},
        differences=_groups(
            conn,
            "SELECT cause, count(*), min(found_at) FROM portal.difference f"
            " JOIN dossiers.dossier d ON d.code = f.dossier WHERE closed_at IS NULL GROUP BY 1 ORDER BY 2 DESC",
        ),
        overdue={
            verdict: count
            for verdict, count in conn.execute(
                "SELECT overdue, count(*) FROM portal.look l JOIN dossiers.dossier d ON d.code = l.dossier"
                " WHERE overdue <> 'no' GROUP BY 1"
            ).fetchall()
        },
        looked=looked["looked"],
        looked_oldest=looked["oldest"],
        payments=_groups(
            conn,
            "SELECT p.state, count(*), min(asked_at) FROM portal.payment p"
            " JOIN dossiers.dossier d ON d.code = p.dossier GROUP BY 1 ORDER BY 3",
        ),
        questions=_groups(
            conn,
            "SELECT state, count(*), min(asked_at) FROM portal.question WHERE state <> 'sent' GROUP BY 1 ORDER BY 1",
        ),
        papers=_groups(
            conn,
            "SELECT p.state, count(*), min(i.received_at) FROM portal.paper p JOIN portal.inbound i USING (position)"
            " JOIN dossiers.dossier d ON d.code = p.dossier WHERE p.state <> 'kept' GROUP BY 1",
        ),
        satisfaction=satisfaction(conn),
        jobs=jobs(conn),
    )


def _unsent_since(conn: psycopg.Connection[Any]) -> datetime | None:
    """When the oldest event was written that the Portal has not got and that nothing holds up."""
    return _one(
        conn,
        "SELECT min(e.written_at) AS since FROM dossiers.dossier d LEFT JOIN portal.dossier p USING (code)"
        " JOIN dossiers.event e ON e.position = d.last_event"
        " WHERE p.blocked IS NULL AND coalesce(p.attempts, 0) = 0 AND d.last_event > coalesce(p.sent_event, 0)",
    )["since"]


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier that does not get through: what is missing, or what the Portal said last."""

    code: str
    procedure: str
    unit: str
    missing: str | None
    said: str | None
    since: datetime | None
    attempts: int
    next_at: datetime | None


def troubles(conn: psycopg.Connection[Any], kind: str, limit: int = 100) -> list[Trouble]:
    """Dossiers that are blocked, failing, or held back until a person decides: the oldest first."""
    where = _WHERE.get(kind, _WHERE["failing"])
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT p.code, d.procedure, d.unit, p.blocked AS missing, p.last_answer AS said,"  # noqa: S608 three fixed conditions
            " coalesce(p.blocked_at, p.failing_since) AS since, p.attempts, nullif(p.next_at, '-infinity') AS next_at"
            f" FROM portal.dossier p JOIN dossiers.dossier d USING (code) WHERE {where} ORDER BY 6, 1 LIMIT %s",
            [limit],
        ).fetchall()
    return [Trouble(**row) for row in rows]


_WHERE = {
    "blocked": "p.blocked IS NOT NULL",
    "failing": "p.blocked IS NULL AND p.attempts > 0",
    "held": "EXISTS (SELECT 1 FROM portal.step s WHERE s.dossier = p.code AND s.held_since IS NOT NULL)",
}


def missing_fields(conn: psycopg.Connection[Any]) -> list[Group]:
    """What is missing how often, of dossiers that are blocked."""
    return _groups(
        conn,
        "SELECT trim(m), count(*), min(p.blocked_at) FROM portal.dossier p JOIN dossiers.dossier d USING (code),"
        " unnest(string_to_array(p.blocked, ',')) AS m WHERE p.blocked IS NOT NULL GROUP BY 1 ORDER BY 2 DESC",
    )


def _one(
    conn: psycopg.Connection[Any], text: Any, values: list[Any] | None = None
) -> dict[str, Any]:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(text, values).fetchone()
    assert row
    return row


def _groups(conn: psycopg.Connection[Any], text: Any) -> list[Group]:
    return [
        Group(name=name, count=count, oldest=oldest)
        for name, count, oldest in conn.execute(text).fetchall()
    ]


def _acts(now: Standing) -> list[tuple[str, str, str]]:
    state, compared = now.line.standing(now.now), now.jobs["reconcile"].done_at
    told = {one.name for one in now.differences}
    stuck = any(one.name in ("blocked", "paid") for one in now.payments)
    asked = any(one.name == "open" for one in now.questions)
    old = compared is None or now.now - compared > timedelta(days=2)
    possible: list[tuple[bool, str, str, str]] = [
        (state in ("open", "trying"), "error", LINE_DOWN, "#line"),
        (now.alarms > 0, "error", "Messages of the Portal wait too long: map their codes, complete or reject them.",
         "/portal/inbound"),
        (bool(now.inbound) and not now.alarms, "warning", "Messages of the Portal wait: look why.", "/portal/inbound"),
        (now.held > 0, "warning", "Steps are held back until somebody decides: look which, and decide.", "#held"),
        (now.blocked > 0, "warning", "Dossiers cannot be sent without inventing something: complete what is missing.",
         "#blocked"),
        (now.failing > 0, "warning", "The Portal refuses dossiers or does not answer for them: read what it said.",
         "#failing"),
        ("their_act" in told, "warning", "Citizens acted on the Portal: take it over here.",
         "/portal/differences?cause=their_act"),
        ("other_side" in told, "warning", OTHER_SIDE, "/portal/differences?cause=other_side"),
        (stuck, "warning", "Fees are stuck: look at what is missing for them.", "#payments"),
        (any(one.name == "refused" for one in now.papers), "warning",
         "Papers that the Portal sent could not be attached: look why.", "#papers"),
        (asked, "information", "Citizens' questions wait for an answer.", "/portal/questions"),
        (any(one.failure for one in now.jobs.values()), "warning",
         "Work of the clock failed: it is tried again by itself.", "#jobs"),
        (now.dossiers > 0 and old, "warning", "Both sides were not compared for two days: compare them now.", "#jobs"),
    ]  # fmt: skip
    return [(weight, said, where) for holds, weight, said, where in possible if holds]


LINE_DOWN = "The line is down: ask whoever runs the Portal or the relay. Nothing is lost; sending goes on by itself."
OTHER_SIDE = "Both sides differ although everything of ours arrived: send again, or tell the Portal's operator."
