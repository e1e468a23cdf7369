"""All procedures to be connected on one board: how many are at each gate, what blocks, the late ones first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong.procedures import catalogue
from lienthong.procedures.lists.agreed import Agreed
from lienthong.procedures.procedure import Procedure
from lienthong.procedures.readiness.gates import gates
from lienthong.procedures.readiness.standing import GateStanding, Standing, standings


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One procedure on the board."""

    code: str
    name: str
    standing: Standing
    late: int
    lacking: int
    """Mandatory parts of Decree 63/2010 Art. 8 that the catalogue lacks."""

    @property
    def next(self) -> GateStanding | None:
        """The first gate that is not ready."""
        return self.standing.next


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The board. `states` counts procedures by gate and state; `basis` says which procedures are on it."""

    basis: str
    lines: tuple[Line, ...]
    states: dict[str, dict[str, int]]
    late: int
    blocked: int
    open: int
    undecided: int


def board(conn: psycopg.Connection[Any], agreed: Iterable[Agreed], today: date) -> Board:
    """The procedures that the agreed list wants connected, else those that somebody looked at, else the catalogue."""
    in_force = {one.code: one.procedure for one in catalogue.all_in_force(conn, today)}
    wanted = {one.code: one for one in agreed if one.group == "connect"}
    touched = standings(conn)
    if wanted:
        basis, codes = "agreed", [*wanted, *(code for code in touched if code not in wanted)]
    elif touched:
        basis, codes = "touched", list(touched)
    else:
        basis, codes = "catalogue", list(in_force)
    held = standings(conn, codes)
    lines = [_line(held[code], in_force.get(code), wanted.get(code), today) for code in codes]
    lines.sort(
        key=lambda one: (
            -one.late,
            one.standing.priority or 99,
            -len(one.standing.blocked),
            one.code,
        )
    )
    return Board(
        basis=basis,
        lines=tuple(lines),
        states=_states(lines),
        late=sum(one.late > 0 for one in lines),
        blocked=sum(bool(one.standing.blocked) for one in lines),
        open=sum(one.standing.next is None for one in lines),
        undecided=sum(one.standing.service == "undecided" for one in lines),
    )


def _line(held: Standing, procedure: Procedure | None, wanted: Agreed | None, today: date) -> Line:
    if held.priority is None and wanted is not None and wanted.priority is not None:
        held = msgspec.structs.replace(held, priority=wanted.priority)
    return Line(
        code=held.code,
        name=(procedure.name.get("vi", "") if procedure else "") or (wanted.name if wanted else ""),
        standing=held,
        late=held.late(today),
        lacking=len(procedure.missing()) if procedure else 0,
    )


def _states(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    counted = {name: Counter[str]() for name in gates().names}
    for line in lines:
        for one in line.standing.gates:
            counted[one.gate][one.state] += 1
    return {
        name: {state: counts.get(state, 0) for state in gates().states}
        for name, counts in counted.items()
    }


def owners(lines: Iterable[Line]) -> list[str]:
    """Everybody who owns a procedure or a gate."""
    found = {line.standing.owner for line in lines}
    found |= {one.owner for line in lines for one in line.standing.gates}
    return sorted(found - {""})


def chosen(lines: Iterable[Line], asked: Mapping[str, str]) -> list[Line]:
    """The lines that fit: `owner`, `priority`, `gate` (not ready there) with `state`, `show` late or blocked."""
    return [line for line in lines if _fits(line, asked)]


def _fits(line: Line, asked: Mapping[str, str]) -> bool:
    owner, gate, state = asked.get("owner", ""), asked.get("gate", ""), asked.get("state", "")
    show, priority = asked.get("show", ""), asked.get("priority", "")
    mine = [one for one in line.standing.gates if gate in ("", one.gate)]
    if owner and owner != line.standing.owner and not any(one.owner == owner for one in mine):
        return False
    if priority and priority != str(line.standing.priority or ""):
        return False
    if state and not any(one.state == state for one in mine):
        return False
    if gate and not state and line.standing.next not in mine:
        return False
    return {
        "late": line.late > 0,
        "blocked": bool(line.standing.blocked),
        "open": line.standing.next is None,
    }.get(show, True)
