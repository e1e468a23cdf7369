"""What is written down of each dossier and each step before and after it goes out; many dossiers at once.

A step is `sending` from before it goes out until its answer was written down. Whoever finds it so does not know
whether it arrived, and must ask. Where asking does not tell, it is held back until a person decides (deciding.py);
`never` is one that a person said never goes out. One dossier is held by one sender at a time, by an advisory lock of
its connection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import Event
from lienthong.errors import Failure
from lienthong.partners.portal import sayings
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure

SPACE = 21
"""The second key of the advisory locks on dossiers."""


class Step(msgspec.Struct, kw_only=True):
    """One step that is to go out: its number among the events, what is said, and how it is known again."""

    number: int
    said: dict[str, Any]
    print: str


class Work(msgspec.Struct, kw_only=True):
    """One dossier that is due, with all that is needed to send it, and what came of it."""

    dossier: Dossier
    applicant: dict[str, Any]
    procedure: Procedure
    events: list[Event]
    created: bool
    again: bool = False
    attempts: int = 0
    technical_id: str | None = None
    accepted: dict[int, str] = {}
    unknown: dict[int, str] = {}
    never: set[int] = set()
    allowed: set[int] = set()
    """Steps in doubt that a person lets go out once more."""
    familiar: set[str] = set()
    """Prints of steps over there that a person looked at when deciding: they are strange no more."""
    steps: list[Step] = []
    papers: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    fees: list[dict[str, Any]] = []
    field_code: str = ""
    unit_name: str = ""
    names: dict[str, str] = {}
    # what came of it
    tried: bool = False
    done: bool = False
    sent: dict[int, str] = {}
    doubtful: set[int] = set()
    out: set[int] = set()
    """Steps that left in this round, whatever came back."""
    held: dict[int, list[dict[str, str]]] = {}
    """Steps that wait for a person, each with those of the Portal that it may be."""
    missing: tuple[str, ...] = ()
    failure: Failure | None = None
    line_failed: bool = False


_DOSSIERS = sql.SQL(
    "SELECT {}, d.applicant, p.created, p.again, p.attempts, p.technical_id FROM dossiers.dossier d"
    " JOIN portal.dossier p USING (code) WHERE code = ANY(%s)"
    " AND (d.last_event > greatest(p.sent_event, p.blocked_event) OR p.again) AND p.next_at <= %s"
    " AND NOT EXISTS (SELECT 1 FROM portal.step s WHERE s.dossier = d.code AND s.state = 'sending'"
    "  AND s.tried_at > %s) ORDER BY d.last_event"
).format(sql.SQL(", ").join(sql.SQL("d.") + sql.Identifier(f) for f in Dossier.__struct_fields__))


def due(conn: psycopg.Connection[Any], now: datetime, limit: int, after: int = 0) -> list[str]:
    """Codes of dossiers that are to be sent, the oldest events first.

    With `after` only dossiers with events behind that position, and those that were tried before or asked for again;
    with 0 all dossiers are compared.
    """
    rows = conn.execute(
        "WITH found AS ("
        " SELECT d.code, d.last_event FROM dossiers.dossier d LEFT JOIN portal.dossier p USING (code)"
        "  WHERE d.last_event > %(after)s"
        "  AND d.last_event > greatest(coalesce(p.sent_event, 0), coalesce(p.blocked_event, 0))"
        "  AND coalesce(p.next_at, '-infinity') <= %(now)s"
        " UNION SELECT d.code, d.last_event FROM portal.dossier p JOIN dossiers.dossier d USING (code)"
        "  WHERE p.attempts > 0 AND p.next_at <= %(now)s AND d.last_event > greatest(p.sent_event, p.blocked_event)"
        " UNION SELECT d.code, d.last_event FROM portal.dossier p JOIN dossiers.dossier d USING (code)"
        "  WHERE p.again AND p.next_at <= %(now)s)"
        " SELECT code FROM found ORDER BY last_event LIMIT %(limit)s",
        {"after": after, "now": now, "limit": limit},
    ).fetchall()
    return [code for (code,) in rows]


def last_position(conn: psycopg.Connection[Any]) -> int:
    """The last position of any event now."""
    row = conn.execute("SELECT coalesce(max(last_event), 0) FROM dossiers.dossier").fetchone()
    return row[0] if row else 0


def hold(conn: psycopg.Connection[Any], codes: Sequence[str]) -> list[str]:
    """Those of the codes that nobody else holds; they are ours until `let_go` or until the connection ends."""
    rows = conn.execute(
        "SELECT c FROM unnest(%s::text[]) AS c WHERE pg_try_advisory_lock(hashtextextended(c, %s))",
        [list(codes), SPACE],
    ).fetchall()
    return [code for (code,) in rows]


def let_go(conn: psycopg.Connection[Any], codes: Sequence[str]) -> None:
    """Others may have them."""
    conn.execute(
        "SELECT pg_advisory_unlock(hashtextextended(c, %s)) FROM unnest(%s::text[]) AS c",
        [SPACE, list(codes)],
    )


def load(
    conn: psycopg.Connection[Any], codes: Sequence[str], now: datetime, settle: float = 0.0
) -> list[Work]:
    """Everything about dossiers that we hold and that are still due, as of the last event of each.

    One with a step in doubt is left until `settle` seconds have passed: what has no answer may still be done there.
    """
    conn.execute(
        "INSERT INTO portal.dossier (code, changed_at) SELECT c, %s FROM unnest(%s::text[]) AS c"
        " ON CONFLICT DO NOTHING",
        [now, list(codes)],
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _DOSSIERS, [list(codes), now, now - timedelta(seconds=settle)]
        ).fetchall()
    found = [row["code"] for row in rows]
    events, steps = events_of(conn, found), written(conn, found)
    return [
        Work(
            dossier=Dossier(**{name: row[name] for name in Dossier.__struct_fields__}),
            applicant=row["applicant"],
            procedure=_procedure(conn, row["procedure"], row["procedure_version"]),
            events=[one for one in events[row["code"]] if one.position <= row["last_event"]],
            created=row["created"],
            again=row["again"],
            attempts=row["attempts"],
            technical_id=row["technical_id"],
            accepted={s.number: s.print for s in steps[row["code"]] if s.state == "accepted"},
            unknown={s.number: s.print for s in steps[row["code"]] if s.state == "sending"},
            never={s.number for s in steps[row["code"]] if s.state == "never"},
            allowed={s.number for s in steps[row["code"]] if s.again},
            familiar={p for s in steps[row["code"]] for p in s.familiar},
        )
        for row in rows
    ]


def begin(conn: psycopg.Connection[Any], works: Sequence[Work], now: datetime) -> None:
    """Write down which steps go out now; before any of them does. What a person allowed once is used up by it."""
    conn.execute(
        "UPDATE portal.step s SET again = false FROM unnest(%s::text[], %s::int[]) AS x (c, n)"
        " WHERE s.dossier = x.c AND s.number = x.n",
        _pairs((work.dossier.code, number) for work in works for number in work.allowed),
    )
    lines = [
        (work.dossier.code, step.number, step.print)
        for work in works
        for step in work.steps
        if step.number not in work.unknown
    ]
    if not lines:
        return
    codes, numbers, prints = (list(part) for part in zip(*lines, strict=True))
    conn.execute(
        "INSERT INTO portal.step (dossier, number, print, state, tried_at)"
        " SELECT c, n, p, 'sending', %s FROM unnest(%s::text[], %s::int[], %s::text[]) AS x (c, n, p)"
        " ON CONFLICT (dossier, number) DO UPDATE SET state = 'sending', tried_at = excluded.tried_at,"
        " print = excluded.print WHERE portal.step.state <> 'accepted'",
        [now, codes, numbers, prints],
    )


def keep(
    conn: psycopg.Connection[Any], works: Sequence[Work], waits: Sequence[float], now: datetime
) -> None:
    """Write down what came of each; `waits` are the seconds until it is tried again, where it failed."""
    with conn.transaction():
        _keep_steps(conn, works, now)
        ended = [(w, wait) for w, wait in zip(works, waits, strict=True) if w.tried]
        if not ended:
            return
        columns: list[list[Any]] = [
            [w.dossier.code for w, _ in ended],
            [w.created for w, _ in ended],
            [w.dossier.last_event for w, _ in ended],
            [w.done for w, _ in ended],
            [", ".join(w.missing) or None for w, _ in ended],
            [sayings.kept(w.failure) if w.failure else None for w, _ in ended],
            [wait for _, wait in ended],
            [w.technical_id for w, _ in ended],
            [w.again for w, _ in ended],
        ]
        conn.execute(
            "UPDATE portal.dossier p SET"
            # Somebody asked to send it again while it was being sent: their wish stands, and is done next.
            " created = CASE WHEN p.again AND NOT x.again THEN p.created ELSE x.created END,"
            " technical_id = coalesce(x.technical_id, p.technical_id),"
            " sent_event = CASE WHEN x.done THEN x.event ELSE p.sent_event END,"
            " sent_at = CASE WHEN x.done THEN %(now)s ELSE p.sent_at END,"
            " again = p.again AND (NOT x.again OR (NOT x.done AND x.missing IS NULL)),"
            " attempts = CASE WHEN x.failure IS NULL THEN 0 ELSE p.attempts + 1 END,"
            " failing_since = CASE WHEN x.failure IS NULL THEN NULL ELSE coalesce(p.failing_since, %(now)s) END,"
            " next_at = CASE WHEN x.failure IS NULL THEN '-infinity'"
            "  ELSE %(now)s + make_interval(secs => x.wait) END,"
            " last_answer = x.failure, blocked = x.missing,"
            " blocked_event = CASE WHEN x.missing IS NULL THEN 0 ELSE x.event END,"
            " blocked_at = CASE WHEN x.missing IS NULL THEN NULL ELSE coalesce(p.blocked_at, %(now)s) END,"
            " changed_at = %(now)s"
            " FROM unnest(%(a)s::text[], %(b)s::bool[], %(c)s::bigint[], %(d)s::bool[], %(e)s::text[], %(f)s::text[],"
            "  %(g)s::float8[], %(h)s::text[], %(i)s::bool[])"
            "  AS x (code, created, event, done, missing, failure, wait, technical_id, again)"
            " WHERE p.code = x.code",
            dict(zip("abcdefghi", columns, strict=True)) | {"now": now},
        )


def _keep_steps(conn: psycopg.Connection[Any], works: Sequence[Work], now: datetime) -> None:
    """Accepted ones are accepted; what certainly did not go out waits; what went out unanswered stays in doubt."""
    lines = [
        (w.dossier.code, number, print_, "accepted")
        for w in works
        for number, print_ in w.sent.items()
    ]
    lines += [
        (w.dossier.code, step.number, step.print, "waiting")
        for w in works
        for step in w.steps
        if step.number not in w.sent and step.number not in w.doubtful
    ]
    _keep_held(conn, works, now)
    if not lines:
        return
    codes, numbers, prints, states = (list(part) for part in zip(*lines, strict=True))
    conn.execute(
        "UPDATE portal.step s SET state = x.state, print = x.print, held_since = NULL,"
        " accepted_at = CASE WHEN x.state = 'accepted' THEN %s::timestamptz END"
        " FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[]) AS x (dossier, number, print, state)"
        " WHERE s.dossier = x.dossier AND s.number = x.number AND s.state <> 'accepted'",
        [now, codes, numbers, prints, states],
    )


def _keep_held(conn: psycopg.Connection[Any], works: Sequence[Work], now: datetime) -> None:
    """What waits for a person, with what they must see; a permission that was not used holds on."""
    unused = [
        (w.dossier.code, number)
        for w in works
        for number in (w.allowed & w.doubtful) - w.out - w.held.keys()
    ]
    conn.execute(
        "UPDATE portal.step s SET again = true FROM unnest(%s::text[], %s::int[]) AS x (c, n)"
        " WHERE s.dossier = x.c AND s.number = x.n AND s.state = 'sending'",
        _pairs(unused),
    )
    conn.execute(
        "UPDATE portal.step s SET held_since = NULL FROM unnest(%s::text[], %s::int[]) AS x (c, n)"
        " WHERE s.dossier = x.c AND s.number = x.n AND s.held_since IS NOT NULL",
        _pairs((w.dossier.code, number) for w in works for number in w.out),
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE portal.step SET held_since = coalesce(held_since, %s),"
            " strange = coalesce(jsonb_path_query_array(strange, '$[*] ? (@.looked == true)'), '[]') || %s"
            " WHERE dossier = %s AND number = %s AND state = 'sending'",
            [
                (now, Jsonb(seen), w.dossier.code, number)
                for w in works
                for number, seen in w.held.items()
            ],
        )


def _pairs(lines: Iterable[tuple[str, int]]) -> list[list[Any]]:
    listed = list(lines)
    return [[code for code, _ in listed], [number for _, number in listed]]


def events_of(conn: psycopg.Connection[Any], codes: Sequence[str]) -> dict[str, list[Event]]:
    """The events of many dossiers, each in their order."""
    found: dict[str, list[Event]] = defaultdict(list)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT dossier, act, to_state, at, from_state, actor, role, number, position, about"
            " FROM dossiers.event WHERE dossier = ANY(%s) ORDER BY dossier, number",
            [list(codes)],
        ).fetchall()
    for row in rows:
        found[row.pop("dossier")].append(Event(**row))
    return found


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One step as the ledger has it. `familiar`: prints over there that somebody looked at when deciding on it."""

    number: int
    print: str
    state: str
    again: bool
    familiar: list[str]


def written(conn: psycopg.Connection[Any], codes: Sequence[str]) -> dict[str, list[Written]]:
    """The steps of many dossiers, each in their order."""
    found: dict[str, list[Written]] = defaultdict(list)
    for code, number, print_, state, again, familiar in conn.execute(
        "SELECT dossier, number, print, state, again,"
        " coalesce(jsonb_path_query_array(strange, '$[*] ? (@.looked == true).print'), '[]')"
        " FROM portal.step WHERE dossier = ANY(%s) ORDER BY dossier, number",
        [list(codes)],
    ).fetchall():
        found[code].append(
            Written(number=number, print=print_, state=state, again=again, familiar=familiar)
        )
    return found


_VERSIONS: dict[tuple[str, int, str], Procedure] = {}


def _procedure(conn: psycopg.Connection[Any], code: str, version: int) -> Procedure:
    """A published version never changes, so each is read once in a program's life."""
    key = (code, version, conn.info.dbname)
    if key not in _VERSIONS:
        if len(_VERSIONS) > 2000:
            _VERSIONS.clear()
        _VERSIONS[key] = catalogue.version(conn, code, version).procedure
    return _VERSIONS[key]
