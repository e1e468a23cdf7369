"""A year of invented dossiers: decided by its seed, of people of the country, kept as any dossier is."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from lienthong import clock
from lienthong.access import operator
from lienthong.dossiers import acting, bulk
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.procedures.agencies import agencies as known_agencies
from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import known
from lienthong.synthetic import agencies, dossiers, portal
from lienthong.synthetic.applicants import _adults
from lienthong.synthetic.places import places

UNTIL = datetime(2026, 11, 20, 15, 0, tzinfo=clock.VIETNAM)
COUNT = 400


def a_year(count: int = COUNT, seed: int = 7) -> dossiers.Year:
    return dossiers.Year(
        seed=seed, until=UNTIL, citizens=2000, count=count,
        procedures=tuple(one for one in known() if one.code),
    )  # fmt: skip


@pytest.fixture(scope="module")
def lived():
    return list(a_year().dossiers())


def test_the_same_seed_files_the_same_dossiers(lived):
    again = list(a_year().dossiers())
    assert again == lived
    assert list(a_year(seed=8).dossiers()) != lived


def test_nothing_lies_in_the_future_and_everything_is_in_order(lived):
    for filing, events in lived:
        moments = [filing.filed_at, *(one.at for one in events)]
        assert moments == sorted(moments)
        assert moments[-1] <= UNTIL
        assert filing.filed_at >= UNTIL - timedelta(days=370)


def test_every_province_and_every_way_occurs(lived):
    assert {filing.province for filing, _ in lived} == set(places().provinces)
    assert {filing.channel for filing, _ in lived} == {"online", "direct", "post"}
    acts = Counter(one.act for _, events in lived for one in events)
    assert acts["ask_supplement"] and acts["refuse_reception"] and acts["settle"] and acts["extend"]


def test_applicants_live_in_the_country(lived):
    there = {one.cccd for people in _adults(7, 2000, UNTIL.date()).values() for one in people}
    numbers = {
        filing.applicant["number"] for filing, _ in lived if filing.applicant["kind"] == "person"
    }
    assert numbers and numbers <= there


def test_dossiers_are_kept_as_if_each_act_had_been_done_by_somebody(db, lived):
    with db.connect() as conn:
        publish_new(conn, operator(), known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, operator(), described())
        kept = bulk.keep_many(conn, operator(), lived)
        assert len({one.code for one in kept}) == COUNT
        for one in kept[::37]:
            assert acting.standing(conn, one.code) == one.standing
        late = conn.execute(
            "SELECT count(*) FROM dossiers.dossier WHERE coalesce(ended_at, %s) > due_at", [UNTIL]
        ).fetchone()
        assert late and 0 < late[0] < COUNT / 5
        conn.rollback()


def test_sample_agencies_are_a_list_of_the_data_folder(tmp_path):
    agencies.write(tmp_path, 7)
    found = known_agencies(tmp_path)
    for unit in agencies.units(7):
        assert found.find(unit.code).province == unit.province
        assert "mã mẫu" in found.find(unit.code).vi
    own = (tmp_path / agencies.FILE).read_text("utf-8")
    agencies.write(tmp_path, 8)
    assert (tmp_path / agencies.FILE).read_text("utf-8") == own


def test_the_portal_heard_of_every_dossier_once_but_for_what_was_spoilt(fresh_db, tmp_path):
    with fresh_db.connect() as conn:
        publish_new(conn, operator(), known(), "known.csv", date(2025, 7, 3))
        bulk.keep_many(conn, operator(), a_year(250).dossiers())
        conn.commit()
    agencies.write(tmp_path, 7)
    with fresh_db.connect(autocommit=True) as conn:
        sent = portal.synchronise(conn, tmp_path / "portal.jsonl", tmp_path, seed=7, until=UNTIL)
        assert sent == 250
        facts = portal.declared("dossiers")["portal"]
        kinds = dict(
            conn.execute(
                "SELECT kind, count(DISTINCT dossier) FROM portal.difference GROUP BY kind"
            ).fetchall()
        )
        assert set(kinds) >= {"state", "due", "steps_extra"}
        assert all(kinds[kind] <= sum(facts["differences"].values()) for kind in kinds)
        waiting = conn.execute(
            "SELECT count(*) FROM portal.inbound WHERE state = 'waiting'"
        ).fetchone()
        assert waiting == (len(facts["pushes"]),)
        doubtful = conn.execute(
            "SELECT count(*) FROM portal.step WHERE state <> 'accepted'"
        ).fetchone()
        assert doubtful == (0,)
    held = Memory(file=tmp_path / "portal.jsonl")
    assert len(held.dossiers) == 250 + len(facts["pushes"])
    steps = sum(map(len, held.steps.values()))
    held.close()
    with fresh_db.connect() as conn:
        ours = conn.execute("SELECT count(*) FROM portal.step").fetchone()
        assert ours and steps == ours[0] + facts["differences"]["step_twice"]


def test_most_results_are_signed_files_marked_as_demonstration(db, lived, tmp_path):
    from lienthong.dossiers import attachments
    from lienthong.dossiers.signed import signature
    from lienthong.synthetic.result_files import PDF, issue_files
    from lienthong.synthetic.signing import Signer

    with db.connect() as conn:
        publish_new(conn, operator(), known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, operator(), described())
        bulk.keep_many(conn, operator(), lived)
        signer = Signer(tmp_path / "demo", tmp_path / "certificates")
        given = issue_files(conn, tmp_path, signer, seed=7, moment=UNTIL)
        results, files, kinds = conn.execute(
            "SELECT count(*), count(attachment), count(DISTINCT a.sha256) FROM dossiers.result r"
            " LEFT JOIN dossiers.attachment a ON a.id = r.attachment WHERE r.corrected_at IS NULL"
        ).fetchone()
        assert files == given
        assert 0.5 < given / results < 0.9
        assert kinds == 3
        codes = conn.execute(
            "SELECT dossier FROM dossiers.result WHERE attachment IS NOT NULL"
        ).fetchall()
        assert len(codes) == len(set(codes)), "one dossier, one file"
        one = attachments.attachments(conn, codes[0][0])[0]
        data = attachments.content(tmp_path, one)
        assert (one.kind, one.signature) == ("result", "valid")
        assert "cơ quan mẫu" in one.signed_by
        assert signature(data, PDF, tmp_path / "elsewhere").state == "untrusted"
        import io

        import pypdf

        said = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
        assert "KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in said
        issued = conn.execute("SELECT count(*) FROM reports.issued WHERE e_result").fetchone()[0]
        assert issued == given
        conn.rollback()
