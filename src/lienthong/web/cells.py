"""A quarantined record as a form: its tables, rows and cells, each with the findings that blame it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

import msgspec

from lienthong.contracts.contract import CodeValue, Contract, Table
from lienthong.findings import Finding, Severity, Text
from lienthong.records.quarantine.entries import Act, Entry

LONG = 60
CHOICES = 80
ORDER = [Severity.ERROR, Severity.WARNING, Severity.INFORMATION]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: `value` with the edits in place, `sent` as it came."""

    id: str
    name: str
    label: Text
    value: str | None
    sent: str | None
    findings: tuple[Finding, ...]
    choices: tuple[CodeValue, ...]

    @property
    def worst(self) -> str:
        """The severity of the gravest finding, empty without one."""
        return min((f.severity for f in self.findings), key=ORDER.index, default="")

    @property
    def long(self) -> bool:
        """Whether a line is too short for it."""
        text = self.value or ""
        return len(text) > LONG or "\n" in text

    @property
    def edited(self) -> bool:
        """Whether somebody changed it since it was sent."""
        return self.value != self.sent


class FormRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row; `open` says whether its cells are shown to be mended."""

    number: int
    cells: tuple[Cell, ...]
    general: tuple[Finding, ...]
    open: bool

    @property
    def wrong(self) -> int:
        """Findings of the row."""
        return sum(len(cell.findings) for cell in self.cells) + len(self.general)


class FormTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the record."""

    name: str
    label: Text
    rows: tuple[FormRow, ...]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One act of the history with the cells it changed: (place, before, after)."""

    at: datetime
    actor: str
    act: str
    reason: str
    receipt: str
    cells: tuple[tuple[str, str | None, str | None], ...]


def tables(
    contract: Contract, given: Entry, findings: Iterable[Finding], *, whole: bool
) -> list[FormTable]:
    """The record as it now is. Rows with findings and the root's row are open, with `whole` every row."""
    blamed: dict[tuple[str, int], list[Finding]] = {}
    for finding in findings:
        if finding.table is not None and finding.row is not None:
            blamed.setdefault((finding.table, finding.row), []).append(finding)
    now = given.cells()
    order = {table.name: place for place, table in enumerate(contract.tables)}
    made = []
    for name in sorted(now, key=lambda name: (name != given.root, order.get(name, len(order)))):
        table = contract.table(name)
        sent = {row["row"]: row["cells"] for row in given.rows[name]}
        rows = [
            _row(
                table,
                name,
                row,
                sent[row["row"]],
                blamed.get((name, row["row"]), []),
                whole or name == given.root,
            )
            for row in now[name]
        ]
        rows.sort(key=lambda row: not row.wrong)
        made.append(FormTable(name=name, label=table.label if table else {}, rows=tuple(rows)))
    made.sort(key=lambda table: not any(row.wrong for row in table.rows))
    return made


def _row(
    table: Table | None,
    name: str,
    row: Mapping[str, Any],
    sent: Mapping[str, Any],
    findings: list[Finding],
    open: bool,
) -> FormRow:
    by_field: dict[str | None, list[Finding]] = {}
    for finding in findings:
        by_field.setdefault(finding.field if finding.field in row["cells"] else None, []).append(
            finding
        )
    made = []
    for column, value in row["cells"].items():
        if column.startswith("_"):
            continue
        field = table.field(column) if table else None
        made.append(
            Cell(
                id=f"c.{name}.{row['row']}.{column}",
                name=column,
                label=field.label if field else {},
                value=_text(value),
                sent=_text(sent.get(column)),
                findings=tuple(by_field.get(column, ())),
                choices=field.values if field and len(field.values) <= CHOICES else (),
            )
        )
    return FormRow(
        number=row["row"],
        cells=tuple(made),
        general=tuple(by_field.get(None, ())),
        open=open or bool(findings),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def changed(given: Entry, form: Mapping[str, str]) -> dict[str, dict[int, dict[str, str | None]]]:
    """The cells of a sent form that differ from what the record now holds: {table: {row: {field: text}}}."""
    now = {(name, row["row"]): row["cells"] for name, rows in given.cells().items() for row in rows}
    found: dict[str, dict[int, dict[str, str | None]]] = {}
    for key, text in form.items():
        mark, _, place = key.partition(".")
        parts = place.split(".", 2)
        if mark != "c" or len(parts) != 3 or not parts[1].isdecimal():
            continue
        table, row, field = parts[0], int(parts[1]), parts[2]
        before = _text(now.get((table, row), {}).get(field)) or ""
        # Browsers send line ends as CR LF, and a one-line input drops them.
        if _plain(text) == _plain(before):
            continue
        found.setdefault(table, {}).setdefault(row, {})[field] = text.replace("\r\n", "\n") or None
    return found


def _plain(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def told(given: Entry, acts: Iterable[Act]) -> list[Told]:
    """The history: how it came, then each act with the cells it changed."""
    sent = {(name, row["row"]): row["cells"] for name, rows in given.rows.items() for row in rows}
    lines = [
        Told(
            at=given.received_at,
            actor=given.sender,
            act="quarantined",
            reason="",
            receipt=given.receipt,
            cells=(),
        )
    ]
    before: dict[str, Any] = {}
    for act in acts:
        edits = act.about.get("edits", before)
        cells = []
        for cell in act.about.get("cells", ()):
            table, row, field = cell["table"], cell["row"], cell["field"]
            own = _text(sent.get((table, row), {}).get(field))
            old = before.get(table, {}).get(str(row), {}).get(field, own)
            new = edits.get(table, {}).get(str(row), {}).get(field, own)
            cells.append((f"{table}.{field}", old, new))
        before = edits
        name = f"replayed.{act.about['outcome']}" if "outcome" in act.about else act.act
        lines.append(
            Told(
                at=act.at,
                actor=act.actor,
                act=name,
                reason=str(act.about.get("reason", "")),
                receipt=str(act.about.get("receipt", "")),
                cells=tuple(cells),
            )
        )
    return lines


def file_name(name: str) -> str:
    """The last part of the name that a browser sends, at most 200 characters."""
    return PurePath(name.replace("\\", "/")).name[:200]
