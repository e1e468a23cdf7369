"""The states of a dossier and the one table of allowed moves between them, each with the role that may make it.

States are those the National Public Service Portal counts (1-10); both stand in declared/dossiers/moves.yaml, and an
official's own file in the data folder comes before it. Pure: nothing here knows a database or a clock.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from lienthong import settings
from lienthong.dossiers import naming
from lienthong.errors import Conflict, NotAllowed, Refused
from lienthong.findings import Text

Clock = Literal["before", "runs", "waits", "ended"]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One state: its number on the Portal, what the clock does in it, its name."""

    code: int
    clock: Clock
    vi: str
    en: str
    fr: str
    evidence: str = "inferred"

    @property
    def label(self) -> Text:
        """The name in three languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One allowed move: the act, from where to where, who may do it, what must be said with it."""

    act: str
    from_: str = msgspec.field(name="from")
    to: str
    by: tuple[str, ...]
    vi: str
    en: str
    fr: str
    needs: tuple[str, ...] = ()
    paper: str = "none"

    @property
    def label(self) -> Text:
        """What the act is called in three languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table."""

    states: dict[str, State]
    moves: tuple[Move, ...]

    def open_from(self, state: str, roles: frozenset[str]) -> tuple[Move, ...]:
        """The moves that somebody with these roles can make from a state."""
        return tuple(m for m in self.moves if m.from_ == state and roles & frozenset(m.by))

    def find(self, act: str, state: str, roles: frozenset[str], to: str | None = None) -> Move:
        """The move an act makes from a state.

        Raises Conflict when no such move leaves the state (the message names those that do) and NotAllowed when only
        others may make it.
        """
        fitting = [
            m for m in self.moves if m.act == act and m.from_ == state and to in (None, m.to)
        ]
        if not fitting:
            choices = sorted({m.act for m in self.moves if m.from_ == state})
            raise Conflict(
                "DOSSIER-MOVE",
                "A dossier in state “%(state)s” cannot be moved by “%(act)s”; possible: %(choices)s.",
                state=self.states[state].label,
                act=naming.act(act, self),
                choices=naming.acts(choices, self),
            )
        for move in fitting:
            if roles & frozenset(move.by):
                return move
        raise NotAllowed(
            "dossier.role",
            "“%(act)s” is done by: %(who)s.",
            act=fitting[0].label,
            who=naming.roles(fitting[0].by),
        )

    def of_code(self, code: int) -> str:
        """The state with that number on the Portal."""
        return next(name for name, state in self.states.items() if state.code == code)


def parse_moves(text: str) -> Moves:
    """The table of a YAML text; raises Refused for a state that is named nowhere or a number given twice."""
    import yaml

    try:
        made = msgspec.convert(yaml.safe_load(text), Moves)
    except msgspec.ValidationError as error:
        raise Refused("DOSSIER-MOVES", "moves.yaml: %(reason)s", reason=str(error)) from error
    unknown = {name for m in made.moves for name in (m.from_, m.to)} - set(made.states)
    codes = [state.code for state in made.states.values()]
    if unknown or len(set(codes)) != len(codes):
        reason = ", ".join(sorted(unknown)) or "code"
        raise Refused("DOSSIER-MOVES", "moves.yaml: %(reason)s", reason=reason)
    return made


@cache
def moves() -> Moves:
    """The table in force: the official's own file when there is one; read once per process."""
    return moves_of(settings.read().home)


def moves_of(home: Path) -> Moves:
    """The table that a data folder has: its own file, else the declared one."""
    own = home / "dossiers" / "moves.yaml"
    if own.exists():
        return parse_moves(own.read_text("utf-8"))
    declared = resources.files("lienthong").joinpath("declared", "dossiers", "moves.yaml")
    return parse_moves(declared.read_text("utf-8"))
