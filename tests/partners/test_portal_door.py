"""The Portal's own program at our door: what it pushes is kept, answered, taken further or shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from litestar.testing import TestClient

from lienthong import logs, settings
from lienthong.access import Actor, operator, tokens
from lienthong.app import create_app
from lienthong.dossiers import acting, attachments, dossier
from lienthong.errors import Conflict, NotAllowed, Refused
from lienthong.partners.portal import (
    inbound,
    mapping,
    mending,
    payments,
    questions,
    ratings,
    standing,
)
from lienthong.partners.portal.links import LIFE, Links
from lienthong.partners.portal.profile import profile
from tests.partners.portal_world import ALL, SAID, published
from tests.partners.test_portal_inbound import message

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
SECRET = "only the platform and we know it"
OFFICE = Actor(id="office", kind="person", roles=("office",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("home")
    (made / "platform.secret").write_text(SECRET)
    (made / "payments.yaml").write_text(
        "partner: BYT\nsecret_file: platform.secret\nip: 10.0.0.8\n"
        "payees: {G18: {account: '0011', bank: VCB, holder: Cục mẫu}}\n"
    )
    return made


@pytest.fixture(scope="module")
def client(db, folder):
    logs.configure("error")
    with db.connect() as conn:
        published(conn)
    chosen = replace(
        settings.read({"LIENTHONG_HOME": str(folder)}), public_url="https://lt.example.vn"
    )
    with TestClient(create_app(db, chosen), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def portal(db, client):
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="VPCP", name="Portal", roles=("portal",))
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def conn(db):
    with db.connect() as opened:
        yield opened
        opened.rollback()


def push(client, portal, kind, body):
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = client.post(f"/api/v1/portal/{kind}", content=content, headers=portal)
    assert answer.status_code == 200, answer.text
    return answer.json()


def waits(db, code):
    with db.connect() as conn:
        return [one for one in inbound.waiting(conn) if one.code == code]


def at_work(db, code, *acts):
    """The dossier of a code, moved on."""
    with db.connect() as conn:
        for act in acts:
            last = dossier.events(conn, code)[-1].at
            at = last + timedelta(minutes=5)
            acting.move(conn, "canbo", ALL, code, act, SAID | {"fees": FEES}, at=at)


FEES = [{"code": "PLP01", "name": "Phí thẩm định", "amount": 430000}]


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


# -- payments


def paying(client, portal, db, code):
    """A dossier that waits for a fee; its reference."""
    push(client, portal, "dossiers", message(code))
    at_work(db, code, "receive", "ask_payment")
    with db.connect() as conn:
        payments.collect(conn, NOW)
        (asked,) = payments.of(conn, code)
        assert payments.collect(conn, NOW) == 0, "asked for once"
    assert (asked.amount, asked.state) == (430000, "asked")
    return asked.reference


def callback(reference, **more):
    said = {
        "LoaiBanTin": "PAY", "MaLoi": "00", "MaDoiTac": "BYT", "MaThamChieu": reference, "SoTien": "430000",
        "MaTienTe": "VND", "MaGiaoDich": f"GD-{reference}", "MaNganHang": "NHM", "ThoiGianGD": "20261120143005",
        "ThongTinGiaoDich": "Phi",
    } | more  # fmt: skip
    return {"MaXacThuc": payments.seal("CALLBACK", said, SECRET, profile())} | said


def test_a_callback_lets_the_dossier_go_on_once(client, portal, db):
    code = "G18.12-261120-180201"
    reference = paying(client, portal, db, code)
    owed = client.post("/api/v1/portal/owed", json={"MaTraCuuTT": code}, headers=portal).json()
    assert owed["error_code"] == 0 and owed["result"][0]["SoTien"] == "430000"
    answers = [push(client, portal, "payments", callback(reference)) for _ in range(3)]
    answers.append(
        push(client, portal, "payments", callback(reference, ThongTinGiaoDich="lần nữa"))
    )
    assert {answer["MaLoi"] for answer in answers} == {"00"}
    said = answers[0]
    right = payments.seal("ANSWER", said, SECRET, profile())
    assert said["MaXacThuc"] == right
    with db.connect() as conn:
        events = dossier.events(conn, code)
        assert [event.act for event in events].count("paid") == 1
        assert payments.of(conn, code)[0].state == "settled"
    again = client.post("/api/v1/portal/owed", json={"MaTraCuuTT": code}, headers=portal).json()
    assert again["error_code"] == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"MaXacThuc": "0" * 64}, "portal.payment-hash"),
        ({"MaXacThuc": "ký tự lạ"}, "portal.payment-hash"),
        ({"SoTien": "429000"}, "portal.payment-hash"),
    ],
)
def test_a_wrong_hash_moves_nothing_and_stays_visible(client, portal, db, change, why):
    code = f"G18.12-261120-1803{sum(map(ord, str(change))) % 90 + 10}"
    reference = paying(client, portal, db, code)
    answer = push(client, portal, "payments", callback(reference) | change)
    assert answer["MaLoi"] == "-1"
    assert waits(db, reference)[0].reason.startswith(why)
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "payment"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"SoTien": "429000"}, "portal.payment-amount"),
        ({"MaDoiTac": "KHAC"}, "portal.payment-partner"),
        ({"MaThamChieu": "nobody"}, "portal.payment-unknown"),
    ],
)
def test_a_signed_message_about_something_else_is_refused(client, portal, db, more, why):
    code = f"G18.12-261120-1804{sum(map(ord, why)) % 90 + 10}"
    reference = paying(client, portal, db, code)
    said = callback(reference, **more)
    assert push(client, portal, "payments", said)["MaLoi"] == "-1"
    assert waits(db, said["MaThamChieu"])[0].reason.startswith(why)


def test_a_fee_paid_twice_is_seen_and_one_that_failed_changes_nothing(client, portal, db):
    code = "G18.12-261120-180501"
    reference = paying(client, portal, db, code)
    failed = push(client, portal, "payments", callback(reference, MaLoi="09", MaGiaoDich=""))
    assert failed["MaLoi"] == "00"
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "payment"
    push(client, portal, "payments", callback(reference))
    assert push(client, portal, "payments", callback(reference, MaGiaoDich="GD-2"))["MaLoi"] == "-1"
    assert [one.reason.split(":")[0] for one in waits(db, reference)] == ["portal.payment-twice"]


def test_money_for_a_dossier_that_ended_is_shown_and_not_lost(client, portal, db):
    code = "G18.12-261120-180502"
    reference = paying(client, portal, db, code)
    at_work(db, code, "withdraw")
    push(client, portal, "payments", callback(reference))
    with db.connect() as conn:
        (found,) = payments.open_payments(conn)[-1:]
    assert (found.reference, found.state, found.failure) == (
        reference,
        "paid",
        "dossier is withdrawn",
    )


def test_a_fee_without_a_sum_is_not_made_up(client, portal, db):
    code = "G18.12-261120-180503"
    push(client, portal, "dossiers", message(code))
    at_work(db, code, "receive")
    with db.connect() as conn:
        last = dossier.events(conn, code)[-1].at
        acting.move(conn, "canbo", ALL, code, "ask_payment", {"fees": ["PLP77"]}, at=last)
        payments.collect(conn, NOW)
        (found,) = payments.of(conn, code)
    assert (found.state, found.amount, found.failure) == ("blocked", None, "SoTien")


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


# -- files


def paper(conn, folder, code):
    return attachments.attach(
        conn, "canbo", code, b"%PDF-1.7 invented", name="Giấy phép.pdf", home=folder, kind="result"
    ).id


def test_a_link_opens_one_paper_of_one_dossier_for_a_while(client, portal, db, folder):
    code = "G18.12-261120-180701"
    push(client, portal, "dossiers", message(code))
    with db.connect() as conn:
        id = paper(conn, folder, code)
    links = Links(folder, "https://lt.example.vn")
    link = links.paper(code, id, datetime.now(UTC)).removeprefix("https://lt.example.vn")
    answer = client.get(link)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 invented")
    assert "Gi%E1%BA%A5y%20ph%C3%A9p.pdf" in answer.headers["content-disposition"]
    with db.connect() as conn:
        (count,) = conn.execute(
            "SELECT count(*) FROM portal.fetched WHERE dossier = %s", [code]
        ).fetchone()
        (audited,) = conn.execute(
            "SELECT count(*) FROM app.audit WHERE act = 'portal.fetched'"
        ).fetchone()
    assert (count, audited) == (1, 1)
    for wrong in (
        link.replace(f"/{id}?", f"/{id + 1}?"),
        link.replace("180701", "180601"),
        link.replace("until=", "until=9"),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.split("?")[0],
    ):
        assert client.get(wrong).status_code == 403, wrong
    old = links.paper(code, id, datetime.now(UTC) - LIFE - timedelta(minutes=1))
    assert client.get(old.removeprefix("https://lt.example.vn")).status_code == 403
    assert Links(folder, None).paper(code, id, NOW) is None, "nobody outside could fetch it"


def test_another_key_opens_nothing(tmp_path):
    one, other = Links(tmp_path / "a", "https://x"), Links(tmp_path / "b", "https://x")
    made = one.paper("G18-1", 1, NOW)
    until, signature = (part.split("=")[1] for part in made.split("?")[1].split("&"))
    one.check("G18-1", 1, int(until), signature, NOW)
    with pytest.raises(NotAllowed):
        other.check("G18-1", 1, int(until), signature, NOW)


# -- what people see


def test_the_numbers_of_the_screen_add_up_and_name_what_to_do(client, portal, db):
    push(client, portal, "dossiers", message("G18.12-261120-180801", MaTTHC="2.999999"))
    with db.connect() as conn:
        now = standing.standing(conn, datetime.now(UTC) + timedelta(hours=9))
    assert now.sent + now.unsent + now.failing + now.blocked == now.dossiers
    assert now.alarms and ("error", "/portal/inbound") in [(w, where) for w, _, where in now.acts]


def test_programs_of_the_office_read_and_mend(client, db):
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
    seen = client.get("/api/v1/portal/dossiers/G18.12-261120-180101", headers=headers).json()
    assert seen["sent"] == "never" and "applicant" not in seen
