"""How far a procedure is: its gates and its service, changed by officials only, every change kept with who and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.procedure import CODE
from lienthong.procedures.readiness.gates import gates

MOST = 2000
"""Characters of a note or a blocker."""


class GateStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One gate of one procedure. Nobody has looked at it yet when it is waiting without an owner."""

    gate: str
    state: str = "waiting"
    owner: str = ""
    due: date | None = None
    blocker: str = ""
    note: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None

    def late(self, today: date) -> int:
        """Working days past its last day while it is not ready."""
        if self.due is None or self.state == "ready" or today <= self.due:
            return 0
        return clock.working_days_between(self.due, today)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The readiness of one procedure; the gates in their order."""

    code: str
    priority: int | None = None
    owner: str = ""
    service: str = "undecided"
    reason: str | None = None
    reason_basis: str = ""
    demo: bool = False
    gates: tuple[GateStanding, ...] = ()

    @property
    def ready(self) -> int:
        """How many gates are ready."""
        return sum(one.state == "ready" for one in self.gates)

    @property
    def next(self) -> GateStanding | None:
        """The first gate that is not ready."""
        return next((one for one in self.gates if one.state != "ready"), None)

    @property
    def blocked(self) -> tuple[GateStanding, ...]:
        """The gates at which it is stuck."""
        return tuple(one for one in self.gates if one.state == "blocked")

    def late(self, today: date) -> int:
        """Working days of the gate that is late the longest."""
        return max((one.late(today) for one in self.gates), default=0)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `gate` is empty for priority, owner and service."""

    id: int
    code: str
    gate: str
    before: dict[str, Any]
    after: dict[str, Any]
    by: str
    at: datetime


def untouched(code: str) -> Standing:
    """A procedure that nobody has looked at."""
    return Standing(code=code, gates=tuple(GateStanding(gate=name) for name in gates().names))


def standings(
    conn: psycopg.Connection[Any], codes: Iterable[str] | None = None
) -> dict[str, Standing]:
    """The readiness of procedures by code; of `codes` each, else of those that somebody looked at."""
    wanted = None if codes is None else sorted(set(codes))
    values = {"codes": wanted}
    held: dict[str, dict[str, GateStanding]] = {}
    for code, *rest in conn.execute(
        "SELECT code, gate, state, owner, due, blocker, note, changed_by, changed_at FROM office.gate"
        " WHERE %(codes)s::text[] IS NULL OR code = ANY(%(codes)s)",
        values,
    ).fetchall():  # fmt: skip
        held.setdefault(code, {})[rest[0]] = GateStanding(
            **dict(zip(GateStanding.__struct_fields__, rest, strict=True))
        )
    found = {code: untouched(code) for code in wanted or ()}
    for row in conn.execute(
        "SELECT code, priority, owner, service, reason, reason_basis, demo FROM office.readiness"
        " WHERE %(codes)s::text[] IS NULL OR code = ANY(%(codes)s)",
        values,
    ).fetchall():  # fmt: skip
        mine = held.get(row[0], {})
        found[row[0]] = Standing(
            **dict(zip(Standing.__struct_fields__[:-1], row, strict=True)),
            gates=tuple(mine.get(name, GateStanding(gate=name)) for name in gates().names),
        )
    return found


def standing(conn: psycopg.Connection[Any], code: str) -> Standing:
    """The readiness of one procedure, whether somebody looked at it or not."""
    return standings(conn, [code])[code]


def changes(conn: psycopg.Connection[Any], code: str) -> list[Change]:
    """What was changed, the newest first."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(
            "SELECT id, code, gate, before, after, by, at FROM office.readiness_change WHERE code = %s"
            " ORDER BY id DESC",
            [code],
        ).fetchall()


def set_gate(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    gate: str,
    *,
    state: str,
    owner: str = "",
    due: date | None = None,
    blocker: str = "",
    note: str = "",
    demo: bool = False,
) -> Standing:
    """Say how far a gate is. A blocked gate names its blocker; the last gate is ready only after all before it.

    Raises NotFound for a gate or code that is none, Refused, Conflict.
    """
    _known(code, gate)
    if state not in gates().states:
        raise Refused(
            "READINESS-STATE", "Choose one of: %(states)s.", states=", ".join(gates().states)
        )
    blocker, note, owner = blocker.strip(), note.strip(), owner.strip()
    if state == "blocked" and not blocker:
        raise Refused("READINESS-BLOCKER", "Say what blocks it.")
    if max(len(blocker), len(note), len(owner)) > MOST:
        raise Refused("READINESS-LONG", "Write at most %(most)s characters.", most=MOST)
    _lock(conn, actor, code, demo)
    before = standing(conn, code)
    _in_order(before, gate, state)
    after = GateStanding(
        gate=gate, state=state, owner=owner, due=due, blocker=blocker if state == "blocked" else "", note=note
    )  # fmt: skip
    conn.execute(
        "INSERT INTO office.gate (code, gate, state, owner, due, blocker, note, changed_by, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (code, gate) DO UPDATE SET state = excluded.state,"
        " owner = excluded.owner, due = excluded.due, blocker = excluded.blocker, note = excluded.note,"
        " changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        [code, gate, state, after.owner, due, after.blocker, note, _id(actor), clock.now()],
    )
    old = next(one for one in before.gates if one.gate == gate)
    _keep(conn, actor, code, gate, _plain(old), _plain(after))
    return standing(conn, code)


def decide(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    *,
    priority: int | None,
    owner: str = "",
    service: str = "undecided",
    reason: str | None = None,
    reason_basis: str = "",
    demo: bool = False,
) -> Standing:
    """Decide priority, owner and service; a partial service names one of the four published reasons.

    Raises NotFound, Refused.
    """
    _known(code, None)
    if service not in gates().services:
        raise Refused(
            "READINESS-SERVICE", "Choose one of: %(states)s.", states=", ".join(gates().services)
        )
    if service == "partial" and reason not in gates().reasons:
        raise Refused(
            "READINESS-REASON", "A partial service needs one of the reasons of %(basis)s.", basis=gates().reasons_basis
        )  # fmt: skip
    if priority is not None and priority not in gates().priorities:
        raise Refused("READINESS-PRIORITY", "There is no priority %(priority)s.", priority=priority)
    _lock(conn, actor, code, demo)
    before = standing(conn, code)
    chosen = reason if service == "partial" else None
    conn.execute(
        "UPDATE office.readiness SET priority = %s, owner = %s, service = %s, reason = %s, reason_basis = %s,"
        " changed_by = %s, changed_at = %s WHERE code = %s",
        [
            priority,
            owner.strip(),
            service,
            chosen,
            reason_basis.strip() if chosen else "",
            _id(actor),
            clock.now(),
            code,
        ],
    )
    after = standing(conn, code)
    _keep(conn, actor, code, "", _plain(before), _plain(after))
    return after


def _known(code: str, gate: str | None) -> None:
    if not CODE.match(code):
        raise NotFound(
            "PROCEDURE-NOT-FOUND",
            "Procedure %(number)s is not there in that form.",
            number=code[:40],
        )
    if gate is not None and gate not in gates().names:
        raise NotFound("READINESS-GATE", "There is no gate %(gate)s.", gate=gate[:40])


def _in_order(before: Standing, gate: str, state: str) -> None:
    """The last gate opens after all others, and none is taken back under an open service."""
    last = gates().names[-1]
    others = [one for one in before.gates if one.gate != last]
    if gate == last and state == "ready" and any(one.state != "ready" for one in others):
        raise Conflict("READINESS-ORDER", "The service opens when every gate before it is ready.")
    if gate != last and state != "ready" and before.gates[-1].state == "ready":
        raise Conflict(
            "READINESS-OPEN", "The service is open. Close it first, then change this gate."
        )


def _lock(conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, demo: bool) -> None:
    conn.execute(
        "INSERT INTO office.readiness (code, changed_by, changed_at, demo) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (code) DO UPDATE SET changed_at = excluded.changed_at",
        [code, _id(actor), clock.now(), demo],
    )


def _keep(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    gate: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    if before == after:
        return
    conn.execute(
        "INSERT INTO office.readiness_change (code, gate, before, after, by, at) VALUES (%s, %s, %s, %s, %s, %s)",
        [code, gate, Jsonb(before), Jsonb(after), _id(actor), clock.now()],
    )
    audit.write(conn, actor, "office.readiness_changed", {"code": code, "gate": gate})


def _plain(one: GateStanding | Standing) -> dict[str, Any]:
    dropped = ("changed_by", "changed_at", "gate", "gates", "code", "demo")
    return {k: v for k, v in msgspec.to_builtins(one).items() if k not in dropped}


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
