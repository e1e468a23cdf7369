"""Two engines, one answer: on a real Spark master with two workers, and on single pieces of SQL."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.errors import Refused
from lienthong.warehouse.duck import Duck
from lienthong.warehouse.manifest import Warehouse
from lienthong.warehouse.rescoring import rescore
from lienthong.warehouse.spark_sql import Carrier, to_java
from tests.ports import free_port
from tests.warehouse.fabric import fabricate

TABLES = {"care": ("XML4",), "practice": ("licences",), "vital_events": ("death_notices",)}
"""Tables that Spark is asked of; of the other databases the one whose rules are asked soonest. `python -m
tests.warehouse.every_table` asks all of them."""
ROWS = 60
SMALL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "900m",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.ui.showConsoleProgress": "false",
    # Sixty rows are interpreted sooner than code for three hundred rules is compiled.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="PySpark or Java is not here: tests/prepare.sh brings them",
)


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """A standalone master and two workers of one core, as processes of their own."""
    import pyspark

    home = Path(pyspark.__file__).parent
    folder = tmp_path_factory.mktemp("spark")
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "200m",
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false -XX:TieredStopAtLevel=1",
    }
    started = []

    def start(what: str, *arguments: str) -> None:
        log = (folder / f"{what}-{len(started)}.log").open("w")
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
        started.append(
            subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        )

    start("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
    for number in (1, 2):
        work = folder / f"work-{number}"
        start(
            "worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "600m",
            "--webui-port", "0", "--work-dir", str(work), url,
        )  # fmt: skip
    try:
        yield url
    finally:
        for process in started:
            os.killpg(process.pid, 15)
        for process in started:
            process.wait(120)


def names(result):
    """Every (table, rule, row) that a rescoring named."""
    found = set()
    for file in sorted(Path(result.folder).glob("names-*.parquet")):
        for line in pq.read_table(file).to_pylist():
            found.add((line["contract"], line["table"], line["rule"], line["sender"], line["row"]))
    return found


@needs_spark
@pytest.mark.slow
def test_duckdb_and_two_workers_of_spark_name_the_same_rows(master, tmp_path):
    from lienthong.warehouse.spark import Spark

    contracts = [read_contract(name) for name in sorted(declared_contracts())]
    manifest = fabricate(tmp_path / "warehouse", contracts, ROWS, seed=11)
    warehouse = Warehouse(tmp_path / "warehouse")
    tables = tuple(chosen(contracts))
    home = tmp_path / "home"
    home.mkdir()
    duck = Duck(warehouse.root, tmp_path / "work", threads=2)
    ours = rescore(warehouse, manifest, duck, home=home, tables=tables, name_rows=True)
    duck.close()
    spark = Spark(warehouse.root, master=master, options=SMALL)
    try:
        theirs = rescore(warehouse, manifest, spark, home=home, tables=tables, name_rows=True)
        hosts = spark.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    finally:
        spark.close()
    assert hosts == 3, "the driver and two workers"
    one, other = names(ours), names(theirs)
    assert {(line[0], line[1], line[2]) for line in one ^ other} == set()
    assert [(t.table, t.rows, t.wrong) for t in ours.tables] == [
        (t.table, t.rows, t.wrong) for t in theirs.tables
    ]
    broken = {(line[0], line[2]) for line in one}
    for contract in contracts:
        assert sum(1 for name, _ in broken if name == contract.name) >= 8, contract.name
    assert len(broken) > 200


def chosen(contracts):
    for contract in contracts:
        small = min(contract.tables, key=lambda table: abs(len(table.fields) - 12))
        for name in TABLES.get(contract.name, (small.name,)):
            yield f"{contract.name}.{name}"


def test_spark_that_is_not_there_is_said(tmp_path, monkeypatch):
    import sys

    from lienthong.warehouse.spark import Spark

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Refused) as refused:
        Spark(tmp_path)
    assert refused.value.code == "rescore.no-spark"


@pytest.mark.parametrize(
    ("ours", "java"),
    [
        ("^[0-9]{12}$", r"(?d)^[0-9]{12}\z"),
        (r"^\$[a-z$]+$", r"(?d)^\$[a-z$]+\z"),
        ("(?i)^đ", "(?d)(?iu)^đ"),
        ("^[[:alpha:]x]+$", r"(?d)^[\p{Alpha}x]+\z"),
        (r"a\\$", r"(?d)a\\\z"),
    ],
)
def test_a_regular_expression_means_the_same_to_java(ours, java):
    assert to_java(ours) == java


@pytest.mark.parametrize(
    ("ours", "spark"),
    [
        ("SELECT a FROM \"typed_x.T\" WHERE a LIKE 'x%'", "SELECT a FROM `w1` WHERE a LIKE 'x%'"),
        ("SELECT LEN(STRING_SPLIT(a, ';'))", "SIZE("),
        ("SELECT ROUND(n, 2)", "ROUND((n) * 1e2) / 1e2"),
        ("SELECT a / b", "CAST('Infinity' AS DOUBLE)"),
        ("SELECT SOFT_DATE(a)", "TRY_CAST(a AS DATE)"),
        ("SELECT d - d", "DATEDIFF(d, d)"),
        ("SELECT IS_CODE_SEXES(a, NULL)", "SELECT code FROM `codes_sexes`"),
    ],
)
def test_what_engines_compute_differently_is_written_out(ours, spark):
    carrier = Carrier({"typed_x.T": "w1"}, {"sexes": ("codes_sexes", False)}, {"d": "date"})
    assert spark in carrier.carry(ours)
