"""A rule across databases that cannot be looked up is a mistake of its contract, told with its line."""

from __future__ import annotations

import pytest
from tests.checking.tables import HEAD

from lienthong.contracts.faults import ContractErrors
from lienthong.contracts.reading import parse_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.lint import rule_errors

OTHER = (
    "schema:\n  - name: licences\n    properties:\n"
    "      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 1}\n"
    "      - {name: BEDS, logicalType: integer}\n      - {name: UNTIL, logicalType: string}\n"
)
OWN = (
    "schema:\n  - name: visits\n    properties:\n"
    "      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1}\n"
    "      - {name: DOC, logicalType: string}\n      - {name: DAY, logicalType: string}\n    quality:\n"
)
RIGHT = (
    "EXISTS (SELECT 1 FROM registers.licences l WHERE l.NR = visits.DOC AND l.UNTIL < visits.DAY)"
)
ON = "[{table: registers.licences, on: {NR: DOC}}]"
SENTENCE = "{vi: 'Giấy phép {other} (số {other}) hết hạn: {other}.', en: 'Licence {other} ended.', fr: 'Fini.'}"


def contract(folder, predicate=RIGHT, other=ON, needs="[registers]", more=""):
    (folder / "registers.odcs.yaml").write_text(HEAD.replace(": t\n", ": registers\n") + OTHER)
    shown = predicate.replace("'", "''")
    rule = (
        f"      - {{id: X-1, type: custom, engine: lienthong, implementation: {{predicate: '{shown}',"
        f" needs: {needs}, other: {other}}}{more}}}\n"
    )
    file = folder / "wards.odcs.yaml"
    file.write_text(HEAD.replace(": t\n", ": wards\n") + OWN + rule)
    return parse_contract(file.read_bytes(), str(file))


def test_a_rule_that_can_be_looked_up_has_no_mistakes(tmp_path):
    given = contract(tmp_path)
    assert rule_errors(given) == []
    (rule,) = (rule for rule in compile_contract(given).tables[0].rules if rule.rule.id == "X-1")
    (across,) = rule.crossing
    assert (across.table, across.keys, across.row_keys) == ("registers.licences", ("NR",), ("DOC",))
    assert rule.rule.databases == ("registers",) and rule.rule.needs == ()


@pytest.mark.parametrize(
    ("predicate", "other", "said"),
    [
        (RIGHT, "[{table: nowhere.licences, on: {NR: DOC}}]", "nowhere.licences"),
        (RIGHT.replace("licences l", "deaths l"), "[{table: registers.deaths, on: {NR: DOC}}]", "registers.deaths"),
        (RIGHT, "[{table: registers.licences, on: {NUMBER: DOC}}]", "registers.licences.NUMBER"),
        (RIGHT, "[{table: registers.licences, on: {NR: DOCTOR}}]", "visits.DOCTOR"),
        (RIGHT.replace("l.UNTIL", "l.UNTILL"), ON, "UNTILL"),
        (RIGHT.replace("l.NR = ", "l.NR <> "), ON, "equals the row"),
        (RIGHT.replace("visits.DOC", "UPPER(visits.DOC)"), ON, "equals the row"),
        ("DOC IN (SELECT l.NR FROM registers.licences l)", ON, "equals the row"),
        (RIGHT, "[{table: registers.licences, on: {BEDS: DOC}}]", "keys of one type"),
        (RIGHT + " AND DAY < AGO(1, 'days', 'date8')", ON, "no moment of receipt"),
        (RIGHT + " AND _envelope_date IS NULL", ON, "_envelope_date"),
        ("DOC IS NULL", ON, "that the predicate reads"),
        (RIGHT, "[{table: registers.licences, on: {'NR[4]': 'DOC[4]'}}]", "equals the row"),
        (RIGHT, "[{table: registers.licences, on: {'NR[4]': 'DOC[5]'}}]", "of one length"),
        (RIGHT, "[{table: registers.licences, on: {'BEDS[4]': 'BEDS[4]'}}]", "visits.BEDS[4]"),
        ("NOT EXISTS (SELECT 1 FROM registers.licences l WHERE LEFT(l.NR, 4) = LEFT(visits.DOC, 4))",
         "[{table: registers.licences, on: {'NR[4]': 'DOC[4]'}}]", "whole fields"),
        (RIGHT, "[{table: licences, on: {NR: DOC}}]", None),
        (RIGHT, "[{table: registers.licences}]", None),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_up_is_told_with_its_line(tmp_path, predicate, other, said):
    if said is None:
        with pytest.raises(ContractErrors) as caught:
            contract(tmp_path, predicate, other)
        (error,) = caught.value.errors
        assert "X-1 names another database wrongly" in error.said()
    else:
        (error,) = rule_errors(contract(tmp_path, predicate, other))
        assert said in error.said()
    assert error.line == 14 and error.file.endswith("wards.odcs.yaml")


def test_the_beginning_of_a_text_is_a_key(tmp_path):
    predicate = "EXISTS (SELECT 1 FROM registers.licences l WHERE LEFT(l.NR, 4) = LEFT(visits.DOC, 4) AND l.BEDS > 1)"
    given = contract(tmp_path, predicate, "[{table: registers.licences, on: {'NR[4]': 'DOC[4]'}}]")
    assert rule_errors(given) == []
    (rule,) = (rule for rule in compile_contract(given).tables[0].rules if rule.rule.id == "X-1")
    assert (rule.crossing[0].keys, rule.crossing[0].row_keys) == (("NR[4]",), ("DOC[4]",))


def test_a_table_that_other_does_not_name_cannot_be_read(tmp_path):
    predicate = RIGHT + " AND EXISTS (SELECT 1 FROM registers.deaths d WHERE d.NR = visits.DOC)"
    (error,) = rule_errors(contract(tmp_path, predicate))
    assert "registers.deaths" in error.said()


def test_a_sentence_reads_well_with_and_without_the_other_record(tmp_path):
    more = f", customProperties: [{{property: sentence, value: {SENTENCE}}}]"
    given = contract(tmp_path, more=more)
    (rule,) = (rule for rule in given.tables[0].rules if rule.id == "X-1")
    assert rule.sentence == {"vi": "Giấy phép hết hạn.", "en": "Licence ended.", "fr": "Fini."}
    assert rule.naming["en"] == "Licence {other} ended."


def test_databases_that_look_at_each_other_can_both_be_read(tmp_path):
    contract(tmp_path)
    back = (
        "    quality:\n      - {id: X-2, type: custom, engine: lienthong, implementation: {predicate: 'EXISTS (SELECT 1"
        " FROM wards.visits v WHERE v.DOC = licences.NR)', other: [{table: wards.visits, on: {DOC: NR}}]}}\n"
    )
    file = tmp_path / "registers.odcs.yaml"
    file.write_text(HEAD.replace(": t\n", ": registers\n") + OTHER + back)
    given = parse_contract(file.read_bytes(), str(file))
    assert rule_errors(given) == [] and set(given.borrowed) == {"wards.visits"}
