"""Two small databases that look at each other: visits by doctors, and a register of licences and of deaths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import parse_contract
from lienthong.database import Database
from lienthong.records import intake
from lienthong.records.crossing import again
from lienthong.records.store import counts

HEAD = """\
apiVersion: v3.2.0
kind: DataContract
id: {0}
name: {0}
version: 1.0.0
status: active
schema:
"""
WARDS = """\
  - name: VISIT
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: DOC, logicalType: string}
      - {name: PERSON, logicalType: string}
      - {name: DAY, logicalType: string}
    quality:
      - id: T-LIC
        type: custom
        engine: lienthong
        implementation:
          predicate: >-
            NOT EXISTS (SELECT 1 FROM registers.LICENCE l WHERE l.NR = VISIT.DOC AND l.SINCE <= VISIT.DAY
            AND COALESCE(l.UNTIL, '99999999') >= VISIT.DAY)
          needs: [registers.LICENCE]
          other: [{table: registers.LICENCE, on: {NR: DOC}}]
        dimension: consistency
        severity: warning
        customProperties:
          - property: sentence
            value:
              {vi: "Giấy {other} hết hiệu lực.", en: "Licence {other} was not valid.", fr: "Licence {other} périmée."}
          - {property: fields, value: [DOC]}
      - id: T-DEAD
        type: custom
        engine: lienthong
        implementation:
          predicate: EXISTS (SELECT 1 FROM registers.DEATH d WHERE d.PERSON = VISIT.PERSON AND d.DAY < VISIT.DAY)
          needs: [registers]
          other: [{table: registers.DEATH, on: {PERSON: PERSON}}]
        dimension: consistency
        severity: warning
        customProperties:
          - property: sentence
            value:
              {vi: "Đã có giấy báo tử {other}.", en: "There is a death notice {other}.", fr: "Avis de décès {other}."}
          - {property: fields, value: [PERSON]}
      - id: T-TWO
        type: custom
        engine: lienthong
        implementation:
          predicate: >-
            EXISTS (SELECT 1 FROM wards.VISIT o WHERE o.DOC = VISIT.DOC AND o.DAY = VISIT.DAY
            AND o._sender <> VISIT._sender)
          needs: [wards]
          other: [{table: wards.VISIT, on: {DOC: DOC, DAY: DAY}}]
        dimension: consistency
        severity: warning
  - name: LINE
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 2, required: true}
      - {name: DOC, logicalType: string}
    quality:
      - id: T-LINE
        type: custom
        engine: lienthong
        implementation:
          predicate: >-
            EXISTS (SELECT 1 FROM registers.LICENCE l WHERE l.NR = LINE.DOC
            AND l.UNTIL < (SELECT MAX(v.DAY) FROM VISIT v WHERE v.ID = LINE.ID))
          needs: [registers]
          other: [{table: registers.LICENCE, on: {NR: DOC}}]
        dimension: consistency
        severity: warning
    customProperties:
      - {property: root, value: VISIT}
      - {property: link, value: ID}
"""
REGISTERS = """\
  - name: LICENCE
    properties:
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: SINCE, logicalType: string, required: true}
      - {name: UNTIL, logicalType: string}
  - name: DEATH
    properties:
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: PERSON, logicalType: string, required: true}
      - {name: DAY, logicalType: string}
"""


class Town:
    """Sends files to both databases and asks what the store says afterwards."""

    def __init__(self, db: Database, home: Path, wards: str = WARDS) -> None:
        self.db, self.home = db, home
        self.contracts = contracts(home, wards)
        self.conn: psycopg.Connection[Any] = db.connect(autocommit=True)

    def send(self, contract: str, name: str, text: str, sender: str = "01999", **more: Any) -> Any:
        given = intake.receive(
            self.conn, text.encode(), contract=contract, sender=sender, actor="mai", name=name,
            channel="test", home=self.home, **more,
        )  # fmt: skip
        return intake.process(self.conn, given.receipt, home=self.home)

    def again(self) -> int:
        """Look again at whatever is due."""
        return again.look_again(self.conn, self.home)

    def holds(self) -> None:
        """What the counts say is what the masks say."""
        laid = {
            row[0] for row in self.rows("SELECT DISTINCT contract FROM records.contract_version")
        }
        for contract in (self.contracts[name] for name in laid):
            assert counts.counted(self.conn, contract) == counts.recompute(self.conn, contract)

    def rows(self, query: str, *values: Any) -> list[Any]:
        return self.conn.execute(query, values).fetchall()

    def found(self) -> set[tuple[str, str, str, tuple[str, ...]]]:
        """(rule, sender, key, keys of the records named) of every finding that holds now."""
        return {
            (rule, sender, key, tuple(sorted(f"{o['table']} {o['key']}" for o in others)))
            for rule, sender, key, others in self.rows(
                "SELECT rule, sender, key, others FROM records.crossing WHERE until IS NULL"
            )
        }

    def counted(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """(contract, rule) to checked, failed, unknown, of the rules across databases and of the sums."""
        return {
            (row[0], row[1]): tuple(map(int, row[2:]))
            for row in self.rows(
                "SELECT contract, rule, sum(checked), sum(failed), sum(unknown) FROM records.count"
                " WHERE rule ~ '^T-|^[*+]' GROUP BY 1, 2 HAVING sum(checked) + sum(unknown) > 0"
            )
        }


def contracts(home: Path, wards: str = WARDS) -> dict[str, Contract]:
    """Both contracts, in the data folder of an installation."""
    folder = home / "contracts"
    folder.mkdir(exist_ok=True)
    texts = {"wards": wards, "registers": REGISTERS}
    for name, text in texts.items():
        (folder / f"{name}.odcs.yaml").write_text(HEAD.format(name) + text, encoding="utf-8")
    return {
        name: parse_contract((HEAD.format(name) + text).encode(), str(folder / f"{name}.odcs.yaml"))
        for name, text in texts.items()
    }
