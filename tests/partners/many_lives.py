"""Invented dossiers over twelve months, as many as asked for, with everything that happened to each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from lienthong.database import Database
from lienthong.dossiers import bulk
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.history import Event
from lienthong.dossiers.moves import moves
from lienthong.partners.portal.saying import steps_of
from lienthong.procedures import catalogue
from tests.partners.portal_world import PROCEDURE

FIRST, LAST = date(2025, 11, 1), date(2026, 10, 31)
UNITS = tuple(f"H{number:02d}.{part}" for number in range(10, 44) for part in ("10", "21")) + (
    "G18.77",
)
LIKELY = {"refuse_reception": 0.04, "withdraw": 0.02, "stop": 0.02, "ask_supplement": 0.15, "ask_payment": 0.1,
          "correct": 0.01}  # fmt: skip
"""How likely an act is where another one is open; the others share the rest."""


def lives(count: int, seed: int) -> Iterator[tuple[Filing, list[Event]]]:
    """Invented dossiers over twelve months, each with what happened to it."""
    dice = random.Random(seed)
    begins = datetime(FIRST.year, FIRST.month, FIRST.day, 1, tzinfo=UTC)
    span = (LAST - FIRST).days * 24 * 60
    for number in range(count):
        filed = begins + timedelta(minutes=dice.randrange(span))
        channel = dice.choices(("online", "direct", "post"), (6, 3, 1))[0]
        person = {
            "name": f"Người mẫu {number}", "number": f"{dice.randrange(10**12):012d}", "kind": "person",
            "technical_id": f"t{number}", "paid_online": dice.random() < 0.3, "digitised": dice.random() < 0.8,
        }  # fmt: skip
        filing = Filing(
            procedure=PROCEDURE.code, unit=dice.choice(UNITS), channel=channel, filed_at=filed, applicant=person,
        )  # fmt: skip
        yield filing, list(_life(dice, filed))


def _life(dice: random.Random, filed: datetime) -> Iterator[Event]:
    table, state, at, received = moves(), "new", filed, False
    ends = datetime(LAST.year, LAST.month, LAST.day, 23, tzinfo=UTC)
    for _ in range(12):
        at += timedelta(minutes=dice.randrange(30, 6 * 24 * 60))
        open_ = [
            m for m in table.moves
            if m.from_ == state and (m.act != "supplement" or (m.to == "processing") == received)
        ]  # fmt: skip
        if at > ends or not open_ or (state == "returned" and dice.random() > LIKELY["correct"]):
            return
        rare = [m for m in open_ if m.act in LIKELY]
        common = [m for m in open_ if m.act not in LIKELY] or rare
        lucky = [m for m in rare if dice.random() < LIKELY[m.act]]
        move = dice.choice(lucky or common)
        about = (
            {"result": "Giấy phép mẫu"}
            if "result" in move.needs
            else dict.fromkeys(move.needs, "mẫu")
        )
        yield Event(
            act=move.act, to_state=move.to, at=at, actor=f"canbo{dice.randrange(40)}", about=about
        )
        state, received = move.to, received or table.states[move.to].clock == "runs"


def fill(database: Database, count: int, seed: int) -> int:
    """Publish the procedure and keep the dossiers; how many steps they have."""
    with database.connect("owner") as conn:
        catalogue.draft(conn, "editor", replace(PROCEDURE, field_code="G18-YT51"), "test")
        catalogue.publish(conn, "head", PROCEDURE.code, date(2025, 7, 1))
        steps = 0

        def counted() -> Iterator[tuple[Filing, list[Event]]]:
            nonlocal steps
            for filing, later in lives(count, seed):
                steps += len(steps_of(later))
                yield filing, later

        bulk.keep_many(conn, "program", counted())
        conn.commit()
    return steps
