"""The branches of a dossier between the Portal and our pages: refused, stopped, lapsed, put off, corrected; both agree.

Each ends with the same comparison: both sides say the same, and each step exists once.
"""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from lienthong import clock
from lienthong.dossiers import lapsing
from lienthong.dossiers.dossier import events, find
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Supplement, TimeLimit
from tests.journeys import test_portal_journey
from tests.journeys.portal_country import CITIZEN, PDF, PROCEDURE, RESULT_PDF, UNIT
from tests.journeys.test_portal_journey import agreed

ready, ours, journey = (
    test_portal_journey.ready,
    test_portal_journey.ours,
    test_portal_journey.journey,
)
"""The same country, citizen and agency as for the whole journey."""
LAPSES = replace(
    PROCEDURE, code="1.003055", name={"vi": "Cấp giấy chứng nhận đủ điều kiện sản xuất mỹ phẩm"},
    supplement=Supplement(answer_within=TimeLimit(value=3, unit="days")),
)  # fmt: skip


def in_work(journey) -> str:
    code = journey.file()
    journey.work()
    journey.act("receiver", code, "receive")
    journey.act("processor", code, "start")
    journey.work()
    return code


def seen(journey, code) -> str:
    return journey.portal.get(f"/dossiers/{code}").text


def test_reception_is_refused_and_the_citizen_reads_why(journey, db):
    code = journey.file()
    journey.work()
    journey.act(
        "receiver", code, "refuse_reception", reason="Không thuộc thẩm quyền của Cục", guidance="Nộp tại Sở Y tế"
    )  # fmt: skip
    journey.work()
    assert journey.state(code) == "3"
    assert "Không thuộc thẩm quyền của Cục" in seen(journey, code)
    assert "/withdrawal" not in seen(journey, code)
    agreed(journey, db, [code])


def test_the_head_stops_a_dossier(journey, db):
    code = in_work(journey)
    journey.act("decider", code, "stop", reason="Tổ chức đã giải thể")
    journey.standin.moods.then("drop_after")
    journey.work()
    journey.ahead += 3600
    journey.work()
    assert journey.state(code) == "8" and "Tổ chức đã giải thể" in seen(journey, code)
    agreed(journey, db, [code])


def test_a_deadline_is_put_off_with_an_apology_before_it_passes_and_once(journey, db):
    code = in_work(journey)
    with db.connect() as conn:
        before = find(conn, code).due_at
    new = clock.local(before).date() + timedelta(days=14)
    journey.act("decider", code, "extend", due=f"{new}", reason="Chờ kết quả kiểm nghiệm")
    journey.work()
    with db.connect() as conn:
        after = find(conn, code)
    assert clock.local(after.due_at).date() >= new and after.extensions == 1
    assert journey.state(code) == "4"
    assert re.search(clock.local(after.due_at).strftime("%Y%m%d|%d/%m/%Y"), seen(journey, code))
    journey.enter("decider")
    page = journey.page(f"/dossiers/{code}")
    assert "/acts/extend" not in page, "one letter is allowed"
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', page)[1]
    answer = journey.site.post(
        f"/dossiers/{code}/acts/extend",
        data={"_csrf_token": csrf, "due": f"{new + timedelta(days=9)}", "reason": "lại chậm"},
    )
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    agreed(journey, db, [code])


def test_a_dossier_lapses_when_no_supplement_comes(journey, db):
    with db.connect() as conn:
        if not catalogue.versions(conn, LAPSES.code):
            catalogue.draft(conn, "editor", LAPSES, "test")
            catalogue.publish(conn, "head", LAPSES.code, date(2025, 7, 1))
    answer = journey.portal.post(
        f"/file/{LAPSES.code}", data=CITIZEN | {"unit": UNIT},
        files={"paper.TP01": ("don.pdf", PDF, "application/pdf")}, follow_redirects=True,
    )  # fmt: skip
    code = re.search(r"/dossiers/([^?]+)\?filed", str(answer.url))[1]
    journey.work()
    journey.act(
        "receiver", code, "ask_supplement", components="Bản mô tả", guidance="thiếu trang 2"
    )
    journey.work()
    assert journey.state(code) == "5"
    with db.connect("owner", autocommit=True) as conn:
        due = find(conn, code).answer_due
        assert code not in lapsing.lapse(conn, now=due - timedelta(seconds=1))
        assert code in lapsing.lapse(conn, now=due)
        assert code not in lapsing.lapse(conn, now=due), "once"
    journey.ahead += 10 * 86_400
    journey.work()
    assert journey.state(code) == "8"
    agreed(journey, db, [code])


def test_a_result_is_corrected_and_the_citizen_gets_the_right_one(journey, db):
    code = in_work(journey)
    wrong = journey.attach("processor", code, RESULT_PDF + b"\n% sai")
    journey.act("decider", code, "settle", result="Giấy phép nhập khẩu", number="1/GP", attachment=wrong)  # fmt: skip
    journey.act("receiver", code, "hand_over")
    journey.work()
    assert journey.state(code) == "10"
    assert journey.portal.get(f"/dossiers/{code}/results/0").content.endswith(b"% sai")
    with db.connect() as conn:
        ended, due = find(conn, code).ended_at, find(conn, code).due_at
    journey.act("decider", code, "correct", reason="Sai tên doanh nghiệp")
    journey.attach("processor", code, RESULT_PDF)
    right = max(re.findall(r"/attachments/(\d+)", journey.page(f"/dossiers/{code}")), key=int)
    journey.act("decider", code, "settle", result="Giấy phép nhập khẩu", number="1a/GP", attachment=right)  # fmt: skip
    journey.act("receiver", code, "hand_over")
    journey.work()
    journey.ahead += 60
    journey.work()
    assert journey.state(code) == "10"
    assert journey.portal.get(f"/dossiers/{code}/results/0").content == RESULT_PDF
    with db.connect() as conn:
        after = find(conn, code)
    assert (after.ended_at, after.due_at) == (ended, due), "a correction is no new deadline"
    agreed(journey, db, [code])


@pytest.mark.parametrize("second", ["stop", "settle"])
def test_two_officials_decide_at_the_same_moment_and_one_does(journey, db, second):
    from lienthong.dossiers import acting
    from lienthong.errors import Conflict

    code = in_work(journey)
    told: list[str] = []
    together = threading.Barrier(2)

    def run(act):
        about = {"reason": "x", "result": "Giấy phép"}
        with db.connect() as conn:
            together.wait(30)
            try:
                acting.move(conn, act, frozenset({"decider"}), code, act, about)
                conn.commit()
                told.append("done")
            except Conflict as late:
                told.append(late.code)

    threads = [threading.Thread(target=run, args=[act]) for act in ("settle", second)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["DOSSIER-MOVE", "done"]
    with db.connect() as conn:
        assert len([one for one in events(conn, code) if one.act in ("settle", "stop")]) == 1
    journey.work()
    agreed(journey, db, [code])
