"""A file of procedures that an editor brings: kept byte for byte, laid beside the catalogue line by line, then taken
as a whole or given up. What is new can be published by a decision; what changes becomes a draft, as with any hand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, Literal, get_args

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures import catalogue, lines, proposing, publishing
from lienthong.procedures.catalogue import Version
from lienthong.procedures.comparing import Difference, compare
from lienthong.procedures.lines import Line, Lines
from lienthong.procedures.procedure import Decision, Procedure

Standing = Literal["added", "changed", "same", "draft", "ended", "uncoded", "refused"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was brought. `outcome` is, once it is taken, the standing that each line had, by its number."""

    number: int
    name: str
    sha256: str
    body: bytes
    brought_by: str
    brought_at: datetime
    state: str
    settled_by: str | None
    settled_at: datetime | None
    outcome: dict[str, Standing]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line beside the catalogue: what would become of it, and what it would change in what we have.

    `draft`: an editor's draft stands in the way and is left alone; `ended`: the procedure is abolished here.
    """

    line: Line
    standing: Standing
    differences: tuple[Difference, ...] = ()
    wanted: Procedure | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of a file, beside the catalogue of this moment; `print` is another when anything of it is."""

    rows: tuple[Row, ...]
    left_out: tuple[str, ...]

    @property
    def counted(self) -> Counter[str]:
        """How many lines have each standing."""
        return Counter(row.standing for row in self.rows)

    @property
    def incomplete(self) -> int:
        """How many new procedures do not answer Decree 63/2010 Art. 8 in full."""
        new = [row.wanted for row in self.rows if row.standing == "added" and row.wanted]
        return sum(bool(procedure.missing()) for procedure in new)

    @property
    def print(self) -> str:
        """A short text of what would be done."""
        told = [[row.line.number, row.standing, row.wanted] for row in self.rows]
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A file with its preview; each line with its standing now, or when it was taken; `left` when it was given up."""

    given: Import
    found: Preview
    rows: tuple[tuple[str, Row], ...]

    @property
    def counted(self) -> Counter[str]:
        """How many lines have each standing."""
        return Counter(standing for standing, _ in self.rows)


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is taken: the new ones as drafts, or published from a day on by a decision.

    `incomplete`: parts of Art. 8 may be missing; `partly`: refused lines are left out, the others taken.
    """

    publish: bool = False
    valid_from: date | None = None
    decision: Decision | None = None
    incomplete: bool = False
    partly: bool = False


_COLUMNS = sql.SQL(
    "number, name, sha256, body, brought_by, brought_at, state, settled_by, settled_at, outcome"
)


def bring(conn: psycopg.Connection[Any], actor: audit.Acting | str, data: bytes, name: str) -> int:
    """Keep a file under the last part of its name and return its number; bytes that wait already are not kept twice.

    Raises Refused for what is no table of procedures.
    """
    name = "".join(c for c in PurePath(name.replace("\\", "/")).name if c.isprintable())[:200]
    read = lines.read_bytes(data, name)
    if not read.lines:
        raise Refused("PROCEDURE-EMPTY", "The list has no procedure.")
    digest = hashlib.sha256(data).hexdigest()
    row = conn.execute(
        "INSERT INTO procedures.import (name, sha256, body, brought_by, brought_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (sha256) WHERE state = 'waiting' DO NOTHING RETURNING number",
        [name, digest, data, _id(actor), clock.now()],
    ).fetchone()
    if row is None:
        found = conn.execute(
            "SELECT number FROM procedures.import WHERE sha256 = %s AND state = 'waiting'", [digest]
        ).fetchone()
        assert found
        return int(found[0])
    audit.write(
        conn, actor, "procedure.import_brought",
        {"import": row[0], "sha256": digest, "lines": len(read.lines), "refused": len(read.refused)},
    )  # fmt: skip
    return int(row[0])


def one(conn: psycopg.Connection[Any], number: int, *, lock: bool = False) -> Import:
    """One file that was brought; raises NotFound."""
    with conn.cursor(row_factory=class_row(Import)) as cursor:
        query = sql.SQL("SELECT {} FROM procedures.import WHERE number = %s").format(_COLUMNS)
        if lock:
            query += sql.SQL(" FOR UPDATE")
        found = cursor.execute(query, [number]).fetchone()
    if found is None:
        raise NotFound(
            "PROCEDURE-IMPORT", "No file of procedures has the number %(number)s.", number=number
        )
    return found


def listed(conn: psycopg.Connection[Any], most: int = 50) -> list[Import]:
    """The files that were brought, the newest first, without their bytes."""
    with conn.cursor(row_factory=class_row(Import)) as cursor:
        return cursor.execute(
            "SELECT number, name, sha256, ''::bytea AS body, brought_by, brought_at, state, settled_by, settled_at,"
            " outcome FROM procedures.import ORDER BY number DESC LIMIT %s",
            [most],
        ).fetchall()


def look(conn: psycopg.Connection[Any], number: int) -> Look:
    """A file line by line beside the catalogue of this moment; raises NotFound."""
    given = one(conn, number)
    found = preview(conn, lines.read_bytes(given.body, given.name))
    left = given.state == "given_up"
    return Look(
        given=given,
        found=found,
        rows=tuple(
            ("left" if left else given.outcome.get(str(row.line.number), row.standing), row)
            for row in found.rows
        ),
    )


def preview(conn: psycopg.Connection[Any], read: Lines) -> Preview:
    """What would become of each line."""
    there: dict[str, list[Version]] = {}
    codes = [one.code for one in read.procedures if one.code]
    for version in catalogue.versions_of(conn, codes):
        there.setdefault(version.code, []).append(version)
    rows = tuple(_row(line, there.get(_code(line), [])) for line in read.lines)
    return Preview(rows=rows, left_out=read.left_out)


def take(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    number: int,
    taking: Taking,
    seen: str,
) -> Counter[str]:
    """Do what the preview said: new procedures drafted or published, changes drafted; the rest is left alone.

    Raises Conflict when it was settled already or the catalogue changed since the preview `seen`; Refused for
    refused lines or missing parts that nobody agreed to, and for a publication without a day and a decision.
    """
    given = _waiting(conn, number)
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('procedures.import'))")
    found = preview(conn, lines.read_bytes(given.body, given.name))
    if found.print != seen:
        raise Conflict(
            "PROCEDURE-IMPORT-CHANGED",
            "The catalogue changed since this page was shown; look at the lines again.",
        )
    _agreed(found, taking)
    origin = f"import/{number}"
    for row in found.rows:
        if row.standing not in ("added", "changed") or row.wanted is None:
            continue
        catalogue.draft(conn, actor, row.wanted, origin)
        if row.standing == "added" and taking.publish and taking.valid_from and taking.decision:
            code, day = row.wanted.code, taking.valid_from
            publishing.publish(conn, actor, code, day, taking.decision, incomplete=True)
    outcome = {str(row.line.number): row.standing for row in found.rows}
    _settle(conn, actor, number, "taken", outcome)
    audit.write(
        conn, actor, "procedure.import_taken",
        {"import": number, "sha256": given.sha256, "published": taking.publish, **found.counted},
    )  # fmt: skip
    return found.counted


def give_up(conn: psycopg.Connection[Any], actor: audit.Acting | str, number: int) -> None:
    """Take nothing of a file; it stays readable. Raises Conflict when it was settled already."""
    given = _waiting(conn, number)
    _settle(conn, actor, number, "given_up", {})
    audit.write(conn, actor, "procedure.import_given_up", {"import": number, "sha256": given.sha256})  # fmt: skip


def _row(line: Line, there: list[Version]) -> Row:
    told = line.procedure
    if told is None:
        return Row(line=line, standing="refused")
    if not told.code:
        return Row(line=line, standing="uncoded")
    if not there:
        return Row(line=line, standing="added", wanted=told)
    dated = [version for version in there if version.valid_from is not None]
    newest = max(dated, key=lambda version: version.valid_from or date.min, default=None)
    ours = newest.procedure if newest else None
    wanted = _over(ours, told) if ours else told
    differences = compare(ours, wanted)
    if not differences:
        return Row(line=line, standing="same")
    if any(version.status == "draft" for version in there):
        return Row(line=line, standing="draft", differences=differences)
    if newest and newest.status == "abolished":
        return Row(line=line, standing="ended", differences=differences)
    standing: Standing = "changed" if newest else "added"
    return Row(line=line, standing=standing, differences=differences, wanted=wanted)


def _over(ours: Procedure, told: Procedure) -> Procedure:
    """A line of a list over ours; that a list names fewer sources takes none away."""
    laid = proposing.over(ours, told)
    return msgspec.structs.replace(
        laid,
        sources=tuple(dict.fromkeys([*ours.sources, *told.sources])),
        evidence=tuple(dict.fromkeys([*ours.evidence, *told.evidence])),
    )


def _agreed(found: Preview, taking: Taking) -> None:
    counted = found.counted
    if not counted["added"] and not counted["changed"]:
        raise Refused("PROCEDURE-IMPORT-NOTHING", "No line of this file would change the catalogue.")  # fmt: skip
    if counted["refused"] and not taking.partly:
        raise Refused(
            "PROCEDURE-IMPORT-REFUSED",
            "%(count)s lines are refused; mend the file, or confirm that the others are taken without them.",
            count=counted["refused"],
        )
    if not taking.publish:
        return
    if taking.valid_from is None:
        raise Refused("PROCEDURE-IMPORT-DAY", "The day from which the new procedures hold is needed.")  # fmt: skip
    if taking.decision is None or not taking.decision.number.strip():
        raise Refused("PROCEDURE-DECISION", "The number of the decision is needed.")
    if found.incomplete and not taking.incomplete:
        raise Refused(
            "PROCEDURE-INCOMPLETE",
            "Parts that Decree 63/2010 Art. 8 asks are missing; confirm that you publish without them.",
        )


def _waiting(conn: psycopg.Connection[Any], number: int) -> Import:
    given = one(conn, number, lock=True)
    if given.state != "waiting":
        raise Conflict("PROCEDURE-IMPORT-SETTLED", "This file was settled already.")
    return given


def _settle(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, number: int, state: str, outcome: dict[str, Standing]
) -> None:  # fmt: skip
    conn.execute(
        "UPDATE procedures.import SET state = %s, settled_by = %s, settled_at = %s, outcome = %s WHERE number = %s",
        [state, _id(actor), clock.now(), Jsonb(outcome), number],
    )


def _code(line: Line) -> str:
    return line.procedure.code if line.procedure else ""


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
