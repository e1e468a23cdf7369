"""A small contract of visits with their lines, and a facility that sends files of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import parse_contract
from lienthong.database import Database
from lienthong.records import intake
from lienthong.records.store import counts

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: trial
name: trial
version: 1.0.0
status: active
schema:
  - name: VISIT
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: SEX, logicalType: string, enum: [{value: '1'}, {value: '2'}]}
      - {name: AGE, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 150}}
      - {name: TOTAL, logicalType: number}
    quality:
      - {id: OLD, type: sql, query: SELECT count(*) FROM VISIT WHERE AGE > 100, mustBe: 0,
         dimension: accuracy, severity: warning}
  - name: LINE
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 2, required: true}
      - {name: SUM, logicalType: number, required: true}
    customProperties:
      - {property: root, value: VISIT}
      - {property: link, value: ID}
  - name: STAFF
    physicalType: table
    properties:
      - {name: CODE, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: NAME, logicalType: string, required: true}
"""


def read(text: str = CONTRACT) -> Contract:
    return parse_contract(textwrap.dedent(text).encode(), "trial.odcs.yaml")


class Desk:
    """Sends to one database as a facility does, and asks what the store knows."""

    def __init__(self, db: Database, home: Path, contract: Contract) -> None:
        self.db, self.home, self.contract = db, home, contract
        folder = home / "contracts"
        folder.mkdir(exist_ok=True)
        (folder / "trial.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
        self.conn: psycopg.Connection[Any] = db.connect(autocommit=True)

    def receive(
        self, text: str | bytes, sender: str = "01999", name: str = "VISIT.csv", **more: Any
    ) -> Any:
        data = text.encode() if isinstance(text, str) else text
        return intake.receive(
            self.conn,
            data,
            contract="trial",
            sender=sender,
            actor="mai",
            name=name,
            channel="test",
            home=self.home,
            **more,
        )

    def process(self, receipt: str, **more: Any) -> Any:
        return intake.process(self.conn, receipt, home=self.home, **more)

    def send(
        self, text: str | bytes, sender: str = "01999", name: str = "VISIT.csv", **more: Any
    ) -> Any:
        return self.process(self.receive(text, sender, name, **more).receipt)

    def one(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row[0] if row else None

    def rows(self, query: str, *values: Any) -> list[Any]:
        return self.conn.execute(query, values).fetchall()

    def visits(self, sender: str = "01999") -> dict[str, tuple[Any, ...]]:
        query = 'SELECT "ID", "SEX", "AGE", "TOTAL" FROM trial."VISIT" WHERE _sender = %s'
        return {row[0]: row[1:] for row in self.rows(query, sender)}

    def counts_hold(self) -> None:
        """What the counts say is what the masks say."""
        assert counts.counted(self.conn, self.contract) == counts.recompute(
            self.conn, self.contract
        )

    def law_holds(self) -> None:
        assert not self.rows(
            "SELECT receipt FROM records.submission WHERE received <> kept + unchanged + quarantined"
        )


def csv(*rows: tuple[Any, ...], columns: str = "ID,SEX,AGE,TOTAL") -> str:
    lines = [
        columns,
        *(",".join("" if cell is None else str(cell) for cell in row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "+07:00")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return read()


@pytest.fixture
def desk(fresh_db: Database, home: Path, contract: Contract) -> Iterator[Desk]:
    made = Desk(fresh_db, home, contract)
    yield made
    made.conn.close()


@pytest.fixture(scope="session")
def trial() -> Any:
    """The helpers of this file for the tests of this folder."""
    from types import SimpleNamespace

    return SimpleNamespace(CONTRACT=CONTRACT, Desk=Desk, csv=csv, moment=moment, read=read)
