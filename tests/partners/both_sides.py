"""Both sides at once: a ministry over its database and a stand-in Portal, and what must be true of them in the end.

The seven invariants stand here once, each under its name; whoever stirs both sides calls `broken`.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from lienthong import clock
from lienthong.dossiers import acting, codes, deadlines, dossier
from lienthong.dossiers.dossier import terms_of
from lienthong.dossiers.history import replay
from lienthong.partners.portal import saying, times
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.procedures import catalogue
from lienthong.reports import facts, forms, period, standing
from tests.partners.portal_world import TABLE, WORDS

KEPT = (
    "state", "received_at", "due_at", "settled_at", "returned_at", "waiting_since", "supplements", "extensions",
    "reception_due",
)  # fmt: skip
"""What stands beside the events and must be what they say."""


def broken(
    conn: Any,
    memory: Memory,
    ours: Iterable[str],
    pushed: Iterable[str],
    past: dict[str, tuple[Any, ...]],
) -> dict[str, list[str]]:
    """Which invariants do not hold, by name, with what breaks them; empty when all seven hold.

    `ours` are our dossiers, `pushed` the codes that citizens were given, `past` what dossiers looked like before
    agencies changed.
    """
    ours = list(ours)
    found = {
        "1 same state, each step once": list(differences(conn, memory, ours)),
        "2 nothing lost between push and reception or queue": list(lost(conn, memory, pushed)),
        "3 no state goes back unless ours did": list(gone_back(conn, memory, ours)),
        "4 stored equals recomputed, forms balance": [
            *unlike(conn, ours), *unbalanced(conn, ours), *misread(conn),
        ],
        "5 due moves by exactly the time waited": list(misplaced(conn, ours)),
        "6 moments and codes come back as they went": list(unreadable(conn, ours)),
        "7 a changed agency changes no past dossier": list(changed(conn, past)),
    }  # fmt: skip
    return {name: wrong for name, wrong in found.items() if wrong}


def differences(conn: Any, memory: Memory, ours: Iterable[str]) -> Iterator[str]:
    """What differs between both sides, each step counted."""
    for code in ours:
        here, events = dossier.find(conn, code), dossier.events(conn, code)
        there = memory.dossiers.get(code)
        if there is None:
            yield f"{code} is not there"
            continue
        if there["TrangThaiHoSo"] != WORDS.states[here.state]:
            yield f"{code}: {there['TrangThaiHoSo']} instead of {here.state}"
        said = Counter(
            saying.fingerprint(saying.step_fields(here, event, TABLE, WORDS))
            for event in saying.steps_of(events)
        )
        held = Counter(saying.fingerprint(step) for step in memory.steps.get(code, ()))
        if said != held:
            yield f"{code}: {sum(held.values())} steps instead of {sum(said.values())}"


def lost(conn: Any, memory: Memory, pushed: Iterable[str]) -> Iterator[str]:
    """Codes that a citizen holds and nobody here knows of; dossiers that came twice; messages never taken."""
    for code in pushed:
        (dossiers,) = conn.execute(
            "SELECT count(*) FROM dossiers.dossier WHERE code = %s", [code]
        ).fetchone()
        (queued,) = conn.execute(
            "SELECT count(*) FROM portal.inbound WHERE code = %s AND state = 'waiting' AND reason IS NOT NULL",
            [code],
        ).fetchone()
        if not dossiers and not queued:
            yield f"{code} is neither a dossier nor in the queue"
        if dossiers and sum(event.act == "filed" for event in dossier.events(conn, code)) != 1:
            yield f"{code} was filed more than once"
    yield from (
        f"{key} was never taken" for key, one in memory.pushes.items() if not one["accepted_at"]
    )


def gone_back(conn: Any, memory: Memory, ours: Iterable[str]) -> Iterator[str]:
    """Dossiers whose states over there are not, in this order, among our own."""
    for code in ours:
        own = ["1", *(WORDS.states[event.to_state] for event in dossier.events(conn, code))]
        left = iter(own)
        seen = [state for state, _ in itertools.groupby(memory.history.get(code, ()))]
        if not all(any(state == one for one in left) for state in seen):
            yield f"{code}: {seen} over there, {own} here"


def unlike(conn: Any, ours: Iterable[str]) -> Iterator[str]:
    """Dossiers whose kept standing is not what their events say."""
    for code in ours:
        kept, said = dossier.find(conn, code), acting.standing(conn, code)
        for name in KEPT:
            if getattr(kept, name) != getattr(said, name):
                yield f"{code}.{name}: {getattr(kept, name)} kept, {getattr(said, name)} by its events"


def unbalanced(conn: Any, ours: Iterable[str]) -> Iterator[str]:
    """Units and months whose form II.06a does not balance or does not carry over to the next month."""
    units = {dossier.find(conn, code).unit for code in ours}
    months = sorted({(clock.local(event.at).year, clock.local(event.at).month) for code in ours
                     for event in dossier.events(conn, code)})  # fmt: skip
    for unit in sorted(units):
        yield from unbalanced_unit(conn, unit, months)


def unbalanced_unit(conn: Any, unit: str, months: Iterable[tuple[int, int]]) -> Iterator[str]:
    """The months of one unit in which an identity of form II.06a fails."""
    left: int | None = None
    for year, month in months:
        over = period.month(year, month)
        row = forms.form(facts.facts(conn, over, unit=unit), over, forms.by_unit).get(
            unit, forms.Row()
        )
        yield from (f"{unit} {year}-{month:02d}: {what}" for what in broken_row(row, left))
        left = row.in_process


def broken_row(row: forms.Row, left: int | None) -> Iterator[str]:
    """Which identities a line of form II.06 breaks; `left` is what was in process at the end of the period before."""
    columns = dict(zip(range(3, 14), row.columns(), strict=True))
    if columns[3] != columns[4] + columns[5] + columns[6]:
        yield "(3) is not (4) + (5) + (6)"
    if columns[7] != columns[8] + columns[9] + columns[10]:
        yield "(7) is not (8) + (9) + (10)"
    if columns[11] != columns[12] + columns[13]:
        yield "(11) is not (12) + (13)"
    if columns[3] != columns[7] + columns[11]:
        yield "(3) is not (7) + (11)"
    if left is not None and columns[6] != left:
        yield f"(6) is {columns[6]}, (11) of the period before was {left}"


def misread(conn: Any) -> Iterator[str]:
    """Rows of the base of reports that are not what the events say when they are made again."""
    read = "SELECT dossier, number, s::text FROM reports.standing s"
    standing.follow(conn)
    kept = set(conn.execute(read).fetchall())
    standing.rebuild(conn)
    yield from (
        f"{row[0]}: kept otherwise than computed"
        for row in kept ^ set(conn.execute(read).fetchall())
    )


def misplaced(conn: Any, ours: Iterable[str]) -> Iterator[str]:
    """Dossiers whose due moment moved by anything but the working time waited, or that would be due earlier when
    received later."""
    for code in ours:
        found, events = dossier.find(conn, code), dossier.events(conn, code)
        version = catalogue.version(conn, found.procedure, found.procedure_version)
        terms = terms_of(version.procedure, found.channel, found.case_name, found.clock_name)
        said = replay(events, terms, TABLE, online=found.channel == "online")
        if said.received_at is None or said.due_at is None or said.extensions:
            continue
        (limit,) = terms.limits
        plain = deadlines.due(said.received_at, limit)
        waited = sum(
            (
                clock.working_time_between(wait.begun, wait.ended)
                for wait in said.pauses
                if wait.ended
            ),
            timedelta(),
        )
        moved = clock.working_time_between(plain, said.due_at)
        if moved != waited:
            yield f"{code}: moved by {moved}, waited {waited}"
        if deadlines.due(said.received_at + timedelta(hours=3), limit) < plain:
            yield f"{code}: received later, due earlier"


def unreadable(conn: Any, ours: Iterable[str]) -> Iterator[str]:
    """Moments that the Portal's codec does not bring back, codes that nobody can read or that stand twice."""
    for code, times_given in Counter(ours).items():
        codes.parse(code)
        if times_given > 1:
            yield f"{code} was given twice"
        for event in dossier.events(conn, code):
            if times.read(times.written(event.at)) != event.at.replace(microsecond=0):
                yield f"{code}: {event.at} does not come back"


def changed(conn: Any, past: dict[str, tuple[Any, ...]]) -> Iterator[str]:
    """Dossiers that looked otherwise before agencies were merged or renamed."""
    yield from (
        f"{code} was changed" for code, before in past.items() if looks(conn, code) != before
    )


def looks(conn: Any, code: str) -> tuple[Any, ...]:
    """What must never change of a dossier, whatever becomes of its agency."""
    found = dossier.find(conn, code)
    filed = dossier.events(conn, code)[0]
    return (
        found.code,
        found.unit,
        found.received_by,
        found.province,
        found.procedure_version,
        found.filed_at,
        filed,
    )


def by_unit_and_month(conn: Any, first: date, last: date) -> dict[str, list[str]]:
    """For a whole store: the identities of form II.06a that fail, by unit; one pass over the facts of each month."""
    wrong: dict[str, list[str]] = defaultdict(list)
    left: dict[str, int] = {}
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        over = period.month(year, month)
        rows = forms.form(facts.facts(conn, over), over, forms.by_unit)
        for unit in rows.keys() | left.keys():
            row = rows.get(unit, forms.Row())
            wrong[unit] += [
                f"{year}-{month:02d}: {what}" for what in broken_row(row, left.get(unit))
            ]
            left[unit] = row.in_process
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return {unit: found for unit, found in wrong.items() if found}
