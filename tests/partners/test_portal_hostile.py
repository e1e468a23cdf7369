"""What somebody hostile, or a citizen who types strange things, can push through the Portal's door or into its work."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import psycopg
import pytest

from lienthong import settings, words
from lienthong.access import Actor
from lienthong.dossiers import acting, attachments, dossier
from lienthong.dossiers.dossier import Filing
from lienthong.errors import NotAllowed, Refused
from lienthong.partners.portal import (
    inbound,
    papers,
    payments,
    personal_store,
    questions,
    resolving,
    running,
    sayings,
)
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.paying import Platform
from lienthong.partners.portal.profile import profile
from lienthong.web import portal_store
from tests.partners.portal_pushes import at_work, push, waits
from tests.partners.portal_world import PROCEDURE
from tests.partners.test_portal_inbound import message
from tests.partners.test_portal_paying import SECRET, callback, paying

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


@pytest.fixture
def conn(db):
    with db.connect() as opened:
        yield opened
        opened.rollback()


@pytest.mark.parametrize(
    "body",
    [
        rb'{"MaHoSo": "G18.12-261120-189001", "TrichYeuHoSo": "\\u0000"}',
        rb'{"MaHoSo": "G18.12-261120-189002", "TrichYeuHoSo": "\\\u0000\\u0000"}',
        b"[" * 200_000 + b"]" * 200_000,
        b'{"MaHoSo": ' + b"[" * 900 + b"]" * 900 + b"}",
        rb'"' + rb"[" * 5_000 + rb'"',
        b'{"MaHoSo": "G18.12-261120-189003", "x": 1' + b"0" * 5_000 + b"}",
    ],
    ids=["typed backslash", "both kinds", "deep", "deep inside", "deep as text", "long number"],
)
def test_nothing_that_is_pushed_is_lost_by_how_it_is_written(client, portal, db, body):
    receipt = push(client, portal, "questions", body)["receipt"]
    with db.connect() as conn:
        assert inbound.one(conn, receipt).received_at


def test_what_a_citizen_typed_is_kept_as_typed():
    said = inbound.readable(rb'{"a": "C:\\u0000", "b": "x\u0000y", "c\u0000": [{"d": "\u0000"}]}')
    assert said == {"a": r"C:\u0000", "b": "xy", "c": [{"d": ""}]}


SUMS = ["²", "9" * 30, "9" * 5_000, "-5", "1.5", 1e308, True, [1], "٣"]


@pytest.mark.parametrize("at", range(len(SUMS)), ids=[ascii(one)[:12] for one in SUMS])
def test_a_strange_sum_stops_no_other_fee(client, portal, db, at):
    amount = SUMS[at]
    strange, plain = (f"G18.12-261120-1892{n}{at}" for n in (1, 2))
    for code in (strange, plain):
        push(client, portal, "dossiers", message(code))
    at_work(db, plain, "receive", "ask_payment")
    at_work(db, strange, "receive")
    with db.connect() as conn:
        last = dossier.events(conn, strange)[-1].at
        about = {"fees": [{"code": "LẠ", "amount": amount}]}
        acting.move(conn, "canbo", frozenset({"receiver"}), strange, "ask_payment", about, at=last)
    with db.connect() as conn:
        payments.collect(conn, NOW)
        (asked,), (left,) = payments.of(conn, plain), payments.of(conn, strange)
    assert (asked.state, left.state, left.amount) == ("asked", "blocked", None)


def test_units_that_differ_by_a_point_only_have_references_of_their_own(conn):
    codes = ["H15.501.02-261120-0001", "H15.50.102-261120-0001"]
    assert len({payments.reference(code, 3) for code in codes}) == 2


def test_a_callback_cannot_move_a_value_across_its_seal(client, portal, db):
    code = "G18.12-261120-189101"
    reference = paying(client, portal, db, code)
    right = callback(reference, MaGiaoDich="GD|VND", MaNganHang="NHM")
    moved = dict(right, MaGiaoDich="GD", MaNganHang="VND|NHM")
    assert payments.seal("CALLBACK", moved, SECRET, profile()) == right["MaXacThuc"], (
        "the same bytes"
    )
    for said in (right, moved):
        assert push(client, portal, "payments", said)["MaLoi"] == "-1"
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "payment"


LINKS = ["http://[::1", "http://a b/", "http://x:99999999/", "http://\u2100.vn/\x01"]


@pytest.mark.parametrize("at", range(len(LINKS)))
def test_an_address_that_is_none_stops_no_other_paper(client, portal, db, door_home, at):
    bad, good = (f"G18.12-261120-1893{n}{at}" for n in (1, 2))
    papers_of = {"MaThanhPhanHoSo": "TP01", "TenTepDinhKem": "don.pdf"}
    push(client, portal, "dossiers", message(bad))
    push(
        client,
        portal,
        "dossiers",
        message(good) | {"TaiLieuNop": [papers_of | {"Base64": "JVBERi0xLjcgeA=="}]},
    )
    with db.connect() as conn:
        (position,) = conn.execute(
            "SELECT min(position) FROM portal.inbound WHERE code = %s", [bad]
        ).fetchone()
        conn.execute(
            "INSERT INTO portal.paper (position, number, dossier, kind, name, address)"
            " VALUES (%s, 9, %s, 'dossier', 'x', %s)",
            [position, bad, LINKS[at]],
        )
    asked = Client(Access(url="https://portal.example.vn", unit="G18", username="x", password="x"))
    with db.connect(autocommit=True) as conn:
        papers.fetch_due(conn, asked, door_home, NOW)
        states = {one.state for one in papers.of(conn, good)}
        (left,) = [one for one in papers.of(conn, bad) if one.number == 9]
    assert states == {"kept"} and left.state == "refused" and left.failure


class _Inside(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302 if self.path.startswith("/out") else 200)
        self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/secret")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_link_leads_nowhere_but_to_the_portal():
    inside = HTTPServer(("127.0.0.1", 0), _Inside)
    threading.Thread(target=inside.serve_forever, daemon=True).start()
    here = f"127.0.0.1:{inside.server_port}"
    asked = Client(Access(url="http://127.0.0.1:9", unit="G18", username="x", password="x"))
    own = Client(Access(url=f"http://{here}", unit="G18", username="x", password="x"))
    try:
        for link in (
            f"http://{here}/secret", f"HTTP://{here}/", f"http://127.0.0.1:9@{here}/x", f"https://{here}/x",
            f"//{here}/secret", "file:///etc/passwd", "http:/etc/passwd", f"\\\\{here}\\x", "gopher://127.0.0.1:9/",
        ):  # fmt: skip
            with pytest.raises(Exception) as refused:
                asked.fetch(link)
            assert getattr(refused.value, "code", "") in ("portal.elsewhere", "portal.silent"), link
        with pytest.raises(Exception, match="302|answers"):
            own.fetch(f"http://{here}/out")
        assert _Inside.asked == ["/out"], "nothing else was asked"
    finally:
        inside.shutdown()
        inside.server_close()


def test_invented_dossiers_do_not_leave_this_machine(tmp_path):
    chosen = replace(
        settings.read({"LIENTHONG_HOME": str(tmp_path)}), portal_url="https://portal.example.vn"
    )
    assert running.access(chosen).url == "https://portal.example.vn"
    (tmp_path / "demo").mkdir()
    with pytest.raises(Refused) as refused:
        running.access(chosen)
    assert refused.value.code == "portal.invented"
    here = replace(chosen, portal_url="http://127.0.0.1:8010")
    assert running.access(here).url
    with pytest.raises(Refused):
        running.access(replace(here, portal_payment_url="https://pay.example.vn"))


def test_a_number_that_the_portal_gave_does_not_stop_the_desk(conn):
    conn.execute("DELETE FROM dossiers.counter WHERE unit = 'G18.55'")
    made = []
    for code in ("G18.55-261120-0001", "", "G18.55-261120-0003", "", ""):
        filing = Filing(
            procedure=PROCEDURE.code, unit="G18.55", channel="online", filed_at=NOW, code=code
        )
        made.append(acting.file(conn, "desk", filing).code)
    assert sorted(made) == [f"G18.55-261120-000{n}" for n in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    "wrong", [{"SoTien": None}, {"SoTien": "1"}, {"MaThamChieu": "another"}, {"MaThamChieu": None}]
)
def test_money_is_never_counted_on_an_answer_about_something_else(
    client, portal, db, door_home, wrong
):
    code = f"G18.12-261120-1894{len(str(wrong)):02d}"
    reference = paying(client, portal, db, code)
    said = {
        "MaLoi": "00",
        "TrangThaiGD": "00",
        "MaGiaoDich": "x",
        "MaThamChieu": reference,
        "SoTien": "430000",
    }

    def answer(_: object, message: dict) -> dict:
        return said | wrong | {"error_code": "0"}

    platform = Platform(
        SimpleNamespace(post=answer, profile=profile()), "http://127.0.0.1:9", door_home
    )
    known = payments.terms(door_home)
    with db.connect() as conn:
        conn.execute("UPDATE portal.payment SET state = 'open' WHERE reference = %s", [reference])
        (one,) = payments.of(conn, code)
        with pytest.raises(Refused):
            platform._query(conn, one, known, NOW)
        assert dossier.find(conn, code).state == "payment"


def test_a_dossier_of_tomorrow_waits_until_its_moment(client, portal, db):
    code = "G18.12-261120-189501"
    push(client, portal, "dossiers", message(code) | {"NgayNopHoSo": "20990101090000"})
    (one,) = waits(db, code)
    assert one.reason.startswith("portal.future")


def test_who_may_only_look_takes_nothing_into_a_dossier(client, portal, db, door_home, monkeypatch):
    code = "G18.12-261120-189502"
    push(client, portal, "dossiers", message(code))
    with db.connect() as conn:
        conn.execute("UPDATE dossiers.dossier SET received_by = 'G18.77' WHERE code = %s", [code])
    stored = personal_store.Stored(
        code="KQ", name="a", number="1", issuer="b", files=(("a.pdf", "/a"),)
    )
    monkeypatch.setattr(portal_store, "_looked", lambda *_: [stored])
    monkeypatch.setattr(portal_store, "_client", lambda *_: None)
    monkeypatch.setattr(personal_store, "file", lambda *_: b"%PDF-1.7 x")
    elsewhere = Actor(id="cv", kind="person", roles=("processor",), name="cv", facility="G18.77")
    chosen = replace(settings.read({"LIENTHONG_HOME": str(door_home)}))
    take = portal_store.take_from_store.fn
    with db.pool(size=1) as pool, pytest.raises(NotAllowed):
        take(None, pool, elsewhere, chosen, code, portal_store.Chosen(address="/a"))
    with db.connect() as conn:
        assert not attachments.attachments(conn, code)


@pytest.mark.parametrize(
    "said",
    ['{"said": "%(a)s", "details": {"b": 1}}', '{"said": "%d %d", "details": {"a": 1}}', "{"],
)
def test_a_reason_that_looks_like_ours_shows_as_it_was_typed(said):
    text = f"lý do: {said}"
    assert sayings.told(text) == text
    assert sayings.told(text, lambda key, **values: words.say(key, "vi", **values)) == text


@pytest.mark.parametrize("moment", ["00010101000000", "19000101000000", "99991231235959"])
def test_a_question_from_the_beginning_of_time_hides_no_other(client, portal, db, moment):
    number = f"HD-{moment}"
    push(client, portal, "questions", {"HOIDAPID": number, "NOIDUNG": "Cần gì?", "NGAYHOI": moment})
    push(client, portal, "questions", {"HOIDAPID": f"{number}-b", "NOIDUNG": "Cần giấy tờ gì?"})
    assert [one.reason.split(":")[0] for one in waits(db, number)] == ["PORTAL-TIME"]
    with db.connect() as conn:
        assert f"{number}-b" in [one.id for one in questions.listed(conn)]


@pytest.mark.parametrize(
    "fault", [OverflowError, IndexError, RecursionError, psycopg.errors.ForeignKeyViolation]
)
def test_a_fault_that_nobody_foresaw_in_one_message_stops_no_other(conn, monkeypatch, fault):
    def broken(_conn, code, _body, _context) -> None:
        if code == "first":
            raise fault

    monkeypatch.setitem(resolving.KINDS, "rating", broken)
    taken = [inbound.take(conn, "rating", {"MaHoSo": code}).receipt for code in ("first", "next")]
    inbound.resolve(conn)
    states = [inbound.one(conn, position) for position in taken]
    assert [one.state for one in states] == ["waiting", "resolved"]
    assert states[0].reason.startswith("portal.shape")
