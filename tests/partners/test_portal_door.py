"""The Portal's own program at our door: what it pushes is kept, answered, taken further or shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from lienthong.access import operator, tokens
from lienthong.dossiers import dossier
from lienthong.errors import Conflict, Refused
from lienthong.partners.portal import (
    inbound,
    mapping,
    mending,
    questions,
    ratings,
    standing,
)
from tests.partners.portal_pushes import at_work, push, waits
from tests.partners.test_portal_inbound import message

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


@pytest.fixture
def conn(db):
    with db.connect() as opened:
        yield opened
        opened.rollback()


def test_a_pushed_dossier_is_here_at_once_and_the_same_again_gets_the_same_receipt(
    client, portal, db
):
    code = "G18.12-261120-180101"
    first = push(client, portal, "dossiers", message(code))
    again = push(client, portal, "dossiers", message(code))
    assert (first["error_code"], again["error_code"]) == (0, 1)
    assert first["receipt"] == again["receipt"]
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "new"
        assert len(dossier.events(conn, code)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'"text"',
        b"[1, 2]",
        b'{"MaHoSo": {"a": 1}}',
        b'{"MaHoSo": "a\\u0000b"}',
        b"\xff\xfe",
    ],
)
def test_whatever_is_pushed_is_kept(client, portal, db, body):
    answer = push(client, portal, "dossiers", body)
    with db.connect() as conn:
        kept = inbound.one(conn, answer["receipt"])
    assert kept.state == "waiting" and kept.reason


def test_a_relay_may_encode_a_message_twice(client, portal, db):
    code = "G18.12-261120-180102"
    twice = msgspec.json.encode(msgspec.json.encode(message(code)).decode())
    assert push(client, portal, "dossiers", twice)["error_code"] == 0
    with db.connect() as conn:
        assert dossier.find(conn, code).procedure == "1.003844"


def test_only_the_portals_token_pushes_and_it_does_nothing_else(client, portal, db):
    with db.connect() as conn:
        other = tokens.create(conn, operator(), facility="01999", name="hospital")
    headers = {"authorization": f"Bearer {other}"}
    assert client.post("/api/v1/portal/dossiers", content=b"{}", headers=headers).status_code == 403
    assert client.post("/api/v1/portal/dossiers", content=b"{}").status_code == 401
    assert client.get("/api/v1/portal", headers=portal).status_code == 403
    assert client.get("/api/v1/dossiers", headers=portal).status_code == 403


def test_a_message_that_is_too_large_is_refused_before_it_is_read(client, portal):
    large = b'{"MaHoSo": "' + b"x" * (33 * 1024 * 1024) + b'"}'
    assert client.post("/api/v1/portal/dossiers", content=large, headers=portal).status_code == 413


def test_an_unmapped_procedure_waits_until_a_person_maps_it(client, portal, db):
    code = "G18.12-261120-180103"
    assert push(client, portal, "dossiers", message(code, MaTTHC="3.999999"))["error_code"] == 0
    (left,) = waits(db, code)
    assert left.procedure == "3.999999"
    with db.connect() as conn:
        with pytest.raises(Refused):
            mending.on_message(
                conn, "vanphong", left.position, "map_procedure", "1.003844", " ", NOW
            )
        _map(conn, left, "cùng một thủ tục")
        assert inbound.resolve(conn, now=NOW) >= 1
        assert dossier.find(conn, code).procedure == "1.003844"
        assert mapping.mapped(conn, "procedure", "3.999999", date(2025, 1, 1)) == "3.999999"


def _map(conn, left, reason):
    mending.on_message(conn, "vanphong", left.position, "map_procedure", "1.003844", reason, NOW)


def test_an_ended_agency_is_mapped_from_a_day_on(client, portal, db):
    code = "G18.12-261120-180104"
    push(client, portal, "dossiers", message(code, MaDonViTiepNhan="H22"))
    (left,) = waits(db, code)
    with db.connect() as conn:
        mending.on_message(
            conn, "vanphong", left.position, "map_agency", "G18.12", "nhận việc của H22", NOW
        )
        inbound.resolve(conn, now=NOW)
        found = dossier.find(conn, code)
    assert (found.unit, found.received_by) == ("G18.12", "H22")


def test_a_signature_nobody_can_read_waits_where_it_is_seen(client, portal, db):
    code = "G18.12-261120-180105"
    paper = {"MaThanhPhanHoSo": "TP01", "TenTepDinhKem": "don.pdf", "ChuKySo": "khong-doc-duoc"}
    push(client, portal, "dossiers", message(code, TaiLieuNop=[paper]))
    assert waits(db, code)[0].reason.startswith("portal.signature")
    good = "G18.12-261120-180106"
    push(client, portal, "dossiers", message(good, TaiLieuNop=[paper | {"ChuKySo": "MIIBIjAN"}]))
    assert waits(db, good) == []


# -- supplements, questions, ratings


def test_supplement_question_and_rating_arrive_in_any_order(client, portal, db):
    code = "G18.12-261120-180601"
    rating = {"MaHoSo": code, "MucDoHaiLong": "2", "TieuChi": {"1": "2", "2": "1"}}
    supplement = {"MaHoSoQG": code, "data": {"MaHoSoQG": code, "TaiLieuNop": [{}]}}
    push(client, portal, "supplements", supplement)
    push(client, portal, "ratings", rating)
    push(client, portal, "dossiers", message(code))
    assert len(waits(db, code)) == 2, "they wait for the dossier, and then for its turn"
    at_work(db, code, "ask_supplement")
    later = datetime.now(UTC) + timedelta(hours=2)
    with db.connect() as conn:
        inbound.resolve(conn, now=later)
        assert dossier.find(conn, code).state == "received"
    at_work(db, code, "start", "settle")
    with db.connect() as conn:
        inbound.resolve(conn, now=later + timedelta(hours=2))
        assert ratings.of(conn, code)["overall"] == 2
        assert ratings.satisfaction(conn).very == 1
    assert waits(db, code) == []


@pytest.mark.parametrize("change", [{"MucDoHaiLong": "5"}, {"TieuChi": {"1": "tốt"}}])
def test_a_rating_off_the_scale_is_not_counted(client, portal, db, change):
    code = f"G18.12-261120-18061{len(str(change)) % 9 + 1}"
    push(client, portal, "dossiers", message(code))
    at_work(db, code, "withdraw")
    push(client, portal, "ratings", {"MaHoSo": code, "MucDoHaiLong": "1"} | change)
    assert waits(db, code)[0].reason.startswith("portal.scale")


def test_a_question_is_kept_once_answered_by_a_person_and_not_after_it_was_sent(client, portal, db):
    asked = {
        "HOIDAPID": "HD1",
        "NOIDUNG": "Cần giấy tờ gì?",
        "HOVATEN": "Lê Thị Mẫu",
        "MADONVI": "G18.12",
    }
    assert push(client, portal, "questions", asked)["error_code"] == 0
    assert push(client, portal, "questions", asked)["error_code"] == 1
    with db.connect() as conn:
        (found,) = questions.listed(conn)
        assert not hasattr(found, "HOVATEN")
        with pytest.raises(Refused):
            questions.answer(conn, "vanphong", "HD1", "ok", NOW)
        questions.answer(conn, "vanphong", "HD1", "Theo mẫu 01 của Thông tư.", NOW)
        conn.execute("UPDATE portal.question SET state = 'sent'")
        with pytest.raises(Conflict):
            questions.answer(conn, "vanphong", "HD1", "Sửa lại câu trả lời.", NOW)
        conn.rollback()


# -- what people see


def test_the_numbers_of_the_screen_add_up_and_name_what_to_do(client, portal, db):
    push(client, portal, "dossiers", message("G18.12-261120-180801", MaTTHC="2.999999"))
    with db.connect() as conn:
        now = standing.standing(conn, datetime.now(UTC) + timedelta(hours=9))
    assert now.sent + now.unsent + now.failing + now.blocked == now.dossiers
    assert now.alarms and ("error", "/portal/inbound") in [(w, where) for w, _, where in now.acts]


def test_programs_of_the_office_read_and_mend(client, portal, db):
    push(client, portal, "dossiers", message("G18.12-261120-180802"))
    push(client, portal, "dossiers", message("G18.12-261120-180803", MaTTHC="2.888888"))
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="VP", name="office", roles=("office",))
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/portal", headers=headers).json()["dossiers"] > 0
    (left, *_) = client.get("/api/v1/portal/inbound", headers=headers).json()
    where = f"/api/v1/portal/inbound/{left['position']}"
    assert client.post(where, json={"act": "nothing"}, headers=headers).status_code == 404
    assert client.post(where, json={"act": "reject"}, headers=headers).status_code == 422
    done = client.post(where, json={"act": "reject", "reason": "thử nghiệm"}, headers=headers)
    assert done.json()["state"] == "rejected"
    assert client.post(where, json={"act": "reopen"}, headers=headers).json()["state"] == "waiting"
    assert client.post("/api/v1/portal/jobs/reconcile", headers=headers).status_code == 202
    seen = client.get("/api/v1/portal/dossiers/G18.12-261120-180802", headers=headers).json()
    assert seen["sent"] == "never" and "applicant" not in seen
