"""Keeps tickets true to what is open: opens, counts, closes by itself and opens again.

Whoever writes counts leaves a mark (quality.ticket_work) in the same transaction and goes on; here the marks are
worked off, one statement for many senders, so that receiving data never waits for tickets. What is open is read
from the counts, which hold exactly what the masks of kept and waiting rows say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.findings import Criterion, Severity
from lienthong.quality.tickets import rules
from lienthong.quality.tickets.correction import due
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.withholding import withholds

ACTOR = "tickets"
BATCH = 200
"""Senders whose tickets are looked at in one transaction."""

KEY_RULES = ("STORE-01", "STORE-02", "STORE-03")
"""The store's own reasons about a record's key: missing, too long, twice with different content."""

Place = tuple[str, str]
"""contract, sender."""


class Open(msgspec.Struct, frozen=True):
    """What is open under one ticket's name now."""

    contract: str
    sender: str
    table: str
    rule: str
    field: str
    rows: int
    since: date
    criterion: Criterion
    severity: Severity
    alert: bool
    """Whether it blames what identifies a person, a facility, a practitioner or the record."""

    @property
    def name(self) -> tuple[str, str, str, str, str]:
        """What makes a ticket one ticket."""
        return self.contract, self.sender, self.table, self.rule, self.field


class Done(msgspec.Struct):
    """What an upkeep changed: ids of tickets."""

    opened: list[int] = []
    reopened: list[int] = []
    closed: list[int] = []
    changed: int = 0


def keep_up(conn: psycopg.Connection[Any], *, batches: int = 50) -> Done:
    """Work off the marks that were left, in transactions of their own. `conn` may see every row."""
    total = Done()
    for _ in range(batches):
        with conn.transaction():
            places = _take(conn)
            if not places:
                break
            _add(total, refresh(conn, places))
    return total


def is_behind(conn: psycopg.Connection[Any]) -> bool:
    """Whether marks wait, so that tickets may not yet say everything."""
    row = conn.execute("SELECT EXISTS (SELECT 1 FROM quality.ticket_work)").fetchone()
    return bool(row and row[0])


def sweep(conn: psycopg.Connection[Any]) -> Done:
    """Look at every sender, whatever the marks say."""
    rows = conn.execute(
        "SELECT contract, sender FROM quality.sender UNION SELECT contract, sender FROM quality.ticket"
        " UNION SELECT contract, sender FROM records.quarantine WHERE state = 'open' ORDER BY 1, 2"
    ).fetchall()
    total = Done()
    for start in range(0, len(rows), BATCH):
        with conn.transaction():
            _add(total, refresh(conn, rows[start : start + BATCH]))
    return total


def _take(conn: psycopg.Connection[Any]) -> list[Place]:
    rows = conn.execute(
        "DELETE FROM quality.ticket_work WHERE ctid = ANY(ARRAY(SELECT ctid FROM quality.ticket_work"
        " WHERE (contract, sender) IN (SELECT contract, sender FROM quality.ticket_work ORDER BY at LIMIT %s)"
        " FOR UPDATE SKIP LOCKED)) RETURNING contract, sender",
        [BATCH],
    ).fetchall()
    return sorted(set(rows))


def _add(total: Done, more: Done) -> None:
    total.opened += more.opened
    total.reopened += more.reopened
    total.closed += more.closed
    total.changed += more.changed


def refresh(conn: psycopg.Connection[Any], places: Iterable[Place]) -> Done:
    """Make the tickets of these senders say what is open now, in the caller's transaction."""
    wanted = sorted(set(places))
    # The counts are read after the lock, so that of two who look at a sender the later one has the last word.
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(p, 13)) FROM unnest(%s::text[]) AS u(p)",
        [[f"{contract}\n{sender}" for contract, sender in wanted]],
    )
    now, found = clock.now(), {one.name: one for one in _open(conn, wanted)}
    known = {
        tuple(row[:5]): row[5:]
        for row in conn.execute(
            "SELECT contract, sender, table_name, rule, field, id, state, open_rows, alert, severity"
            " FROM quality.ticket"
            " WHERE (contract, sender) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
            " AND (state <> 'closed' OR (contract, sender, table_name, rule, field) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])))",
            [*_columns(wanted, 2), *_columns(list(found), 5)],
        )
    }
    done = Done()
    _open_new(conn, [one for name, one in found.items() if name not in known], now, done)
    again = [
        (known[name][0], one) for name, one in found.items() if known.get(name, "..")[1] == "closed"
    ]
    _open_again(conn, again, now, done)
    moved = [
        (known[name][0], one.rows, one.alert, one.severity.value)
        for name, one in found.items()
        if name in known
        and known[name][1] != "closed"
        and known[name][2:] != (one.rows, one.alert, one.severity.value)
    ]
    _count(conn, moved, now, done)
    _close(
        conn,
        [row[0] for name, row in known.items() if name not in found and row[1] != "closed"],
        now,
        done,
    )
    if done.opened or done.reopened or done.closed:
        about = {"opened": done.opened, "reopened": done.reopened, "closed": done.closed}
        audit.write(conn, ACTOR, "tickets.kept", {k: v for k, v in about.items() if v}, now)
    return done


def _columns(lines: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*lines, strict=True)] or [[] for _ in range(width)]


def _open(conn: psycopg.Connection[Any], wanted: list[Place]) -> list[Open]:
    """What is open: rules broken by rows, and reasons of the reader and the store for which units wait."""
    lines = conn.execute(
        "SELECT contract, sender, table_name, rule, sum(failed)::bigint, min(day) FROM records.count"
        " WHERE failed > 0 AND rule COLLATE \"C\" > '-'"
        " AND (contract, sender) IN (SELECT * FROM unnest(%s::text[], %s::text[])) GROUP BY 1, 2, 3, 4",
        _columns(wanted, 2),
    ).fetchall()
    said = rules.said(conn, {(row[0], row[2], row[3]) for row in lines})
    found = []
    for contract, sender, table, key, failed, since in lines:
        rule, _, field = key.partition("|")
        about = said.get((contract, table, key))
        severity = about.severity if about else Severity.WARNING
        if severity is Severity.INFORMATION:
            continue
        criterion = about.criterion if about else Criterion.CORRECT
        alert = about is not None and withholds(about)
        found.append(
            Open(contract, sender, table, rule, field, failed, since, criterion, severity, alert)
        )
    have = {one.name for one in found}
    return found + [one for one in _reasons(conn, wanted) if one.name not in have]


def _reasons(conn: psycopg.Connection[Any], wanted: list[Place]) -> list[Open]:
    rows = conn.execute(
        "SELECT q.contract, q.sender, coalesce(f ->> 'table', q.root), f ->> 'rule', coalesce(f ->> 'field', ''),"
        " count(DISTINCT q.id), min((q.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date), min(f ->> 'kind')"
        " FROM records.quarantine q, jsonb_array_elements(q.faults) f WHERE q.state = 'open' AND q.faults <> '[]'"
        " AND (q.contract, q.sender) IN (SELECT * FROM unnest(%s::text[], %s::text[])) GROUP BY 1, 2, 3, 4, 5",
        _columns(wanted, 2),
    ).fetchall()
    found = []
    for contract, sender, table, rule, field, units, since, kind in rows:
        criterion, alert = reasons.criterion(kind), rule in KEY_RULES
        found.append(
            Open(
                contract, sender, table, rule, field, units, since, criterion, Severity.ERROR, alert
            )  # fmt: skip
        )
    return found


def _open_new(conn: psycopg.Connection[Any], new: list[Open], now: datetime, done: Done) -> None:
    if not new:
        return
    provinces = _provinces(conn, sorted({(one.contract, one.sender) for one in new}))
    lines = []
    for one in new:
        last = due(one.since)
        lines.append(
            (
                one.contract, one.sender, provinces.get((one.contract, one.sender), ""), one.table, one.rule, one.field,
                one.criterion.value, one.severity.value, one.alert,
                one.rows, one.rows, one.since, last.clock, last.plan, last.mend, last.field, now, now,
            )
        )  # fmt: skip
    ids = conn.execute(
        "INSERT INTO quality.ticket (contract, sender, province, table_name, rule, field, criterion, severity, alert,"
        " open_rows, most_rows, opened_on, clock, plan_due, mend_due, field_due, created_at, seen_at)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::text[], %s::boolean[], %s::bigint[], %s::bigint[], %s::date[], %s::text[], %s::date[], %s::date[],"
        " %s::date[], %s::timestamptz[], %s::timestamptz[]) RETURNING id, open_rows",
        _columns(lines, 18),
    ).fetchall()
    done.opened += [row[0] for row in ids]
    _tell(conn, [(id, "opened", {"rows": rows}) for id, rows in ids], now)


def _provinces(conn: psycopg.Connection[Any], places: list[Place]) -> dict[Place, str]:
    """The province of a sender as its newest submission says it."""
    rows = conn.execute(
        "SELECT p.contract, p.sender, s.province FROM unnest(%s::text[], %s::text[]) AS p(contract, sender)"
        " CROSS JOIN LATERAL (SELECT province FROM records.submission s WHERE s.sender = p.sender"
        " AND s.contract = p.contract ORDER BY number DESC LIMIT 1) s",
        _columns(places, 2),
    ).fetchall()
    return {(contract, sender): province for contract, sender, province in rows}


def _open_again(
    conn: psycopg.Connection[Any], again: list[tuple[int, Open]], now: datetime, done: Done
) -> None:
    """What comes back has a new clock and wants a new cause and plan; the old ones stay in its acts."""
    if not again:
        return
    lines = []
    for id, one in again:
        last = due(one.since)
        lines.append((id, one.rows, one.since, last.clock, last.plan, last.mend, last.field))
    conn.execute(
        "UPDATE quality.ticket t SET state = 'open', open_rows = a.rows, most_rows = greatest(t.most_rows, a.rows),"
        " opened_on = a.since, clock = a.clock, plan_due = a.plan, mend_due = a.mend, field_due = a.field,"
        " cause = NULL, plan = NULL, planned_by = NULL, planned_at = NULL, field_check = NULL, field_reason = NULL,"
        " level = 0, reopened = t.reopened + 1, closed_at = NULL, seen_at = %s"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::text[], %s::date[], %s::date[], %s::date[])"
        " AS a(id, rows, since, clock, plan, mend, field) WHERE t.id = a.id",
        [now, *_columns(lines, 7)],
    )
    done.reopened += [id for id, _ in again]
    _tell(conn, [(id, "reopened", {"rows": one.rows}) for id, one in again], now)


def _count(
    conn: psycopg.Connection[Any],
    moved: list[tuple[int, int, bool, str]],
    now: datetime,
    done: Done,
) -> None:
    """New numbers; and what a newer version of the contract says of the rule."""
    if not moved:
        return
    conn.execute(
        "UPDATE quality.ticket t SET open_rows = a.rows, most_rows = greatest(t.most_rows, a.rows), seen_at = %s,"
        " alert = a.alert, severity = a.severity"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::text[]) AS a(id, rows, alert, severity)"
        " WHERE t.id = a.id",
        [now, *_columns(moved, 4)],
    )
    done.changed += len(moved)


def _close(conn: psycopg.Connection[Any], ids: list[int], now: datetime, done: Done) -> None:
    if not ids:
        return
    conn.execute(
        "UPDATE quality.ticket SET state = 'closed', open_rows = 0, closed_at = %s, seen_at = %s WHERE id = ANY(%s)",
        [now, now, ids],
    )
    done.closed += ids
    _tell(conn, [(id, "closed", {}) for id in ids], now)


def _tell(
    conn: psycopg.Connection[Any], acts: list[tuple[int, str, dict[str, Any]]], now: datetime
) -> None:
    conn.execute(
        "INSERT INTO quality.ticket_act (ticket, at, actor, act, about)"
        " SELECT u.ticket, %s, %s, u.act, u.about FROM unnest(%s::bigint[], %s::text[], %s::jsonb[])"
        " AS u(ticket, act, about)",
        [now, ACTOR, [a[0] for a in acts], [a[1] for a in acts], [Jsonb(a[2]) for a in acts]],
    )
