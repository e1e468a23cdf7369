"""Many dossiers at once with everything that happened to them: kept by COPY, their standing computed as for one.

For demonstrations, for taking over what another system holds, and for the line in which filings by API wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong import audit, clock
from lienthong.dossiers import codes
from lienthong.dossiers.customs import Customs
from lienthong.dossiers.dossier import Filing, terms_of
from lienthong.dossiers.history import (
    ASSIGN,
    EXTEND,
    FILED,
    STEP,
    Event,
    Standing,
    Terms,
    replay,
)
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.records.store.owner import as_owner

NEW = "new"
BATCH = 5_000
"""Dossiers that are written together; all batches of one call stand in the caller's transaction."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one filing: its code, the procedure version it is under, where it stands."""

    code: str
    procedure_version: int
    standing: Standing


def keep_many(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    given: Iterable[tuple[Filing, Sequence[Event]]],
    *,
    customs: Customs | None = None,
    act: str = "dossier.kept_many",
) -> list[Kept]:
    """Keep dossiers with what happened to them after the filing, in the caller's transaction; one audit line.

    `given` are pairs of a filing and its later events in their order (without the filing itself; `number`,
    `position` and empty `from_state`, `to_state`, `actor` are filled in here). Every move must be one that the table
    has from that state; roles are not asked. A filing without `code` gets the next one of its unit and day.
    Raises NotFound for a procedure that was not in force, Conflict for a move that is not there or a code that is
    taken, Refused for events out of order. About 2,000 dossiers of six events a second.
    """
    name = _name(actor)
    done = keep(conn, ((filing, later, name) for filing, later in given), customs=customs)
    if done:
        about = {"count": len(done), "first": done[0].code, "last": done[-1].code}
        audit.write(conn, actor, act, about)
    return done


Given = tuple[Filing, Sequence[Event], str]
"""A filing, what happened after it, and who did it."""


def keep(
    conn: psycopg.Connection[Any], given: Iterable[Given], *, customs: Customs | None = None
) -> list[Kept]:
    """As `keep_many`, each with an actor of its own; whoever calls writes the audit."""
    done: list[Kept] = []
    known = _Versions(conn)
    batch: list[Given] = []
    for one in given:
        batch.append(one)
        if len(batch) >= BATCH:
            done += _keep(conn, batch, known, customs)
            batch = []
    return done + _keep(conn, batch, known, customs)


class _Versions:
    """Procedure versions as they were needed so far, each read once."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._found: dict[str, list[catalogue.Version]] = {}
        self._terms: dict[tuple[str, int, str, str, str], Terms] = {}

    def on(self, code: str, day: date) -> catalogue.Version:
        """The version that was in force on a day. Raises NotFound."""
        if code not in self._found:
            self._found[code] = catalogue.versions(self._conn, code)
        for one in self._found[code]:
            if (
                one.valid_from
                and one.valid_from <= day
                and (not one.valid_to or one.valid_to > day)
            ):
                return one
        raise NotFound(
            "PROCEDURE-NOT-FOUND", "Procedure %(number)s is not there in that form.", number=code
        )

    def terms(self, procedure: Procedure, version: int, filing: Filing) -> Terms:
        """What the version sets for such a filing."""
        key = (filing.procedure, version, filing.channel, filing.case, filing.clock)
        if key not in self._terms:
            self._terms[key] = terms_of(procedure, *key[2:])
        return self._terms[key]


def happened(filing: Filing, later: Sequence[Event], actor: str, table: Moves) -> list[Event]:
    """The events of a dossier from its filing on, numbered, every move checked against the table."""
    found = [Event(act=FILED, to_state=NEW, at=filing.filed_at, actor=actor, number=1)]
    for number, event in enumerate(later, 2):
        before = found[-1]
        to = event.to_state
        if event.act in (ASSIGN, EXTEND, STEP):
            to = before.to_state
        else:
            ends = [m.to for m in table.moves if m.act == event.act and m.from_ == before.to_state]
            if not ends or (to and to not in ends):
                raise Conflict(
                    "DOSSIER-MOVE",
                    "A dossier in state “%(state)s” cannot be moved by “%(act)s”; possible: %(choices)s.",
                    state=table.states[before.to_state].vi,
                    act=event.act,
                    choices=", ".join(
                        sorted({m.act for m in table.moves if m.from_ == before.to_state})
                    ),
                )
            to = to or (_end_of_supplement(found, table) if len(ends) > 1 else ends[0])
        if event.at < before.at:
            raise Refused(
                "DOSSIER-TIME",
                "The act lies before the last one, of %(moment)s.",
                moment=f"{clock.local(before.at):%d/%m/%Y %H:%M}",
            )
        found.append(
            Event(
                act=event.act,
                from_state=before.to_state,
                to_state=to,
                at=event.at,
                actor=event.actor or actor,
                role=event.role,
                number=number,
                about=event.about,
            )
        )
    return found


def _end_of_supplement(before: Sequence[Event], table: Moves) -> str:
    """A supplement leads to reception when the dossier was never received, else back to work."""
    received = any(table.states[event.to_state].clock == "runs" for event in before)
    return "processing" if received else "received"


def _keep(
    conn: psycopg.Connection[Any],
    batch: Sequence[Given],
    known: _Versions,
    customs: Customs | None,
) -> list[Kept]:
    if not batch:
        return []
    table = moves()
    numbers = _issue(conn, [filing for filing, _, _ in batch])
    kept: list[Kept] = []
    all_events: list[tuple[datetime, int, str, Event]] = []
    for at, (filing, later, actor) in enumerate(batch):
        version = known.on(filing.procedure, clock.local(filing.filed_at).date())
        terms = known.terms(version.procedure, version.version, filing)
        events = happened(filing, later, actor, table)
        found = replay(events, terms, table, online=filing.channel == "online", customs=customs)
        code = filing.code or numbers[at]
        kept.append(Kept(code=code, procedure_version=version.version, standing=found))
        all_events += [(event.at, at, code, event) for event in events]
    all_events.sort(key=lambda one: (one[0], one[1], one[3].number))
    positions = _positions(conn, len(all_events))
    last = {code: at for at, (_, _, code, _) in zip(positions, all_events, strict=True)}
    with as_owner(conn):
        try:
            _copy_dossiers(conn, batch, kept, last)
        except psycopg.errors.UniqueViolation as there:
            raise Conflict(
                "DOSSIER-THERE", "Dossier %(number)s is there already.", number=_taken(there)
            ) from None
        _copy_events(conn, all_events, positions)
        _copy_results(conn, all_events)
    return kept


def _issue(conn: psycopg.Connection[Any], filings: Sequence[Filing]) -> dict[int, str]:
    """The next codes of units and days, by the place of the filing; numbers that the Portal gave are passed over."""
    for filing in filings:
        codes.parse(filing.code) if filing.code else codes.check_unit(filing.unit)
    given = {filing.code for filing in filings}
    made = _next(conn, filings, [at for at, filing in enumerate(filings) if not filing.code])
    again = _taken_of(conn, made, given)
    while again:
        more = _next(conn, filings, again)
        made |= more
        again = _taken_of(conn, more, given)
    return made


def _taken_of(conn: psycopg.Connection[Any], made: Mapping[int, str], given: set[str]) -> list[int]:
    """The places whose new code somebody has already."""
    if not made:
        return []
    with as_owner(conn):
        rows = conn.execute(
            "SELECT code FROM dossiers.dossier WHERE code = ANY(%s)", [list(made.values())]
        ).fetchall()
    taken = given | {code for (code,) in rows}
    return [at for at, code in made.items() if code in taken]


def _next(
    conn: psycopg.Connection[Any], filings: Sequence[Filing], places: Sequence[int]
) -> dict[int, str]:
    """The next code of the unit and day of each of these filings; units always in one order."""
    wanted: dict[tuple[str, date], list[int]] = defaultdict(list)
    for at in places:
        wanted[filings[at].unit, clock.local(filings[at].filed_at).date()].append(at)
    if not wanted:
        return {}
    order = sorted(wanted)
    rows = conn.execute(
        "INSERT INTO dossiers.counter (unit, day, last) SELECT * FROM unnest(%s::text[], %s::date[], %s::int[])"
        " ON CONFLICT (unit, day) DO UPDATE SET last = counter.last + excluded.last RETURNING unit, day, last",
        [
            [unit for unit, _ in order],
            [day for _, day in order],
            [len(wanted[one]) for one in order],
        ],
    ).fetchall()
    made = {}
    for unit, day, highest in rows:
        those = wanted[unit, day]
        for serial, at in enumerate(those, highest - len(those) + 1):
            made[at] = codes.written(unit, day, serial, central=filings[at].central)
    return made


def _positions(conn: psycopg.Connection[Any], count: int) -> list[int]:
    """Places in the one order of all events, rising."""
    rows = conn.execute(
        "SELECT nextval(pg_get_serial_sequence('dossiers.event', 'position')) FROM generate_series(1, %s)",
        [count],
    ).fetchall()
    return sorted(number for (number,) in rows)


def _copy_dossiers(
    conn: psycopg.Connection[Any],
    batch: Sequence[Given],
    kept: Sequence[Kept],
    last: Mapping[str, int],
) -> None:
    with conn.cursor() as cursor, cursor.copy(_DOSSIERS) as copy:
        for (filing, _, _), one in zip(batch, kept, strict=True):
            said = one.standing
            copy.write_row(
                (
                    one.code, filing.procedure, one.procedure_version, filing.unit, filing.received_by or filing.unit,
                    filing.province, filing.channel, filing.origin, filing.case, filing.clock, filing.summary,
                    _json(filing.applicant), _json(filing.form), last[one.code],
                    *(getattr(said, name) for name in SAID),
                )
            )  # fmt: skip


def _copy_events(
    conn: psycopg.Connection[Any],
    happenings: Sequence[tuple[datetime, int, str, Event]],
    positions: Sequence[int],
) -> None:
    with conn.cursor() as cursor, cursor.copy(_EVENTS) as copy:
        for position, (_, _, code, event) in zip(positions, happenings, strict=True):
            copy.write_row(
                (
                    position, code, event.number, event.act, event.from_state, event.to_state, event.at, event.actor,
                    event.role, _json(event.about),
                )
            )  # fmt: skip


def _copy_results(
    conn: psycopg.Connection[Any], happenings: Sequence[tuple[datetime, int, str, Event]]
) -> None:
    """The results that were issued, with the moment at which one was taken back."""
    recalled = {
        (code, e.number): e.at for _, _, code, e in happenings if e.from_state == "returned"
    }
    rows = [
        (
            code, e.number, str(e.about.get("result", "")), str(e.about.get("result_code") or ""),
            min((at for (one, n), at in recalled.items() if one == code and n > e.number), default=None)
            if recalled else None,
        )
        for _, _, code, e in happenings if e.to_state == "settled" and e.from_state == "processing"
    ]  # fmt: skip
    if rows:
        statement = "COPY dossiers.result (dossier, event, name, code, corrected_at) FROM STDIN"
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


SAID = (
    "state", "filed_at", "received_at", "reception_due", "due_at", "settled_at", "returned_at", "waiting_since",
    "supplements", "extensions", "holder", "answer_due", "ended_at", "step", "step_since", "step_due",
)  # fmt: skip
"""What of a standing is kept beside the events, so that lists need not compute it."""

_COLUMNS = (
    "code", "procedure", "procedure_version", "unit", "received_by", "province", "channel", "origin", "case_name",
    "clock_name", "summary", "applicant", "form", "last_event", *SAID,
)  # fmt: skip
_DOSSIERS = sql.SQL("COPY dossiers.dossier ({}) FROM STDIN").format(
    sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
)
_EVENTS = sql.SQL(
    "COPY dossiers.event (position, dossier, number, act, from_state, to_state, at, actor, role, about) FROM STDIN"
)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _taken(there: psycopg.errors.UniqueViolation) -> str:
    """The code that stands in PostgreSQL's own words."""
    said = there.diag.message_detail or ""
    return said.partition(")=(")[2].partition(")")[0]


def _name(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
