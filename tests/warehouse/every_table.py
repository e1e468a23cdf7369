"""`python -m tests.warehouse.every_table [database.table ...]`: both engines over every table of every database.

What the suite has no time for: about a quarter of an hour. Prints a line for each table and ends with 1 when the
engines disagree.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from lienthong.contracts.reading import declared_contracts
from lienthong.records.intake import terms
from lienthong.warehouse.duck import Duck
from lienthong.warehouse.manifest import Warehouse
from lienthong.warehouse.rescoring import rescore
from lienthong.warehouse.spark import Spark
from tests.warehouse.fabric import fabricate
from tests.warehouse.test_spark import ROWS, SMALL, names


def main() -> int:
    """Compare the names of rows table by table."""
    with tempfile.TemporaryDirectory(prefix="engines-") as work:
        home, root = Path(work) / "home", Path(work) / "warehouse"
        home.mkdir()
        contracts = [terms.contract(name, home) for name in sorted(declared_contracts())]
        manifest, warehouse = fabricate(root, contracts, ROWS, seed=11), Warehouse(root)
        every = [f"{one.name}.{table.name}" for one in contracts for table in one.tables]
        spark = Spark(root, master="local[2]", options=SMALL)
        disagree = 0
        for table in sys.argv[1:] or every:
            begun = time.perf_counter()
            duck = Duck(root, Path(work) / "duck")
            asked = {
                "home": home,
                "only": (table.split(".")[0],),
                "tables": (table,),
                "name_rows": True,
            }
            one = names(rescore(warehouse, manifest, duck, **asked))
            duck.close()
            other = names(rescore(warehouse, manifest, spark, **asked))
            apart = sorted(
                {(line[2], line[4], "duckdb" if line in one else "spark") for line in one ^ other}
            )
            disagree += bool(apart)
            rules = len({line[2] for line in one})
            seconds = time.perf_counter() - begun
            sys.stdout.write(
                f"{table}: {rules} rules broken, {len(one)} names, {seconds:.0f} s {apart[:6]}\n"
            )
            sys.stdout.flush()
        spark.close()
    return 1 if disagree else 0


if __name__ == "__main__":
    sys.exit(main())
