"""`lienthong load` and `lienthong submissions` as an officer uses them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lienthong.__main__ import app


@pytest.fixture
def run(desk, monkeypatch):
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", desk.db.url)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return command


def test_a_good_file_leaves_with_zero(run, tmp_path, trial):
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 1, 20, 1), ("b", 2, 30, 1)))
    first = run("load", file, "-c", "trial", "-s", "01999")
    assert first.exit_code == 0, first.output
    assert "2 đơn vị nhận = 2 lưu + 0 không đổi + 0 cách ly" in first.output
    again = run("load", file, "-c", "trial", "-s", "01999")
    assert again.exit_code == 0
    assert "Đúng tệp này đã được nhận trước đây" in again.output


def test_a_file_with_errors_leaves_with_one_and_says_which(run, tmp_path, trial):
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 3, 20, 1), ("b", 2, 30, 1)))
    out = tmp_path / "findings.csv"
    given = run("load", file, "-c", "trial", "-s", "01999", "--out", out)
    assert given.exit_code == 1
    assert "VISIT.SEX.enum" in given.output and "SEX phải là một trong: 1, 2." in given.output
    assert out.read_text().count("VISIT.SEX.enum") == 1


def test_machines_get_json(run, tmp_path, trial):
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 3, 20, 1)))
    given = json.loads(run("load", file, "-c", "trial", "-s", "01999", "--json", "--test").stdout)
    assert (given["received"], given["quarantined"], given["test"]) == (1, 1, True)
    assert given["findings"][0]["rule"] == "VISIT.SEX.enum"
    kept = json.loads(run("load", file, "-c", "trial", "-s", "01999", "--json").stdout)
    assert kept["receipt"] != given["receipt"]
    listed = json.loads(run("submissions", "--json").stdout)
    assert [one["receipt"] for one in listed] == [kept["receipt"], given["receipt"]]


def test_receipts_are_listed_and_shown(run, tmp_path, trial):
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 3, 20, 1)))
    run("load", file, "-c", "trial", "-s", "01999")
    listed = run("submissions", "--sender", "01999")
    assert "trial" in listed.output and "đã xử lý" in listed.output
    receipt = next(word for word in listed.output.split() if word.startswith("TN-"))
    assert "VISIT.SEX.enum" in run("submissions", receipt).output


def test_what_cannot_be_done_leaves_with_two(run, tmp_path, trial):
    assert run("load", tmp_path / "missing.csv", "-c", "trial", "-s", "01999").exit_code == 2
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 1, 20, 1)))
    unknown = run("load", file, "-c", "no-such-contract", "-s", "01999")
    assert unknown.exit_code != 0 and unknown.exit_code != 1 or unknown.exception is not None


def test_a_contract_file_is_adopted(run, tmp_path, trial):
    own = tmp_path / "own.odcs.yaml"
    own.write_text(trial.CONTRACT.replace("trial", "clinic"))
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 1, 20, 1)))
    assert run("load", file, "-c", own, "-s", "01999").exit_code == 0
    assert json.loads(run("submissions", "--contract", "clinic", "--json").stdout)[0]["kept"] == 1


@pytest.mark.parametrize(
    ("language", "sentence", "lacking"),
    [
        ("en", "SEX must be one of: 1, 2.", "There is no file or folder"),
        ("fr", "SEX doit être l'une des valeurs : 1, 2.", "Il n'y a ni fichier ni dossier"),
        ("vi", "SEX phải là một trong: 1, 2.", "Không có tệp"),
    ],
)
def test_a_language_can_be_asked_for(run, tmp_path, trial, language, sentence, lacking):
    file = tmp_path / "VISIT.csv"
    file.write_text(trial.csv(("a", 3, 20, 1)))
    out = tmp_path / "findings.csv"
    told = run("load", file, "-c", "trial", "-s", "01999", "--lang", language, "--out", out)
    assert told.exit_code == 1
    assert sentence in told.output and sentence in out.read_text()
    nothing = run("load", tmp_path / "no.csv", "-c", "trial", "-s", "01999", "--lang", language)
    assert nothing.exit_code == 2 and lacking in nothing.output
    unknown = run("load", file, "-c", "never", "-s", "01999", "--lang", language)
    assert unknown.exit_code == 2 and unknown.output.strip()
