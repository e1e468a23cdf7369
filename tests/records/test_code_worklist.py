"""Codes that no list knows wait until somebody decides; records stay as they were sent."""

from __future__ import annotations

import pytest

from lienthong import audit
from lienthong.contracts.codes import Codes
from lienthong.contracts.replacements import explained
from lienthong.errors import NotFound, Refused
from lienthong.records import code_worklist, registers

RULE = """\
      - id: WARD
        type: custom
        engine: lienthong
        implementation: {predicate: "NOT IS_CODE('communes', WARD, '20260101')", needs: [communes]}
        dimension: conformity
        severity: warning
        customProperties: [{property: fields, value: [WARD]}]
"""


@pytest.fixture
def sent(desk, trial):
    """Visits with a ward that is right, one that is retired, one nobody knows, and a name
    or the number of a person in its place."""
    text = trial.CONTRACT.replace(
        "      - {name: TOTAL, logicalType: number}\n",
        "      - {name: TOTAL, logicalType: number}\n"
        "      - {name: WARD, logicalType: string, classification: internal}\n",
    ).replace(
        "         dimension: accuracy, severity: warning}\n",
        "         dimension: accuracy, severity: warning}\n" + RULE,
        1,
    )
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(text)
    rows = [
        ("a", "00097"),
        ("b", "00001"),
        ("c", "77777"),
        ("d", "77777"),
        ("e", "Phường Hồng Hà"),
        ("g", "001190000001"),
    ]
    file = trial.csv(
        *((key, 1, 20, 1, ward) for key, ward in rows), columns="ID,SEX,AGE,TOTAL,WARD"
    )
    assert desk.send(file).kept == 6
    assert (
        desk.send(
            trial.csv(("f", 1, 20, 1, "77777"), columns="ID,SEX,AGE,TOTAL,WARD"), sender="79001"
        ).kept
        == 1
    )
    return desk


def test_an_unknown_code_waits_with_its_places_and_senders(sent):
    (one,) = code_worklist.waiting(sent.conn)
    assert (one.list, one.code, one.seen, one.senders) == ("communes", "77777", 3, 2)
    assert one.fields == ("trial: VISIT.WARD",) and set(one.examples) == {"01999", "79001"}
    assert [w.seen for w in code_worklist.waiting(sent.conn, sender="79001")] == [1]


def test_a_retired_code_is_explained_and_not_on_the_list(sent):
    message = sent.one(
        "SELECT message ->> 'en' FROM records.finding WHERE rule = 'WARD' AND key = 'b'"
    )
    assert "it became 00097 Hong Ha ward" in message


def test_a_decision_needs_a_reason_and_a_code_of_the_list(sent):
    codes = Codes()
    for target, reason, code in (
        ("00097", " ", "code.reason"),
        ("88888", "x", "code.target"),
    ):
        with pytest.raises(Refused) as refused:
            code_worklist.decide(
                sent.conn,
                codes,
                "communes",
                "77777",
                state="mapped",
                target=target,
                reason=reason,
                actor="mai",
            )
        assert refused.value.code == code
    with pytest.raises(NotFound):
        code_worklist.decide(
            sent.conn, codes, "communes", "00000", state="invalid", reason="x", actor="mai"
        )


def test_a_decision_is_kept_with_its_reason_and_rewrites_no_record(sent):
    before = sent.rows('SELECT * FROM trial."VISIT" ORDER BY "ID"')
    codes = Codes()
    code_worklist.decide(
        sent.conn,
        codes,
        "communes",
        "77777",
        state="mapped",
        target="00097",
        reason="old list",
        actor="mai",
    )
    assert code_worklist.waiting(sent.conn) == []
    (one,) = code_worklist.waiting(sent.conn, state="mapped")
    assert (one.target, one.reason, one.actor) == ("00097", "old list", "mai")
    assert code_worklist.mapped(sent.conn, "communes") == {"77777": "00097"}
    registers.refresh(sent.conn, codes)
    assert explained(codes, "communes", "77777")["en"] == (
        "77777 is in no list; it is read as 00097 (Hong Ha ward)."
    )
    assert codes.valid("communes", "77777") is False
    code_worklist.decide(
        sent.conn, codes, "communes", "77777", state="invalid", reason="typed wrongly", actor="mai"
    )
    assert code_worklist.mapped(sent.conn, "communes") == {}
    assert [d.state for d in code_worklist.decisions(sent.conn, "communes", "77777")] == [
        "invalid",
        "mapped",
    ]
    assert sent.rows('SELECT * FROM trial."VISIT" ORDER BY "ID"') == before
    acts = [one.act for one in audit.entries(sent.conn) if one.act == "code.decided"]
    assert len(acts) == 2
    assert code_worklist.numbers(sent.conn) == {"open": 0, "mapped": 0, "invalid": 1}
