"""Silent senders: expected by a contract's period and nothing came; how late in working time, and whom to call.

Where lists say who is expected of a database, those are asked after; of the others nobody knows who must send, so
that only those are watched who have sent before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import clock
from lienthong.contracts.contract import Contract
from lienthong.quality.expected import Expected, Known, contacts

Kind = Literal["stopped", "never", "all"]


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """One sender of one database that is overdue.

    `due` was the last day on which its newest data were young enough, `late` the working days since; both None for
    a sender on the list that never sent anything.
    """

    contract: str
    sender: str
    name: str
    province: str
    newest: date | None
    due: date | None
    late: int | None
    contact: str = ""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A page of silent senders and how many there are: that stopped, and that never began."""

    lines: list[Silent]
    stopped: int
    never: int


def silence(
    conn: psycopg.Connection[Any],
    contracts: Iterable[Contract],
    expected: Expected,
    *,
    today: date,
    province: str | None = None,
    sender: str | None = None,
    kind: Kind = "stopped",
    start: int = 0,
    limit: int = 50,
) -> Silence:
    """Who is overdue: who stopped first, the longest first; then who never sent."""
    found: list[Silent] = []
    for contract in contracts:
        listed = expected.senders(contract.name, province)
        # Who is on the list is of its own province, wherever those live of whom it tells.
        heard = _heard(conn, contract.name, None if listed else province, sender)
        found += _overdue(contract.name, expected, listed, heard, sender, today)
    stopped = [one for one in found if one.late is not None]
    stopped.sort(key=lambda one: (-(one.late or 0), one.contract, one.sender))
    never = sorted(
        (one for one in found if one.late is None), key=lambda one: (one.contract, one.sender)
    )
    shown = {"stopped": stopped, "never": never, "all": stopped + never}[kind][
        start : start + limit
    ]
    whom = contacts(conn, sorted({one.sender for one in shown}))
    return Silence(
        lines=[msgspec.structs.replace(one, contact=whom.get(one.sender, "")) for one in shown],
        stopped=len(stopped),
        never=len(never),
    )


def _heard(
    conn: psycopg.Connection[Any], contract: str, province: str | None, sender: str | None
) -> dict[str, tuple[date, str]]:
    rows = conn.execute(
        "SELECT sender, max(newest), (array_agg(province ORDER BY newest DESC))[1] FROM quality.sender"
        " WHERE contract = %(contract)s AND newest IS NOT NULL"
        " AND (%(province)s::text IS NULL OR province = %(province)s)"
        " AND (%(sender)s::text IS NULL OR sender = %(sender)s) GROUP BY sender",
        {"contract": contract, "province": province, "sender": sender},
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def _overdue(
    contract: str,
    expected: Expected,
    listed: Mapping[str, Known],
    heard: Mapping[str, tuple[date, str]],
    sender: str | None,
    today: date,
) -> list[Silent]:
    """Pure but for the calendar. Who is expected: those on the list, else whoever has sent before."""
    wanted = listed or {
        code: Known(expected.name(code), where) for code, (_, where) in heard.items()
    }
    allowed = timedelta(days=expected.fresh_days(contract))
    late_by: dict[date, int] = {}
    found = []
    for code, known in wanted.items():
        if sender is not None and code != sender:
            continue
        newest = heard[code][0] if code in heard else None
        due = None if newest is None else newest + allowed
        if due is not None and due not in late_by:
            late_by[due] = clock.working_days_between(due, today)
        if due is not None and late_by[due] <= 0:
            continue
        found.append(
            Silent(
                contract=contract,
                sender=code,
                name=known.name,
                province=known.province,
                newest=newest,
                due=due,
                late=None if due is None else late_by[due],
            )  # fmt: skip
        )
    return found
