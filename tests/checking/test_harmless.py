"""A contract may come from a stranger: what its SQL may touch is the tables that were sent, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from lienthong.__main__ import app
from lienthong.records.checking.engine import confine, connect
from tests.checking.tables import checked_of, contract_of

HARMFUL = [
    "SELECT count(*) FROM read_csv('{secret}')",
    "SELECT count(*) FROM t, LATERAL read_text('{secret}')",
    "SELECT count(*) FROM t CROSS JOIN LATERAL read_csv('{secret}')",
    "SELECT count(*) FROM '{secret}'",
    'SELECT count(*) FROM "{secret}"',
    "SELECT count(*) FROM t WHERE a IN (SELECT content FROM read_text('{secret}'))",
    "SELECT count(*) FROM t WHERE a = (SELECT max(filename) FROM read_blob('{secret}'))",
    "FROM read_csv('{secret}') SELECT count(*)",
    "WITH x AS (FROM read_text('{secret}')) SELECT count(*) FROM x",
    'SELECT (WITH "{secret}" AS (SELECT 1) SELECT 1) + (SELECT count(*) FROM "{secret}")',
    "SELECT count(*) FROM glob('{folder}/*')",
    "SELECT count(*) FROM sniff_csv('{secret}')",
    "SELECT count(*) FROM query('SELECT 1')",
    "SELECT count(*) FROM duckdb_settings()",
    "SELECT current_setting('home_directory')",
    "SELECT write_log('x')",
    "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n FROM x) SELECT count(*) FROM x",
    "SELECT count(*) INTO z FROM t",
    "COPY t TO '{folder}/evil.csv'",
    "EXPORT DATABASE '{folder}/evil'",
    "ATTACH '{folder}/evil.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '1KB'",
    "SELECT 0; COPY t TO '{folder}/evil.csv'",
    "SELECT count(*) FROM t; DROP VIEW src_t",
    "CREATE TABLE z AS SELECT 1",
    "SELECT count(*) FROM typed_t",
    "SELECT count(*) FROM src_t",
    "SELECT count(*) FROM information_schema.tables",
]


@pytest.mark.parametrize("query", HARMFUL)
@pytest.mark.parametrize("place", ["table", "property"])
def test_a_harmful_rule_is_red_and_nothing_happens(tmp_path: Path, query: str, place: str) -> None:
    folder = tmp_path / "away"
    folder.mkdir()
    (folder / "secret.csv").write_text("a\n1\n")
    said = query.format(secret=folder / "secret.csv", folder=folder).replace("'", "''")
    item = f"quality: [{{id: Q, type: sql, mustBe: 0, query: '{said}'}}]\n"
    lines = "  - name: t\n    properties:\n      - name: a\n        logicalType: string\n"
    (tmp_path / "c.yaml").write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\n"
        f"schema:\n{lines}{'    ' if place == 'table' else '        '}{item}"
    )
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    result = CliRunner().invoke(
        app, ["check", str(tmp_path / "t.csv"), "--contract", str(tmp_path / "c.yaml"), "--json"]
    )
    report = json.loads(result.stdout)
    rule = next(rule for rule in report["rules"] if rule["id"] == "Q")
    assert result.exit_code == 1
    assert (rule["checked"], rule["failed"], rule["severity"]) == (0, 1, "error")
    assert sorted(path.name for path in folder.iterdir()) == ["secret.csv"]


def test_a_confined_connection_reads_and_writes_what_it_may(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    (tmp_path / "away.csv").write_text("a\n1\n")
    con = connect(None)
    confine(con, [tmp_path / "in.csv", tmp_path / "out.csv"])
    con.execute(f"COPY (FROM read_csv('{tmp_path}/in.csv')) TO '{tmp_path}/out.csv'")
    for statement in (
        f"FROM read_csv('{tmp_path}/away.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/away.csv'",
        f"ATTACH '{tmp_path}/evil.db'",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(statement)
    con.close()
    assert (tmp_path / "away.csv").read_text() == "a\n1\n"


def test_harmless_functions_still_run() -> None:
    contract = contract_of(
        """
  - name: t
    properties: [{name: a, logicalType: string}]
    quality:
      - {id: U, type: sql, query: 'SELECT count(*) FROM t, UNNEST(string_split(a, \\';\\')) u(x)', mustBe: 3}
""".replace("\\'", "''")
    )
    checked = checked_of(contract, t=[{"a": "1;2"}, {"a": "3"}])
    assert not checked.broken() and not checked.failed_any()
