"""When a due day has passed and nothing was done: the province is told, then the ministry, and it is written down."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.quality.tickets.correction import Correction, correction, days_late
from lienthong.quality.tickets.ticket import DUE

ACTOR = "tickets"


def escalate(
    conn: psycopg.Connection[Any], today: date, rules: Correction | None = None
) -> dict[int, list[int]]:
    """Tell whoever must know by the declared steps, in the caller's transaction: level to the tickets raised to it.

    A level once told is not told again until the sender has moved (a plan, a check in the field granted).
    """
    declared = rules or correction()
    late = conn.execute(
        f"SELECT id, level, state, {DUE} FROM quality.ticket WHERE state <> 'closed' AND {DUE} < %s"  # noqa: S608
        " ORDER BY id FOR UPDATE",
        [today],
    ).fetchall()
    raised: dict[int, list[int]] = {}
    acts: list[tuple[int, int, dict[str, Any]]] = []
    names = {step.level: step.to for step in declared.escalation}
    passed: dict[date, int] = {}
    for id, level, state, last in late:
        if last not in passed:
            passed[last] = days_late(last, today)
        reached = declared.level(passed[last])
        if reached > level:
            raised.setdefault(reached, []).append(id)
            acts.append((id, reached, {"to": names[reached], "late": passed[last], "state": state}))
    if not acts:
        return {}
    now = clock.now()
    conn.execute(
        "UPDATE quality.ticket t SET level = a.level FROM unnest(%s::bigint[], %s::smallint[]) AS a(id, level)"
        " WHERE t.id = a.id",
        [[act[0] for act in acts], [act[1] for act in acts]],
    )
    conn.execute(
        "INSERT INTO quality.ticket_act (ticket, at, actor, act, about) SELECT u.id, %s, %s, 'escalated', u.about"
        " FROM unnest(%s::bigint[], %s::jsonb[]) AS u(id, about)",
        [now, ACTOR, [act[0] for act in acts], [Jsonb(act[2]) for act in acts]],
    )
    about = {names[level]: ids for level, ids in raised.items()}
    audit.write(conn, ACTOR, "tickets.escalated", about, now)
    return raised
