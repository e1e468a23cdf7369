"""A citizen's program asks the catalogue: find, read, date, compare, and ask again only what changed."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import known


@pytest.fixture(scope="module")
def filled(db):
    with db.connect() as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, "import", described())
        conn.commit()


@pytest.fixture
def ask(site, token, filled):
    site.cookies.clear()

    def get(path: str, **more):
        headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
        return site.get(f"/api/v1/procedures{path}", headers=headers, params=more)

    return get


def test_the_list_is_filtered_and_comes_in_pages(ask):
    first = ask("", limit=100).json()
    assert (first["fitting"], len(first["procedures"]), first["next"]) == (210, 100, 100)
    codes = [
        one["code"]
        for start in (0, 100, 200)
        for one in ask("", limit=100, start=start).json()["procedures"]
    ]
    assert len(set(codes)) == 210
    found = ask("", q="cap lai giay phep hoat dong", level="ministry").json()
    assert "1.012279" in [one["code"] for one in found["procedures"]]
    assert ask("", online="full").json()["fitting"] == 16
    assert ask("", on="2025-01-01").json()["fitting"] == 0


def test_one_procedure_is_read_as_of_a_day(ask):
    now = ask("/1.012279").json()
    assert (now["version"], now["missing"]) == (2, ["manner"])
    assert len(now["procedure"]["competent"]) == 4
    then = ask("/1.012279", on="2025-07-03").json()
    assert (then["version"], then["valid_to"]) == (1, "2025-07-04")
    assert "competent" not in then["procedure"]
    assert ask("/1.012279", on="2025-07-02").status_code == 404
    assert ask("/1.012279", version=9).status_code == 404
    assert ask("/1.012279", on="hôm nay").status_code == 400


def test_what_is_known_already_is_not_sent_again(ask):
    first = ask("/1.012279")
    tag = first.headers["etag"]
    again = ask("/1.012279", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert ask("/1.012279", on="2025-07-03", headers={"if-none-match": tag}).status_code == 200
    tagged = ask("", q="1.012279").headers["etag"]
    assert ask("", q="1.012279", headers={"if-none-match": f'W/"x", {tagged}'}).status_code == 304


def test_versions_and_their_comparison(ask):
    assert [one["version"] for one in ask("/1.012279/versions").json()] == [2, 1]
    found = ask("/1.012279/comparison").json()
    assert (found["before"], found["after"]) == (1, 2)
    parts = [one["part"] for one in found["differences"]]
    assert "competent" in parts
    assert "levels" not in parts
    assert ask("/1.012279/comparison", before=2, after=2).json()["differences"] == []
    assert ask("/1.999999/versions").status_code == 404


def test_a_program_asks_when_a_dossier_would_be_due(ask):
    found = ask(
        "/1.003844/due", received="2026-11-03T09:30", channel="online", clock="urgent"
    ).json()
    assert found["due"] == "2026-11-05T09:30:00+07:00"
    staged = ask("/1.013878/due", received="2026-11-02T10:00+07:00").json()
    assert [stage for stage, _ in staged["stages"]] == [
        "Thẩm định hồ sơ",
        "Thẩm định tại chỗ",
        "Cấp giấy chứng nhận",
    ]
    assert staged["due"] == "2026-12-03T17:00:00+07:00"
    assert ask("/1.003844/due", received="mai").status_code == 422
    assert ask("/1.000662/due", received="2026-11-02T10:00").json()["due"] is None, (
        "no source gives a limit"
    )


def test_drafts_are_not_for_programs(ask, db):
    from lienthong.procedures import catalogue

    with db.connect() as conn:
        catalogue.start(conn, "editor", "1.000056", 2, "editor")
        conn.commit()
    assert ask("/1.000056", version=3).status_code == 404
    assert [one["version"] for one in ask("/1.000056/versions").json()] == [2, 1]
