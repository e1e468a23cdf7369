"""Stores for snapshots: a small one of visits, and one of an invented country, both filled by the real intake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong import clock
from lienthong.access import operator
from lienthong.database import Database
from lienthong.records import intake
from lienthong.records.crossing.again import linked, recheck
from lienthong.records.intake.single import RecordIntake
from lienthong.synthetic.country import Country
from lienthong.synthetic.files import write_country
from lienthong.synthetic.posts import posts
from lienthong.warehouse.duck import Duck
from lienthong.warehouse.manifest import Manifest, Warehouse
from lienthong.warehouse.rescoring import Rescored, rescore
from lienthong.warehouse.taking import Progress, take

UNTIL = datetime(2026, 11, 20, 16, 0)

STAYS = """\
apiVersion: v3.2.0
kind: DataContract
id: stays
name: stays
version: 1.0.0
status: active
schema:
  - name: STAY
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: OUT, logicalType: date}
      - {name: PROV, logicalType: string}
      - {name: SEX, logicalType: string, enum: [{value: '1'}, {value: '2'}]}
      - {name: AGE, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 150},
         customProperties: [{property: severities, value: {type: warning}}]}
      - {name: COST, logicalType: number}
      - {name: CARD, logicalType: string, unique: true,
         customProperties: [{property: severities, value: {unique: warning}}]}
    quality:
      - {id: OLD, type: sql, query: SELECT count(*) FROM STAY WHERE AGE > 100, mustBe: 0,
         dimension: accuracy, severity: warning}
      - {id: SUM, type: sql, dimension: consistency, severity: warning, mustBe: 0,
         query: "SELECT count(*) FROM STAY WHERE COST <> (SELECT SUM(l.SUM) FROM LINE l WHERE l.ID = STAY.ID)"}
      - {id: LATE, type: custom, engine: lienthong, dimension: timeliness, severity: warning,
         implementation: {predicate: "OUT < AGO(5, 'days', 'date')"}}
    customProperties:
      - {property: event, value: OUT}
      - {property: province, value: PROV}
  - name: LINE
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 2, required: true}
      - {name: SUM, logicalType: number, required: true}
    customProperties:
      - {property: root, value: STAY}
      - {property: link, value: ID}
"""
COLUMNS = "ID,OUT,PROV,SEX,AGE,COST,CARD"


class Store:
    """A store, its data folder and a warehouse beside it."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.home, self.folder = db, folder / "home", folder
        self.home.mkdir()
        self.warehouse = Warehouse(folder / "warehouse")
        self.conn: psycopg.Connection[Any] = db.connect(autocommit=True)

    def declare(self, name: str, text: str) -> None:
        """Put a contract of one's own into the data folder."""
        (self.home / "contracts").mkdir(exist_ok=True)
        (self.home / "contracts" / f"{name}.odcs.yaml").write_text(text, encoding="utf-8")

    def send(
        self,
        data: Path | bytes,
        name: str,
        *,
        contract: str = "stays",
        sender: str = "01999",
        sent: str = "2026-11-20T09:00",
        province: str = "01",
    ) -> Any:
        """Send one file."""
        given = intake.receive(
            self.conn,
            data,
            contract=contract,
            sender=sender,
            actor="test",
            name=name,
            channel="test",
            home=self.home,
            province=province,
            received=datetime.fromisoformat(sent).replace(tzinfo=clock.VIETNAM),
        )
        return intake.process(self.conn, given.receipt, home=self.home)

    def stays(self, *rows: str, **more: Any) -> Any:
        """Send lines of STAY as a file."""
        return self.send("\n".join([COLUMNS, *rows, ""]).encode(), "STAY.csv", **more)

    def take(
        self, *only: str, to: Warehouse | None = None, progress: Progress | None = None
    ) -> Manifest:
        """Take a snapshot of the store as it is now."""
        return take(
            self.conn,
            to or self.warehouse,
            operator(),
            home=self.home,
            only=only,
            progress=progress,
        )

    def rescored(self, manifest: Manifest, *only: str, engine: Any = None, **more: Any) -> Rescored:
        """Ask the rules over a snapshot, by DuckDB unless another engine is given."""
        made = engine or Duck(self.warehouse.root, self.folder / "work", memory="300MB", threads=2)
        try:
            return rescore(self.warehouse, manifest, made, home=self.home, only=only, **more)
        finally:
            if engine is None:
                made.close()


@pytest.fixture
def stays(fresh_db: Database, tmp_path: Path) -> Iterator[Store]:
    """A store for stays, with nothing in it."""
    made = Store(fresh_db, tmp_path)
    made.declare("stays", STAYS)
    yield made
    made.conn.close()


@pytest.fixture(scope="module")
def country(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with care, practice and vital_events of two days, in files and by single posts."""
    folder = tmp_path_factory.mktemp("store")
    made = Store(db, folder)
    invented = Country(seed=7, visits=24, until=UNTIL, days=2, per_file=12, registers=10)
    for one in write_country(invented, folder):
        made.send(
            folder / one.name,
            Path(one.name).name,
            contract=one.contract,
            sender=one.sender,
            sent=one.sent,
            province=one.province,
        )
    with db.pool(2) as pool:
        line = RecordIntake(pool, made.home)
        single = Country(seed=7, visits=4, until=UNTIL, first=1_000_000)
        for number, post in enumerate(posts(single, 1)):
            if number < 12:
                line.submit(
                    post.body,
                    contract=post.contract,
                    sender=post.sender,
                    actor="test",
                    channel="test",
                    province=post.province,
                    received=post.sent.replace(tzinfo=clock.VIETNAM),
                )
        line.close()
    # Rules across databases saw what was there when a record came; now that all are here they are asked again.
    for name in linked(made.conn):
        for _ in recheck(made.conn, name, made.home):
            pass
    yield made
    made.conn.close()
