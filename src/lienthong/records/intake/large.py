"""A large submission: judged by the batch engine and written by bulk copies, table by table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.records.checking.checked import Checked
from lienthong.records.checking.engine import check, connect
from lienthong.records.crossing import noting
from lienthong.records.crossing.lacking import note_waiting
from lienthong.records.crossing.stored import StoredOthers
from lienthong.records.formats.reading import Reading
from lienthong.records.intake import (
    keeping,
    publishing,
    setting_aside,
    spooling,
    terms,
    units,
    unmapped,
    verdicts,
    withholding,
)
from lienthong.records.intake.findings import record_findings
from lienthong.records.intake.receipts import Submission
from lienthong.records.store import bulk
from lienthong.records.store.counts import Deltas

Progress = Callable[[str, int, int], None]
"""(stage, done, of): stages are read, check, compare, keep, count, done; `of` 0 when it is not known."""

MEMORY = "1GB"
"""What DuckDB may hold before it spills to the disk."""


class Large:
    """One large submission on its way: `checked`, then `keep` in the caller's transaction."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        given: Submission,
        compiled: CompiledContract,
        home: Path,
        folder: Path,
        progress: Progress,
    ) -> None:
        self._conn, self._given, self._compiled = conn, given, compiled
        self._home, self._folder, self._progress = home, folder, progress
        self._batch: units.Batch
        self._others: StoredOthers
        self._checked: Checked

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return self._checked.rows

    @property
    def warnings(self) -> int:
        """How often a rule that only warns was broken."""
        return sum(one.failed for one in self._checked.counts() if one.severity == "warning")

    @contextmanager
    def checked(self, reading: Reading) -> Iterator[None]:
        """Judge the rows and say which units are blocked; the engine lives for the length of this block."""
        given, contract = self._given, self._compiled.contract
        con = connect(self._folder, memory=MEMORY)
        if given.bytes > spooling.LARGE:
            spooling.spool(con, reading, self._folder)
        self._progress("check", 0, 0)
        self._others = StoredOthers(self._conn, contract.name)
        self._checked = check(
            contract,
            reading,
            received=given.received_at,
            codes=terms.codes(self._home),
            sender=given.sender,
            con=con,
            workdir=self._folder,
            compiled=self._compiled,
            engine=lambda: terms.engine(self._compiled, self._home),
            others=self._others,
        )
        try:
            self._batch = units.Batch(
                con,
                contract,
                self._checked.columns,
                given.province,
                given.receipt,
                envelope_units=reading.units,
            )
            units.group(self._batch, list(self._checked.tables))
            verdicts.block(self._batch, self._checked, reading.faults)
            yield
        finally:
            self._checked.close()

    def keep(self) -> verdicts.Numbers:
        """Versions, quarantine, findings and counts; a test leaves findings only."""
        given = self._given
        arrival = keeping.Arrival(given.receipt, given.sender, given.province, given.received_at)
        deltas = self._write(arrival)
        record_findings(self._conn, self._checked, given, self._home, self._folder)
        if not given.test:
            publishing.publish_batch(self._conn, self._batch, arrival)
            looked = self._others.looked
            noting.note_batch(
                self._conn, self._batch, self._checked, arrival, looked, self._others.open
            )
            if self._batch.con.execute("SELECT 1 FROM blocked LIMIT 1").fetchall():
                note_waiting(self._conn, self._compiled.contract.name, receipts=[given.receipt])
            unmapped.note_batch(
                self._conn,
                self._checked,
                sender=given.sender,
                province=given.province,
                receipt=given.receipt,
                received=given.received_at,
            )
        # Last, because counts of a province are shared: others wait for them until we commit.
        deltas.write(self._conn, self._compiled.contract.name)
        numbers = verdicts.numbers(self._batch)
        self._progress("done", numbers.received, numbers.received)
        return numbers

    def _write(self, arrival: keeping.Arrival) -> Deltas:
        conn, given, batch, checked = self._conn, self._given, self._batch, self._checked
        rules = keeping.rulesets(conn, checked)
        deltas, done = Deltas(), 0

        def told(rows: int) -> None:
            nonlocal done
            done += rows
            self._progress("keep", done, checked.rows)

        keeping.hold_sender(conn, batch.contract.name, arrival.sender)
        with bulk.Line(conn) as line:
            for made in batch.groups:
                self._progress("compare", 0, 0)
                line.settle()
                before = verdicts.compare(
                    conn,
                    batch,
                    made,
                    sender=arrival.sender,
                    received_us=arrival.microseconds,
                    folder=self._folder,
                )
                if given.test:
                    continue
                if before:
                    keeping.replace(conn, batch, made, arrival, deltas)
                    setting_aside.close_older(conn, batch, made, arrival, deltas)
                for table in made.tables:
                    rows = rules[table.name]
                    keeping.write_table(
                        conn, line, batch, checked, made, table, rows, arrival, told
                    )
            if not given.test:
                self._progress("count", 0, 0)
                setting_aside.set_aside(line, batch, checked, rules, arrival)
                keeping.count_arrivals(batch, checked, rules, arrival, deltas)
        if not given.test:
            withholding.withhold_batch(
                conn, batch, checked, rules, sender=arrival.sender, receipt=arrival.receipt
            )
        return deltas
