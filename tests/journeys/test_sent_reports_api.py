"""Reports that were sent, by API: the same right, audit, numbers and lists as on the pages."""

from __future__ import annotations

import hashlib
import io
import json
from fractions import Fraction

import pytest
from psycopg.types.json import Jsonb
from python_calamine import CalamineWorkbook

from lienthong import audit
from lienthong.access import operator, tokens
from lienthong.reports import freezing, standing
from tests.reports import world

QUARTER = "2026-Q4"


@pytest.fixture(scope="module")
def people(db):
    """Dossiers of a quarter; nobody signs in."""
    with db.connect() as conn:
        world.publish(conn)
        world.fill(conn, 160, seed=11, begins="2026-08-25", days=80)
        standing.follow(conn)
        conn.commit()
    return {}


@pytest.fixture(scope="module")
def keys(db, people):
    given = (
        ("office", "office", "BYT", None), ("province", "province_officer", "SYT", "66"),
        ("other", "province_officer", "SYT", "08"), ("head", "decider", "H15.50", "66"),
        ("ministry", "ministry_officer", "BYT", None), ("sender", "sender", "01999", "01"),
    )  # fmt: skip
    with db.connect() as conn:
        made = {
            name: tokens.create(
                conn, operator(), facility=facility, province=province, name=name, roles=(role,)
            )
            for name, role, facility, province in given
        }
        conn.commit()
    return made


@pytest.fixture
def call(site, keys):
    """Ask as a program of somebody: (who, address under /reports, body to post, parameters)."""

    def run(who, address, body=None, language="en", **params):
        site.cookies.clear()
        given = {"authorization": f"Bearer {keys[who]}", "accept-language": language}
        return site.request(
            "POST" if body is not None else "GET", f"/api/v1/reports/{address}",
            json=body, params=params, headers=given,
        )  # fmt: skip

    return run


@pytest.fixture
def send(call):
    """Send a report; its number."""

    def run(what, **whose):
        made = call("office", "sent", {"what": what, "period": QUARTER, **whose})
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"/api/v1/reports/sent/{made.json()['number']}"
        return made.json()["number"]

    return run


def problem(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.json()["detail"]


def listed(call, who, number, **asked):
    """All dossiers behind a number, page by page."""
    found, after = [], ""
    while after is not None:
        answer = call(who, f"sent/{number}/dossiers", **asked, limit=7, after=after)
        assert answer.status_code == 200, answer.text
        found += answer.json()["dossiers"]
        after = answer.json()["after"]
    return found


def test_a_report_is_sent_and_audited_as_from_the_page(call, send, db):
    number = send("II.06a", province="66")
    head = call("office", "sent").json()[0]
    assert (head["number"], head["what"], head["period"], head["province"], head["unit"]) == (
        number, "II.06a", QUARTER, "66", "",
    )  # fmt: skip
    with db.connect() as conn:
        entry = audit.entries(conn, act="report.sent")[0]
    assert entry.about == {
        "report": "II.06a", "scope": "province:66", "period": QUARTER, "sha256": head["sha256"],
    }  # fmt: skip
    one = call("ministry", f"sent/{number}").json()
    written = json.dumps(one["sheet"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(written.encode()).hexdigest() == head["sha256"], (
        "a reader can verify what went out"
    )
    now = call("office", "forms/II.06a", period=QUARTER, province="66").json()
    assert one["lines"][-1]["numbers"] == {
        name: now["total"][name] for name in one["lines"][-1]["numbers"]
    }
    assert one["changed"] is False


def test_what_was_sent_is_listed_by_kind_period_and_page(call, send):
    first, second = send("II.06b"), send("II.07b")
    heads = call("province", "sent", what="II.07b", period=QUARTER).json()
    assert heads[0]["number"] == second
    assert {one["what"] for one in heads} == {"II.07b"}
    older = call("province", "sent", before=second, limit=1).json()
    assert [one["number"] for one in older] == [first]
    assert call("office", "sent", period="2020-Q1").json() == []
    assert call("office", "sent", period="2020-Q9").status_code == 422
    assert call("office", "sent", before="x").status_code == 400


def test_its_files_hold_its_numbers(call, send):
    number = send("II.06a")
    total = call("office", f"sent/{number}").json()["lines"][-1]["numbers"]
    sheet = call("office", f"sent/{number}/file/xlsx")
    assert sheet.headers["content-type"].endswith("spreadsheetml.sheet")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet.content)).get_sheet_by_index(0)
    last = next(row for row in rows.to_python() if "Tổng cộng" in row)
    assert [int(str(cell).partition(".")[0]) for cell in last[2:13]] == list(total.values())
    assert call("office", f"sent/{number}/file/pdf").content.startswith(b"%PDF")
    problem(call("office", f"sent/{number}/file/docx"), 404, "REPORT-KIND")


@pytest.mark.parametrize(
    ("what", "whose"),
    [("II.06a", {}), ("II.06b", {"province": "66"}), ("II.06b", {"unit": "H15.50"}), ("766", {}),
     ("II.07b", {}), ("II.07b", {"province": "66"})],
)  # fmt: skip
def test_every_number_opens_to_as_many(call, send, what, whose):
    number = send(what, **whose)
    one = call("office", f"sent/{number}").json()
    followed = 0
    # Every province has the same catalogue: the ministry and the first stand for all.
    lines = one["lines"][:2] if what == "II.07b" else one["lines"]
    for line in (*lines, *one["indicators"]):
        own = {name: line.get(name, "") for name in ("unit", "field", "level")}
        for cell, value in (line["numbers"] if "numbers" in line else line["counts"]).items():
            if line["opens"] == "dossiers":
                assert len(listed(call, "office", number, cell=cell, **own)) == value, (line, cell)
            elif value is not None:
                found = call("office", f"sent/{number}/procedures", cell=cell).json()
                assert len(found["procedures"]) == found["today"]["then"] == value, cell
            followed += bool(value)
    assert followed > 2


def test_an_index_says_its_points_exactly_and_what_differs_today(call, send, db):
    number = send("766")
    now = call("office", "index766", period=QUARTER).json()
    exact = {line["code"]: line["exact"] for line in now["indicators"]}
    one = call("office", f"sent/{number}").json()
    assert {line["code"]: line["points"] for line in one["indicators"]} == exact
    won = [Fraction(line["points"]) for line in one["indicators"] if line["points"]]
    assert sum(won) == Fraction(one["points"]) > 0
    cell = next(line for line in one["indicators"] if line["code"] == "2.1")["counts"]
    with db.connect() as conn:
        world.fill(conn, 25, seed=5, begins="2026-10-06", days=9)
        conn.commit()
    later = call("office", f"sent/{number}").json()
    assert later["changed"] is True
    same = [line["code"] for line in later["indicators"] if not line["differs"]]
    assert "2.1" not in same
    strip = ("differs", "points_today")
    assert [{k: v for k, v in line.items() if k not in strip} for line in later["indicators"]] == [
        {k: v for k, v in line.items() if k not in strip} for line in one["indicators"]
    ], "what was sent stays"
    asked = {"cell": "on_time.yes"}
    today = call("office", f"sent/{number}/dossiers", **asked).json()["today"]
    listed_now = call("office", "dossiers", **asked, period=QUARTER, limit=1000).json()["dossiers"]
    assert today["then"] == cell["on_time.yes"]
    assert (today["now"], today["came"]) == (len(listed_now), today["now"] - today["then"])
    assert today["came"] > 0 == today["left"]


def test_who_may_not_send_reads_and_who_may_not_read_does_neither(call, send, db):
    number = send("II.06a")
    body = {"what": "II.06a", "period": QUARTER}
    for who in ("province", "head", "ministry", "sender"):
        assert call(who, "sent", body).status_code == 403, who
    assert call("office", "sent").json()[0]["number"] == number, "nothing was sent"
    for address in ("sent", f"sent/{number}", f"sent/{number}/file/pdf", "owed"):
        assert call("sender", address).status_code == 403
    for way in ("dossiers", "procedures"):
        assert call("sender", f"sent/{number}/{way}", cell="received").status_code == 403


def test_the_numbers_of_another_province_are_read_but_not_opened(call, send):
    number = send("II.06a", province="66")
    assert call("other", f"sent/{number}").status_code == 200, "numbers are for every reader"
    assert call("other", f"sent/{number}/dossiers", cell="received").status_code == 403
    assert {line["province"] for line in listed(call, "province", number, cell="received")} == {
        "66"
    }
    whole = send("II.06a")
    own = listed(call, "other", whole, cell="received")
    assert {line["province"] for line in own} == {"08"}
    assert call("head", f"sent/{whole}/dossiers", cell="received", unit="H15.51").status_code == 403
    mine = listed(call, "head", whole, cell="received", unit="H15.50")
    assert {line["unit"] for line in mine} == {"H15.50"}


def test_what_there_is_not_is_told_by_name(call, send):
    form, index, kinds = send("II.06a"), send("766"), send("II.07b")
    for address in ("sent/999999", "sent/999999/file/pdf", "sent/9223372036854775807"):
        problem(call("office", address), 404, "REPORT-NOT-FOUND")
    for way in ("dossiers", "procedures"):
        problem(call("office", f"sent/999999/{way}", cell="received"), 404, "REPORT-NOT-FOUND")
        said = problem(call("office", f"sent/{form}/{way}", cell="nonsense"), 404, "REPORT-CELL")
        assert "nonsense" in said
    # A number that other reports have is none of this one.
    problem(call("office", f"sent/{form}/dossiers", cell="on_time.yes"), 404, "REPORT-CELL")
    problem(call("office", f"sent/{kinds}/dossiers", cell="received"), 404, "REPORT-CELL")
    problem(call("office", f"sent/{index}/procedures", cell="ministry"), 404, "REPORT-CELL")
    problem(call("office", f"sent/{form}/procedures", cell="ministry"), 404, "REPORT-CELL")
    assert call("office", "sent/0").status_code == 400
    assert call("office", "sent/99999999999999999999").status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"what": "II.99", "period": QUARTER}, 404), ({"what": "II.06a", "period": "2026-13"}, 422),
        ({"what": "II.06a", "period": ""}, 422), ({"what": "II.06a"}, 400), ({}, 400), ([], 400),
        ({"what": "II.06a", "period": QUARTER, "provinces": "66"}, 400),
        ({"what": 7, "period": QUARTER}, 400),
    ],
)  # fmt: skip
def test_a_report_that_is_none_is_not_sent(call, send, db, body, status):
    before = send("II.06a")
    answer = call("office", "sent", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert call("office", "sent").json()[0]["number"] == before


def test_an_index_is_not_frozen_over_a_payment_that_arrives_in_the_middle(call, db, monkeypatch):
    with db.connect() as conn:
        standing.follow(conn)
        conn.commit()
        unsaid = {
            line["code"]
            for line in call("office", "procedures", cell="online_payment_used.unsaid", period=QUARTER).json()
        }  # fmt: skip
        dossier, procedure = conn.execute(
            "SELECT code, procedure FROM dossiers.dossier WHERE procedure = ANY(%s) AND received_at >= '2026-10-05'"
            " ORDER BY code LIMIT 1",
            [list(unsaid)],
        ).fetchone()
        before = _kept(conn)
    counts = freezing.counts

    def paid_meanwhile(*given):
        monkeypatch.setattr(freezing, "counts", counts)
        with db.connect() as other:
            other.execute(
                "INSERT INTO portal.payment (reference, dossier, event, amount, fees, state, asked_at, opened_at,"
                " paid_at) VALUES ('x', %s, 1, 1, %s, 'paid', '2026-10-06', '2026-10-06', '2026-10-07')",
                [dossier, Jsonb([])],
            )
            other.commit()
        return counts(*given)

    monkeypatch.setattr(freezing, "counts", paid_meanwhile)
    refused = call("office", "sent", {"what": "766", "period": QUARTER})
    assert "freeze it again" in problem(refused, 503, "REPORT-MOVED")
    with db.connect() as conn:
        assert _kept(conn) == before, "nothing half"
    again = call("office", "sent", {"what": "766", "period": QUARTER})
    assert again.status_code == 201, again.text
    number = again.json()["number"]
    found = call("office", f"sent/{number}/procedures", cell="online_payment_used.yes").json()
    assert procedure in {line["code"] for line in found["procedures"]}
    assert found["today"] == {"then": 1, "now": 1, "left": 0, "came": 0}


def _kept(conn):
    """How much is frozen and audited."""
    tables = ("reports.sent", "reports.sent_dossier", "reports.sent_procedure", "app.audit")
    return [conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def test_what_is_owed_says_whether_it_was_sent(call, send):
    owed = call("ministry", "owed").json()
    assert owed
    for one in owed:
        assert {"vi", "en", "fr"} <= set(one["label"])
        assert (one["sent"] is None) or one["late"] is False
