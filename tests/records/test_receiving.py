"""A file becomes a receipt: kept, unchanged or in quarantine, never lost, never twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lienthong.errors import NotFound, Refused
from lienthong.records import intake, store


def numbers(given):
    return given.received, given.kept, given.unchanged, given.quarantined


def test_good_rows_are_kept_and_wrong_ones_wait(desk, trial):
    given = desk.send(
        trial.csv(("a", 1, 20, 5.5), ("b", 3, 20, 1), ("c", 2, "x", 1), ("d", 1, 120, 2))
    )
    assert given.state == "done"
    assert numbers(given) == (4, 2, 0, 2)
    assert desk.visits() == {"a": ("1", 20, 5.5), "d": ("1", 120, 2.0)}
    assert desk.one("SELECT count(*) FROM records.quarantine WHERE state = 'open'") == 2
    assert given.warnings == 1
    desk.counts_hold()


@pytest.mark.parametrize(
    ("sender", "province"),
    [
        ("01999", "01"),
        ("02001", "08"),
        ("06010", "19"),
        ("79001", "79"),
        ("03001", ""),
        ("ABC", ""),
        ("", ""),
    ],
)
def test_the_province_of_a_facility_is_that_of_today(sender, province):
    from lienthong.records.intake.provinces import home_province

    assert home_province(sender) == province


def test_receipts_are_numbered_by_day_and_arrival(desk, trial):
    first = desk.receive(trial.csv(("a", 1, 1, 1)), received=trial.moment("2026-11-22T00:30:00"))
    second = desk.receive(trial.csv(("b", 1, 1, 1)), received=trial.moment("2026-11-22T23:59:00"))
    assert (first.receipt, second.receipt) == ("TN-20261122-000001", "TN-20261122-000002")
    assert first.state == "received"


def test_the_same_bytes_get_the_receipt_of_the_first_time(desk, trial):
    text = trial.csv(("a", 1, 20, 5.5), ("b", 3, 20, 1))
    first = desk.send(text)
    again = desk.receive(text)
    assert again.receipt == first.receipt
    assert again.again and not first.again
    assert again.state == "done"
    assert desk.receive(text, sender="79001").receipt != first.receipt


def test_a_resend_of_the_same_content_in_other_bytes_is_unchanged(desk, trial):
    desk.send(trial.csv(("a", 1, 20, 5.5), ("b", 2, 30, 1)))
    given = desk.send(trial.csv(("b", 2, 30, 1), ("a", 1, 20, 5.5)))
    assert numbers(given) == (2, 0, 2, 0)
    assert desk.one('SELECT count(*) FROM trial."VISIT_history"') == 0
    desk.counts_hold()


def test_a_column_left_out_is_an_empty_column(desk, trial):
    desk.send(trial.csv(("a", 1, 20, None)))
    given = desk.send(trial.csv(("a", 1, 20), columns="ID,SEX,AGE"))
    assert numbers(given) == (1, 0, 1, 0)


def test_a_changed_record_is_a_new_version_and_the_old_one_stays_readable(desk, trial, contract):
    first = desk.send(trial.csv(("a", 1, 20, 5.5)), received=trial.moment("2026-11-20T10:00:00"))
    second = desk.send(trial.csv(("a", 1, 21, 5.5)), received=trial.moment("2026-11-21T10:00:00"))
    assert numbers(second) == (1, 1, 0, 0)
    now = store.record(desk.conn, contract, "a")
    assert (now.version, now.receipt, now.rows["VISIT"][0]["AGE"]) == (2, second.receipt, 21)
    then = store.record(desk.conn, contract, "a", as_of=trial.moment("2026-11-21T09:59:59"))
    assert (then.version, then.receipt, then.rows["VISIT"][0]["AGE"]) == (1, first.receipt, 20)
    assert then.until == second.received_at
    with pytest.raises(NotFound):
        store.record(desk.conn, contract, "a", as_of=trial.moment("2026-11-20T09:59:59"))
    assert [v.version for v in store.versions(desk.conn, contract, "a")] == [2, 1]
    desk.counts_hold()


def test_an_unlucky_clock_cannot_turn_versions_round(desk, trial, contract):
    desk.send(trial.csv(("a", 1, 20, 1)), received=trial.moment("2026-11-21T10:00:00"))
    desk.send(trial.csv(("a", 1, 30, 1)), received=trial.moment("2026-11-21T09:00:00"))
    versions = store.versions(desk.conn, contract, "a")
    assert [v.version for v in versions] == [2, 1]
    assert versions[0].since - versions[1].since == timedelta(microseconds=1)
    desk.counts_hold()


def test_the_same_key_of_two_senders_is_two_records(desk, trial, contract):
    desk.send(trial.csv(("a", 1, 20, 1)))
    given = desk.send(trial.csv(("a", 2, 40, 1)), sender="79001")
    assert numbers(given) == (1, 1, 0, 0)
    assert store.record(desk.conn, contract, "a", sender="01999").rows["VISIT"][0]["AGE"] == 20
    assert store.record(desk.conn, contract, "a", sender="79001").rows["VISIT"][0]["AGE"] == 40


def test_the_same_record_twice_in_one_file(desk, trial):
    given = desk.send(trial.csv(("a", 1, 20, 1), ("a", 1, 20, 1), ("b", 1, 20, 1), ("c", 1, 20, 1)))
    assert given.received == 4
    assert set(desk.visits()) == {"b", "c"}  # the key is declared unique: both rows of a are wrong
    desk.law_holds()
    desk.counts_hold()


def test_a_row_without_its_key_waits(desk, trial):
    given = desk.send(trial.csv((None, 1, 20, 1), ("k" * 500, 1, 20, 1)))
    assert numbers(given) == (2, 0, 0, 2)
    causes = desk.rows("SELECT causes FROM records.quarantine ORDER BY unit")
    assert "STORE-01|" in causes[0][0]
    assert causes[1][0] == ["STORE-02|"]
    desk.counts_hold()


def test_a_test_is_checked_and_leaves_nothing(desk, trial):
    text = trial.csv(("a", 1, 20, 5.5), ("b", 3, 20, 1))
    given = desk.send(text, test=True)
    assert given.test and given.state == "done"
    assert numbers(given) == (2, 1, 0, 1)
    assert intake.finding_counts(desk.conn, given.receipt)[0].rule == "VISIT.SEX.enum"
    assert desk.visits() == {}
    for table in ("records.quarantine", "records.blob", "records.count"):
        assert desk.one(f"SELECT count(*) FROM {table}") == 0
    kept = desk.send(text)
    assert kept.receipt != given.receipt
    assert numbers(kept) == (2, 1, 0, 1)


def test_what_is_no_submission_is_refused_and_its_bytes_stay(desk):
    given = desk.send(b"\x1f\x8b\x08 packed", name="VISIT.csv.gz")
    assert given.state == "refused"
    assert numbers(given) == (0, 0, 0, 0)
    assert given.message
    assert desk.one("SELECT bytes FROM records.blob WHERE sha256 = %s", given.sha256)
    assert desk.process(given.receipt).state == "refused"


def test_a_folder_is_one_submission_of_whole_visits(desk, trial, tmp_path, home, contract):
    folder = tmp_path / "november"
    folder.mkdir()
    (folder / "VISIT.csv").write_text(trial.csv(("a", 1, 20, 5), ("b", 1, 30, 6), ("c", 9, 1, 1)))
    lines = trial.csv(
        ("a", 1, 2), ("a", 2, 3), ("c", 1, 1), ("z", 1, 9), ("z", 2, 9), columns="ID,NR,SUM"
    )
    (folder / "LINE.csv").write_text(lines)
    from lienthong.records.intake.folders import as_submission

    with as_submission(folder, home) as (packed, name):
        given = desk.send(packed.read_bytes(), name=name)
    assert numbers(given) == (4, 2, 0, 2)  # a, b; c has a wrong sex; the lines of z have no visit
    assert [row["SUM"] for row in store.record(desk.conn, contract, "a").rows["LINE"]] == [2.0, 3.0]
    waiting = dict(desk.rows("SELECT coalesce(key, '-'), causes FROM records.quarantine"))
    assert waiting == {"c": ["VISIT.SEX.enum|SEX"], "-": ["STORE-04|"]}
    desk.counts_hold()
    (folder / "LINE.csv").write_text(lines.replace("a,2,3", "a,2,4"))
    with as_submission(folder, home) as (packed, name):
        second = desk.send(packed.read_bytes(), name=name)
    assert numbers(second) == (4, 1, 1, 2)
    assert [row["SUM"] for row in store.record(desk.conn, contract, "a").rows["LINE"]] == [2.0, 4.0]
    assert desk.one('SELECT count(*) FROM trial."LINE"') == 2
    assert desk.one('SELECT count(*) FROM trial."LINE_history"') == 2
    desk.counts_hold()


def test_findings_of_a_receipt_can_be_carried_home(desk, trial, tmp_path, home):
    rows = [(f"k{at}", 3, 20, 1) for at in range(250)] + [("x", 1, 200, 1)]
    given = desk.send(trial.csv(*rows))
    examples = intake.findings(desk.conn, given.receipt, rule="VISIT.SEX.enum")
    assert len(examples) == 100
    assert examples[0].key == "k0" and examples[0].value == "3"
    counted = {
        count.rule: count.failed for count in intake.finding_counts(desk.conn, given.receipt)
    }
    assert counted == {"VISIT.SEX.enum": 250, "VISIT.AGE.maximum": 1, "OLD": 1}
    for suffix in (".csv", ".xlsx", ".parquet", ".jsonl"):
        file = tmp_path / f"findings{suffix}"
        assert intake.export_findings(desk.conn, given.receipt, file, home, language="vi") == 252
        assert file.stat().st_size > 0
    assert "SEX phải là một trong" in (tmp_path / "findings.csv").read_text(encoding="utf-8")


def test_large_bytes_are_files_and_small_ones_are_in_the_database(desk, trial, home):
    text = trial.csv(*((f"k{at}", 1, at % 90, at) for at in range(20_000)))
    given = desk.send(text)
    assert numbers(given) == (20_000, 20_000, 0, 0)
    kept = home / "blobs" / given.sha256[:2] / given.sha256[2:]
    assert kept.read_text() == text
    assert not list((home / "blobs" / "incoming").iterdir())
    assert desk.one("SELECT count(*) FROM records.blob") == 0
    assert not list((home / "work").iterdir())


def _packed(name: str, content: bytes, headers: dict[str, str] | None = None) -> bytes:
    import io
    import tarfile

    made, about = io.BytesIO(), tarfile.TarInfo(name)
    about.size, about.pax_headers = len(content), headers or {}
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(about, io.BytesIO(content))
    return made.getvalue()


HOLES = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "visits.csv",
    "GNU.sparse.realsize": "1000000000000",
}


@pytest.mark.parametrize(
    "packed",
    [
        _packed("visits.csv", b"0\n".ljust(512, b"\0") + b"MA", HOLES),
        _packed("ệ" * 120 + ".csv", b"MA"),
        _packed("a\nb.csv", b"MA"),
    ],
)
def test_a_packed_folder_cannot_fill_or_jam_the_disk(tmp_path, packed):
    from lienthong.records.intake.folders import unpack

    (tmp_path / "packed.tar").write_bytes(packed)
    with pytest.raises(Refused):
        unpack(tmp_path / "packed.tar", tmp_path / "files")
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["Báo cáo " + "viện phí " * 40 + ".xml", "../" * 9, "\0", "ệ" * 255]
)
def test_any_name_of_a_file_can_stand_on_the_disk(tmp_path, name):
    from lienthong.records.intake.blobs import safe_name

    (tmp_path / safe_name(name)).write_bytes(b"x")
    assert [file.name for file in tmp_path.iterdir()] == [safe_name(name)]
    assert Path(name).suffix in ("", Path(safe_name(name)).suffix)
