"""Fees: asked for once, counted once, and nothing that is not right moves a dossier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.dossiers import acting, dossier
from lienthong.errors import Refused
from lienthong.partners.portal import payments
from lienthong.partners.portal.paying import Platform
from lienthong.partners.portal.profile import profile
from lienthong.partners.stand_ins.portal.site import SECRET as STAND_IN
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.conftest import PLATFORM as SECRET
from tests.partners.portal_pushes import at_work, push, waits
from tests.partners.portal_world import ALL, World
from tests.partners.test_portal_inbound import message

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


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


# -- the platform asked by us


@pytest.fixture
def world(db, client):
    with StandIn() as standin:
        made = World(db, standin, unit="G18.12.70")
        yield made
        made.client.close()


@pytest.fixture
def conn(db):
    with db.connect(autocommit=True) as opened:
        yield opened


def filed(world, *acts):
    with world.db.connect() as conn:
        code = world.file(conn)
        for act in acts:
            world.now += timedelta(minutes=7)
            acting.move(conn, "canbo", ALL, code, act, at=world.now)
    return code


@pytest.fixture
def platform(world, home):
    (home / "platform.secret").write_text(STAND_IN)
    (home / "payments.yaml").write_text(
        "partner: BYT\nsecret_file: platform.secret\nip: 10.0.0.8\n"
        "payees: {G18: {account: '0011', bank: VCB, holder: Cục mẫu}}\n"
    )
    return Platform(world.client, world.standin.url, home)


def owing(world):
    code = filed(world, "receive")
    with world.db.connect() as conn:
        world.now += timedelta(minutes=7)
        fees = {"fees": [{"code": "PLP01", "name": "Phí thẩm định", "amount": 430000}]}
        acting.move(conn, "canbo", ALL, code, "ask_payment", fees, at=world.now)
    return code


def test_a_fee_is_asked_for_at_the_platform_and_found_paid_without_a_callback(
    conn, world, platform
):
    code = owing(world)
    platform.round(conn, world.now)
    (one,) = payments.of(conn, code)
    assert one.state == "open" and f"/pay/{one.reference}" in one.address
    platform.round(conn, world.now + timedelta(minutes=5))
    assert payments.of(conn, code)[0].state == "open", "nobody has paid yet"
    world.standin.memory.change(
        "payment",
        key=one.reference,
        fields={"paid_at": world.now.isoformat(), "transaction": "GD1"},
    )
    platform.round(conn, world.now + timedelta(hours=2))
    assert payments.of(conn, code)[0].state == "settled"
    assert dossier.find(conn, code).state == "processing"
    said = world.standin.paying.callback(one.reference)
    payments.called_back(conn, said, platform._home, world.now)
    assert [event.act for event in dossier.events(conn, code)].count("paid") == 1


def test_an_agency_without_an_account_asks_for_nothing(conn, world, platform, home):
    code = owing(world)
    (home / "payments.yaml").write_text("partner: BYT\nsecret_file: platform.secret\n")
    platform.round(conn, world.now)
    (one,) = payments.of(conn, code)
    assert one.state == "asked" and "TKThuHuong, Ip" in one.failure
    (home / "payments.yaml").unlink()
    with pytest.raises(Refused, match=r"payments\.yaml"):
        platform.round(conn, world.now)


def test_a_withdrawn_dossier_owes_nothing_any_more(conn, world, platform):
    code = owing(world)
    platform.round(conn, world.now)
    acting.move(conn, "canbo", ALL, code, "withdraw", at=world.now + timedelta(minutes=9))
    platform.round(conn, world.now)
    assert payments.of(conn, code)[0].state == "ended"


# -- callbacks out of order


def test_a_failure_that_comes_after_the_money_says_nothing_about_it(client, portal, db):
    code = "G18.12-261120-180771"
    reference = paying(client, portal, db, code)
    push(client, portal, "payments", callback(reference))
    late = push(
        client,
        portal,
        "payments",
        callback(reference, MaLoi="24", MaGiaoDich="", ThoiGianGD="20261120142900"),
    )
    assert late["MaLoi"] == "00"
    with db.connect() as conn:
        (one,) = payments.of(conn, code)
        assert (one.state, one.failure) == ("settled", None)
        assert reference not in [
            each.reference for each in payments.open_payments(conn, 500) if each.failure
        ]


def test_a_long_number_of_a_transaction_is_the_same_the_second_time(client, portal, db):
    code = "G18.12-261120-180772"
    reference = paying(client, portal, db, code)
    number = "GD" + "9" * 150
    for text in ("một", "hai"):
        said = push(
            client,
            portal,
            "payments",
            callback(reference, MaGiaoDich=number, ThongTinGiaoDich=text),
        )
        assert said["MaLoi"] == "00"
