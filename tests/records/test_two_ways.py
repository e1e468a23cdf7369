"""A small submission is judged and written without the batch engine; the outcome is that of the large way."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import pytest

from lienthong.contracts.reading import read_contract
from lienthong.records import intake
from lienthong.records.intake import few
from lienthong.records.store import counts


def as_numbers(masks):
    return {
        table: (about["rows"], [[row, int(failed, 16)] for row, failed, _ in about["bits"]])
        for table, about in masks.items()
    }


def everything(desk, contract):
    """What the store holds after a submission, without what names the run."""
    tables = {}
    for table in contract.tables:
        for name in (table.name, f"{table.name}_history"):
            rows = desk.rows(f'SELECT to_jsonb(t) FROM "{contract.name}"."{name}" t')
            tables[name] = sorted(
                json.dumps(
                    {k: v for k, v in row.items() if k not in ("_ruleset", "_unknown")},
                    sort_keys=True,
                )
                for (row,) in rows
            )
    entries = [
        (unit, root, key, sender, province, rows, as_numbers(masks), sorted(causes),
         sorted(fault["kind"] for fault in faults), state)
        for unit, root, key, sender, province, rows, masks, causes, faults, state in desk.rows(
            "SELECT unit, root, key, sender, province, rows, masks, causes, faults, state"
            " FROM records.quarantine ORDER BY id, unit"
        )
    ]  # fmt: skip
    findings = desk.rows(
        "SELECT table_name, rule, field, criterion, severity, checked, failed, unknown, message, remedy"
        " FROM records.finding_count ORDER BY receipt, table_name, rule, field"
    )
    examples = desk.rows(
        "SELECT table_name, row, unit, field, rule, value, message FROM records.finding"
        " ORDER BY receipt, table_name, row, rule, field, unit"
    )
    receipts = desk.rows(
        "SELECT number, state, received, kept, unchanged, quarantined, row_count, warnings FROM records.submission"
        " ORDER BY number"
    )
    return {
        "tables": tables, "entries": entries, "findings": findings, "examples": examples, "receipts": receipts,
        "counts": counts.counted(desk.conn, contract),
    }  # fmt: skip


def same(first, second):
    for part, value in first.items():
        assert value == second[part], part


@pytest.fixture
def both(cluster, template, tmp_path, trial, monkeypatch):
    """Runs a story once with the small way and once without it, each in a database of its own."""
    from tests.conftest import _create, _drop

    def run(story, contract):
        outcomes = []
        for way in ("small", "large"):
            name = f"test_{uuid.uuid4().hex[:12]}"
            home = tmp_path / way
            home.mkdir()
            desk = trial.Desk(_create(cluster, name, template), home, contract)
            monkeypatch.setattr(few, "BYTES", few.BYTES if way == "small" else -1)
            story(desk)
            desk.counts_hold()
            outcomes.append(everything(desk, contract))
            desk.conn.close()
            _drop(cluster, name)
            monkeypatch.undo()
        same(*outcomes)
        return outcomes[0]

    return run


def test_a_story_of_one_table(both, trial, contract):
    files = [
        trial.csv(
            ("a", 1, 20, 5.5), ("b", 3, 20, 1), ("c", 2, "x", 1), (None, 1, 2, 3), ("d", 1, 120, 2)
        ),
        trial.csv(("a", 1, 21, 5.5), ("b", 2, 20, 1), ("c", 2, "y", 1), ("k" * 500, 1, 1, 1)),
        trial.csv(
            ("a", 1, 21, 5.5), ("e", 1, 1, 1), ("e", 1, 2, 1), ("d", 2, 120, 2), ("f", 1, 20)
        ),
        'ID,SEX,AGE,TOTAL\ng,1,20\nh,1,"2\n',
    ]

    def story(desk):
        for place, text in enumerate(files):
            desk.send(text, received=trial.moment(f"2026-11-1{place}T10:00:00"))
            desk.send(
                text, sender="79001", test=True, received=trial.moment(f"2026-11-1{place}T11:00:00")
            )

    outcome = both(story, contract)
    assert len(outcome["receipts"]) == 8
    assert outcome["entries"] and outcome["tables"]["VISIT_history"]


def test_a_story_of_envelopes(both, tmp_path):
    from tests.records.test_envelope import envelope, hoso

    from lienthong.synthetic.country import Country
    from lienthong.synthetic.files import write_country

    folder = tmp_path / "country"
    folder.mkdir()
    country = Country(seed=5, visits=40, until=datetime(2026, 11, 20, 17), per_file=20)
    files = [
        (folder / one.name).read_bytes()
        for one in write_country(country, folder)
        if one.contract == "care"
    ]
    broken = envelope(
        hoso("V1", "XML1", "XML2"), hoso("V2", "XML1", "XML2", broken=("XML1",)), hoso("V3", "XML2"), hoso("V4"),
        hoso("V5", "XML1", "XML2", broken=("XML1", "XML2")),
    )  # fmt: skip
    received = datetime.fromisoformat("2026-11-21T08:00:00+07:00")

    def story(desk):
        for data in (*files, broken):
            given = intake.receive(
                desk.conn, data, contract="care", sender="01999", actor="his", name="hoso.xml", channel="test",
                home=desk.home, received=received,
            )  # fmt: skip
            intake.process(desk.conn, given.receipt, home=desk.home)

    outcome = both(story, read_contract("care"))
    assert sum(row[3] for row in outcome["receipts"]) > 10
    assert len(outcome["entries"]) >= 5
