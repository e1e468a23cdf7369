"""Who and what costs the nation's score most: senders, provinces and causes by what mending them would lift.

Exact from counts: a row that breaks rules of a criterion becomes good when its sender mends everything; a cause makes
exactly those rows good for which it is the only broken rule of its criterion.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from lienthong.findings import Criterion, Severity
from lienthong.quality.criteria import criteria
from lienthong.quality.expected import Expected
from lienthong.quality.explain import known_rules, lift
from lienthong.quality.score import Card, scores
from lienthong.quality.sums import Slice

Kind = Literal["sender", "province", "cause"]
MOST = 1000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One sender, province or cause. `points`: hundredths by which the whole score rises when it is mended."""

    kind: Kind
    contract: str = ""
    subject: str = ""
    table_name: str = ""
    rule: str = ""
    field: str = ""
    failed: int
    points: float

    @property
    def name(self) -> tuple[str, str, str, str, str]:
        """What makes it the same line on another night."""
        return self.contract, self.subject, self.table_name, self.rule, self.field


def ranking(
    conn: psycopg.Connection[Any], *, today: date, expected: Expected | None = None
) -> dict[Kind, list[Line]]:
    """The lines of each kind, the greatest lift first, at most MOST of a kind; without data none."""
    whole = scores(conn, Slice(), (), today=today, expected=expected).get(())
    if whole is None:
        return {"sender": [], "province": [], "cause": []}
    return {
        "sender": _first(_of_places(conn, whole, "sender")),
        "province": _first(_of_places(conn, whole, "province")),
        "cause": _first(_of_causes(conn, whole)),
    }


def _first(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.points, -line.failed, line.name))[:MOST]


def overall(card: Card, parts: dict[Criterion, tuple[int, int]]) -> float:
    """Points by which the whole score rises; `parts`: criterion to (checks that fail, rows that become good)."""
    weights = {
        criterion: criteria().criteria[criterion].weight
        for criterion, score in card.criteria.items()
        if score.value is not None
    }
    total = sum(weights.values())
    gained = sum(
        lift(card, criterion, *parts[criterion])[0] * weight
        for criterion, weight in weights.items()
        if criterion in parts
    )
    return gained / total if total else 0.0


def _of_places(
    conn: psycopg.Connection[Any], whole: Card, kind: Literal["sender", "province"]
) -> list[Line]:
    sums = sql.SQL(", ").join(
        sql.SQL("sum({})::bigint, sum({})::bigint").format(
            sql.Identifier(f"{criterion}_failed"), sql.Identifier(f"{criterion}_broken")
        )
        for criterion in Criterion
    )
    source = (
        sql.SQL("quality.sender")
        if kind == "sender"
        else sql.SQL("(SELECT * FROM quality.daily WHERE day = '-infinity') d")
    )
    rows = conn.execute(
        sql.SQL("SELECT {}, sum(row_failed)::bigint, {} FROM {} GROUP BY 1").format(
            sql.Identifier(kind), sums, source
        )
    ).fetchall()
    lines = []
    for subject, failed, *numbers in rows:
        parts = {
            criterion: (numbers[2 * at], numbers[2 * at + 1])
            for at, criterion in enumerate(Criterion)
        }
        if any(broken for _, broken in parts.values()):
            points = overall(whole, parts)
            lines.append(Line(kind=kind, subject=subject, failed=failed, points=points))
    return lines


def _of_causes(conn: psycopg.Connection[Any], whole: Card) -> list[Line]:
    rows = conn.execute(
        "SELECT contract, table_name, rule, sum(failed)::bigint, sum(sole)::bigint FROM records.count"
        " WHERE failed > 0 AND rule COLLATE \"C\" > '-' GROUP BY 1, 2, 3"
    ).fetchall()
    said, lines = known_rules(conn), []
    for contract, table, key, failed, sole in rows:
        about = said.get((contract, table, key))
        if about is None or about.severity is Severity.INFORMATION:
            continue
        lines.append(
            Line(
                kind="cause",
                contract=contract,
                table_name=table,
                rule=about.id,
                field=about.field,
                failed=failed,
                points=overall(whole, {about.criterion: (failed, sole)}),
            )  # fmt: skip
        )
    return lines


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A line as a night said it, with the night before and the course of its points, oldest first."""

    rank: int
    line: Line
    before: float | None
    course: list[tuple[date, float]]


def write(conn: psycopg.Connection[Any], night: date, lines: dict[Kind, list[Line]]) -> None:
    """Keep the lines of a night, in the caller's transaction."""
    flat = [
        (night, kind, rank, *line.name, line.failed, line.points)
        for kind, those in lines.items()
        for rank, line in enumerate(those, 1)
    ]
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "COPY quality.profile_line (night, kind, rank, contract, subject, table_name, rule, field, failed, points)"
            " FROM STDIN"
        ) as copy,
    ):
        for row in flat:
            copy.write_row(row)


def read(
    conn: psycopg.Connection[Any],
    kind: Kind,
    *,
    contract: str | None = None,
    start: int = 0,
    limit: int = 20,
    nights: int = 14,
) -> list[Ranked]:
    """The last night's lines of a kind with what they said in the nights before."""
    days = [
        row[0]
        for row in conn.execute(
            "SELECT night FROM quality.profile_night ORDER BY night DESC LIMIT %s", [nights]
        )
    ]
    if not days:
        return []
    rows = conn.execute(
        "SELECT rank, contract, subject, table_name, rule, field, failed, points FROM quality.profile_line"
        " WHERE night = %s AND kind = %s AND (%s::text IS NULL OR contract = %s) ORDER BY rank LIMIT %s OFFSET %s",
        [days[0], kind, contract, contract, limit, start],
    ).fetchall()
    names = [row[1:6] for row in rows]
    courses: dict[tuple[Any, ...], list[tuple[date, float]]] = defaultdict(list)
    for *name, night, points in conn.execute(
        "SELECT contract, subject, table_name, rule, field, night, points FROM quality.profile_line"
        " WHERE kind = %s AND night = ANY(%s) AND (contract, subject, table_name, rule, field) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])) ORDER BY night",
        [kind, days, *([list(c) for c in zip(*names, strict=True)] or [[]] * 5)],
    ):
        courses[tuple(name)].append((night, points))
    return [
        Ranked(
            rank=row[0],
            line=Line(
                kind=kind, contract=row[1], subject=row[2], table_name=row[3], rule=row[4], field=row[5],
                failed=row[6], points=row[7],
            ),
            before=next((p for n, p in courses[row[1:6]] if len(days) > 1 and n == days[1]), None),
            course=courses[row[1:6]],
        )
        for row in rows
    ]  # fmt: skip
