"""What waits in quarantine: causes with their numbers, one entry with its cells and the findings beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong.errors import NotFound
from lienthong.findings import Criterion, Finding, Text
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.findings import examples_naming
from lienthong.records.store.rulesets import Ruleset, bits, load

State = Literal["open", "mended", "superseded", "abandoned"]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that holds units back, and how many; a unit with several causes is counted under each."""

    contract: str
    rule: str
    field: str
    count: int
    criterion: Criterion | None = None
    sentence: Text = {}
    remedy: Text = {}

    @property
    def key(self) -> str:
        """The cause as `entries` takes it."""
        return f"{self.rule}|{self.field}"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One unit in quarantine: `rows` as they were sent, `edits` the cells that people mended since.

    rows: {table: [{row, cells: {field: text}}]}; edits: {table: {row as text: {field: text}}}.
    """

    id: int
    contract: str
    root: str
    receipt: str
    unit: int
    key: str | None
    sender: str
    province: str
    rows: dict[str, list[dict[str, Any]]]
    edits: dict[str, dict[str, dict[str, str | None]]] | None
    masks: dict[str, Any]
    faults: list[dict[str, Any]]
    causes: list[str]
    state: State
    reason: str | None
    closed_by: str | None
    received_at: datetime
    closed_at: datetime | None

    def cells(self) -> dict[str, list[dict[str, Any]]]:
        """The rows with the mended cells in place."""
        edits = self.edits or {}
        return {
            table: [
                {
                    "row": row["row"],
                    "cells": row["cells"] | edits.get(table, {}).get(str(row["row"]), {}),
                }
                for row in rows
            ]
            for table, rows in self.rows.items()
        }


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing done to an entry."""

    at: datetime
    actor: str
    act: str
    about: dict[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in a list."""

    id: int
    contract: str
    receipt: str
    unit: int
    key: str | None
    sender: str
    causes: list[str]
    state: State
    mended_cells: bool
    received_at: datetime
    closed_by: str | None
    closed_at: datetime | None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one receipt that wait no more: how they ended, and by which later receipt."""

    state: State
    closed_by: str | None
    closed_at: datetime
    count: int


def causes(
    conn: psycopg.Connection[Any],
    *,
    contract: str | None = None,
    sender: str | None = None,
    receipt: str | None = None,
) -> list[Cause]:
    """Why units wait, the most frequent cause first; those of one receipt when it is named."""
    rows = conn.execute(
        "SELECT contract, cause, count(*) FROM records.quarantine, unnest(causes) AS u(cause) WHERE state = 'open'"
        " AND (%(contract)s::text IS NULL OR contract = %(contract)s)"
        " AND (%(sender)s::text IS NULL OR sender = %(sender)s)"
        " AND (%(receipt)s::text IS NULL OR receipt = %(receipt)s) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        {"contract": contract, "sender": sender, "receipt": receipt},
    ).fetchall()
    said = _sentences(conn, {row[0] for row in rows})
    return [_cause(name, cause, number, said) for name, cause, number in rows]


def entries(
    conn: psycopg.Connection[Any],
    *,
    contract: str | None = None,
    sender: str | None = None,
    receipt: str | None = None,
    cause: str | None = None,
    state: State | None = "open",
    after: int = 0,
    limit: int = 50,
) -> list[Line]:
    """Entries in the order of arrival; `after` is the id of the last one of the page seen."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT id, contract, receipt, unit, key, sender, causes, state, edits IS NOT NULL AS mended_cells,"
            " received_at, closed_by, closed_at FROM records.quarantine WHERE id > %(after)s"
            " AND (%(state)s::text IS NULL OR state = %(state)s)"
            " AND (%(contract)s::text IS NULL OR contract = %(contract)s)"
            " AND (%(sender)s::text IS NULL OR sender = %(sender)s)"
            " AND (%(receipt)s::text IS NULL OR receipt = %(receipt)s)"
            " AND (%(cause)s::text IS NULL OR %(cause)s = ANY(causes)) ORDER BY id LIMIT %(limit)s",
            {
                "after": after,
                "state": state,
                "contract": contract,
                "sender": sender,
                "receipt": receipt,
                "cause": cause,
                "limit": limit,
            },
        ).fetchall()
    return [Line(**row) for row in rows]


def settled(conn: psycopg.Connection[Any], receipt: str) -> list[Settled]:
    """What became of the entries of a receipt that later receipts settled or people gave up, in order of time.

    The receipt goes on counting them: it says what came with it. Entries mended by hand have moved to what it kept.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT state, closed_by, max(closed_at) AS closed_at, count(*) AS count FROM records.quarantine"
            " WHERE receipt = %(receipt)s AND state <> 'open' AND closed_by IS DISTINCT FROM %(receipt)s"
            " GROUP BY state, closed_by ORDER BY 3, 1, 2",
            {"receipt": receipt},
        ).fetchall()
    return [Settled(**row) for row in rows]


def entry(conn: psycopg.Connection[Any], id: int, *, lock: bool = False) -> Entry:
    """One entry; with `lock` nobody else changes it until the transaction ends. Raises NotFound."""
    found = several(conn, [id], lock=lock)
    if not found:
        raise NotFound("quarantine.unknown", "There is no quarantine entry %(id)s.", id=id)
    return found[0]


def several(conn: psycopg.Connection[Any], ids: list[int], *, lock: bool = False) -> list[Entry]:
    """Entries by id, in the order of ids so that two who lock them never wait for each other."""
    names = ", ".join(Entry.__struct_fields__)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {names} FROM records.quarantine WHERE id = ANY(%s) ORDER BY id"
            f"{' FOR UPDATE' if lock else ''}",
            [ids],
        ).fetchall()
    return [Entry(**row) for row in rows]


def findings(conn: psycopg.Connection[Any], given: Entry) -> list[Finding]:
    """What is wrong with an entry now, row by row: the cells to mend and how."""
    rulesets = load(conn, (about["ruleset"] for about in given.masks.values()))
    found = [reasons.finding(fault) for fault in given.faults]
    for table, about in given.masks.items():
        for row, failed, _unknown in about["bits"]:
            found += _of_row(rulesets[about["ruleset"]], table, row, int(failed, 16), given)
    named = {
        (one.table, one.row, one.rule, one.field): one
        for one in examples_naming(conn, given.receipt, given.unit)
    }
    # What the intake saw of other databases stays told as long as the same cell is blamed.
    return [named.get((one.table, one.row, one.rule, one.field), one) for one in found]


def history(conn: psycopg.Connection[Any], id: int) -> list[Act]:
    """What was done to an entry since it came, oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT at, actor, act, about FROM records.quarantine_act WHERE entry = %s ORDER BY id",
            [id],
        ).fetchall()
    return [Act(**row) for row in rows]


def _of_row(rules: Ruleset, table: str, row: int, mask: int, given: Entry) -> list[Finding]:
    return [
        Finding(
            rule=rule.id,
            criterion=rule.criterion,
            severity=rule.severity,
            message=rule.sentence or _plain(rule.id),
            remedy=rule.remedy,
            table=table,
            row=row,
            unit=given.unit,
            key=given.key,
            field=rule.field or None,
        )
        for rule in (rules.rules[at] for at in bits(mask))
    ]


def _plain(text: str) -> Text:
    return {language: text for language in ("vi", "en", "fr")}


def _sentences(
    conn: psycopg.Connection[Any], contracts: set[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(contract, cause) to what the newest ruleset says of the rule."""
    rows = conn.execute(
        "SELECT DISTINCT ON (contract, rule ->> 'id', rule ->> 'field') contract, rule"
        " FROM records.ruleset, jsonb_array_elements(rules) AS r(rule) WHERE contract = ANY(%s)"
        " ORDER BY contract, rule ->> 'id', rule ->> 'field', records.ruleset.id DESC",
        [sorted(contracts)],
    )
    return {(contract, f"{rule['id']}|{rule['field']}"): rule for contract, rule in rows}


def _cause(
    contract: str, cause: str, number: int, said: dict[tuple[str, str], dict[str, Any]]
) -> Cause:
    rule, _, field = cause.partition("|")
    about = said.get((contract, cause))
    if about is not None:
        return Cause(
            contract=contract,
            rule=rule,
            field=field,
            count=number,
            criterion=Criterion(about["criterion"]),
            sentence=about.get("sentence", {}),
            remedy=about.get("remedy", {}),
        )
    return Cause(
        contract=contract, rule=rule, field=field, count=number, sentence=reasons.general(rule)
    )
