"""What keeping to a procedure costs, before and after a cut, by the official method and by the one a province prints.

All sums are decimals and exact; what a source does not give is None and is not put at nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Refused
from lienthong.findings import Text
from lienthong.procedures.procedure import CODE

Zero = Decimal(0)


class Wage(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour of the applicant is worth."""

    dong_per_hour: Decimal
    source: str
    evidence: str


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the official table."""

    name: str
    label: Text


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way of counting and how sure we are of it."""

    label: Text
    formula: Text
    evidence: str
    source: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the programme wants by a day."""

    until: date
    time: Decimal
    cost: Decimal
    against: str
    source: str
    evidence: str


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that a province printed."""

    code: str
    before: Decimal
    after: Decimal
    dossiers: int
    cost_before: Decimal
    cost_after: Decimal
    rate: Decimal


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What one paper less is worth to one applicant."""

    hours: Decimal
    outlay: Decimal
    evidence: str
    about: Text


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/reduction/costs.yaml."""

    wage: Wage
    hours_per_day: Decimal
    days_per_month: Decimal
    months: Decimal
    calendar_evidence: str
    activities: tuple[Activity, ...]
    methods: dict[str, Method]
    targets: tuple[Target, ...]
    paper: Paper
    examples: tuple[Example, ...]

    def target(self, on: date) -> Target:
        """The target that is next on a day, else the last one."""
        return next((one for one in self.targets if on <= one.until), self.targets[-1])


@lru_cache(maxsize=1)
def costs() -> Costs:
    """The data as declared."""
    import yaml

    path = resources.files("lienthong").joinpath(
        "declared", "procedures", "reduction", "costs.yaml"
    )
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Costs, strict=False)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One activity: hours of the applicant and money paid to others."""

    activity: str
    hours: Decimal = Zero
    outlay: Decimal = Zero


class Burden(msgspec.Struct, frozen=True, kw_only=True):
    """What one procedure asks of whoever needs it. `subjects` None: as many as dossiers were filed last year."""

    rows: tuple[Row, ...] = ()
    fees: Decimal = Zero
    times: Decimal = Decimal(1)
    subjects: Decimal | None = None
    basis: str = ""
    evidence: str = "inferred"

    def once(self, wage: Decimal) -> Decimal:
        """The cost of keeping to it one time, in dong."""
        return sum((row.hours * wage + row.outlay for row in self.rows), Zero) + self.fees

    def year(self, wage: Decimal, dossiers: int | None = None) -> Decimal | None:
        """The cost of a year, in dong; None when nobody says how often it is asked for."""
        how_often = self.times * self.subjects if self.subjects is not None else dossiers
        return None if how_often is None else self.once(wage) * Decimal(how_often)


def agency_time(days: Decimal, dossiers: int, data: Costs | None = None) -> Decimal:
    """The yearly cost as one province counts it: days × hours of a day × wage × dossiers, in dong."""
    known = data or costs()
    return days * known.hours_per_day * known.wage.dong_per_hour * dossiers


def rate(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """(before - after) / before; None when either is not known or before is nothing."""
    if before is None or after is None or before == 0:
        return None
    return (before - after) / before


def hourly(income_of_year: Decimal, data: Costs | None = None) -> Decimal:
    """An hour's worth from a yearly income: / months / days / hours."""
    known = data or costs()
    return income_of_year / known.months / known.days_per_month / known.hours_per_day


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """One procedure before and after by one method."""

    code: str
    method: str
    before: Decimal | None
    after: Decimal | None

    @property
    def saved(self) -> Decimal | None:
        """Dong a year."""
        return None if self.before is None or self.after is None else self.before - self.after

    @property
    def rate(self) -> Decimal | None:
        """The share that is saved."""
        return rate(self.before, self.after)


def savings(
    burdens: Mapping[str, Mapping[str, Burden]], dossiers: Mapping[str, int]
) -> list[Saving]:
    """Savings by the official method of every procedure of which both moments are known, by code."""
    wage = costs().wage.dong_per_hour
    return [
        Saving(
            code=code,
            method="official",
            before=both["before"].year(wage, dossiers.get(code)),
            after=both["after"].year(wage, dossiers.get(code)),
        )
        for code, both in sorted(burdens.items())
        if {"before", "after"} <= set(both)
    ]


def burdens(conn: psycopg.Connection[Any], code: str = "") -> dict[str, dict[str, Burden]]:
    """What is written down, by code and moment (before, after)."""
    found: dict[str, dict[str, Burden]] = {}
    for name, moment, document in conn.execute(
        "SELECT code, moment, document FROM office.burden WHERE %(code)s = '' OR code = %(code)s ORDER BY code, moment",
        {"code": code},
    ).fetchall():
        found.setdefault(name, {})[moment] = msgspec.convert(document, Burden, strict=False)
    return found


def write(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    moment: str,
    given: Burden,
    *,
    demo: bool = False,
) -> None:
    """Write down what a procedure asks, before or after a cut. Raises Refused."""
    if not CODE.match(code) or moment not in ("before", "after"):
        raise Refused(
            "PROCEDURE-CODE", "“%(written)s” is no procedure code; it looks like 1.012279.", written=code[:40]
        )  # fmt: skip
    known = {one.name for one in costs().activities}
    numbers = [n for row in given.rows for n in (row.hours, row.outlay)] + [
        given.fees,
        given.times,
        given.subjects or Zero,
    ]
    if any(row.activity not in known for row in given.rows) or any(
        number < 0 for number in numbers
    ):
        raise Refused("BURDEN-NUMBER", "Hours, money and counts cannot be less than none.")
    conn.execute(
        "INSERT INTO office.burden (code, moment, document, demo, written_by, written_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (code, moment) DO UPDATE SET document = excluded.document,"
        " demo = excluded.demo, written_by = excluded.written_by, written_at = excluded.written_at",
        [code, moment, Jsonb(msgspec.to_builtins(given)), demo, _id(actor), clock.now()],
    )
    once = str(given.once(costs().wage.dong_per_hour))
    audit.write(
        conn, actor, "office.burden_written", {"code": code, "moment": moment, "once": once}
    )


def invented(conn: psycopg.Connection[Any]) -> set[str]:
    """The procedures whose burden is demonstration data."""
    return {
        code for (code,) in conn.execute("SELECT code FROM office.burden WHERE demo").fetchall()
    }


def written_at(conn: psycopg.Connection[Any], code: str) -> dict[str, tuple[str, datetime, bool]]:
    """Who wrote each moment down, when, and whether it is demonstration data."""
    return {
        moment: (by, at, demo)
        for moment, by, at, demo in conn.execute(
            "SELECT moment, written_by, written_at, demo FROM office.burden WHERE code = %s", [code]
        ).fetchall()
    }


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
