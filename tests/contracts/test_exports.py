"""One contract in the languages of other tools, each understood by the tool it is for."""

from __future__ import annotations

import json

import duckdb
import pytest
import yaml

from lienthong.contracts.exports import FORMS, export
from lienthong.contracts.reading import declared_contracts, parse_contract, read_contract
from lienthong.errors import Refused

NAMES = list(declared_contracts())


@pytest.mark.parametrize("name", NAMES)
def test_json_schema_names_every_field(name: str) -> None:
    contract = read_contract(name)
    schema = json.loads(export(contract, "json-schema"))
    for table in contract.tables:
        assert list(schema["$defs"][table.name]["properties"]) == [f.name for f in table.fields]


@pytest.mark.parametrize("name", NAMES)
def test_ddl_makes_every_table(name: str) -> None:
    contract = read_contract(name)
    statements = [
        statement
        for statement in export(contract, "sql").split(";\n")
        if not statement.lstrip().startswith("COMMENT")
    ]
    with duckdb.connect() as database:
        for statement in statements:
            if statement.strip():
                database.execute(statement)
        made = database.execute("SELECT count(*) FROM information_schema.columns").fetchone()
    assert made == (sum(len(table.fields) for table in contract.tables),)


@pytest.mark.parametrize("name", NAMES)
def test_plain_odcs_has_nothing_of_ours_and_is_still_a_contract(name: str) -> None:
    contract = read_contract(name)
    text = export(contract, "odcs")
    assert "customProperties" not in text and "engine: lienthong" not in text
    plain = parse_contract(text.encode(), "plain")
    assert [(t.name, len(t.fields)) for t in plain.tables] == [
        (t.name, len(t.fields)) for t in contract.tables
    ]
    asked = [r.query for t in contract.tables for r in t.rules if r.query]
    assert [r.query for t in plain.tables for r in t.rules if r.query] == asked
    assert yaml.safe_load(text)["id"] == contract.name


def test_the_page_speaks_the_readers_language() -> None:
    from lienthong.contracts.exports.page import markdown

    contract = read_contract("care")
    pages = {language: markdown(contract, language) for language in ("vi", "en", "fr")}
    for language, page in pages.items():
        assert contract.label[language] in page
    assert len(set(pages.values())) == 3


def test_the_command_shows_what_tables_and_fields_are_called(monkeypatch) -> None:
    from typer.testing import CliRunner

    from lienthong.contracts.command import app

    contract = read_contract("mother_child")
    for chosen in ("vi", "fr"):
        monkeypatch.setenv("LIENTHONG_LANGUAGE", chosen)
        shown = CliRunner().invoke(app, ["show", "mother_child"]).output
        assert contract.tables[0].label[chosen] in shown
        assert contract.tables[0].fields[0].label[chosen] in shown
        assert contract.owner_label[chosen] in shown


def test_another_form_is_refused_with_the_choices() -> None:
    with pytest.raises(Refused, match="markdown"):
        export(read_contract("care"), "cobol")
    assert set(FORMS) == {"sql", "json-schema", "odcs", "markdown"}
