"""Attacks on the Portal's door: texts that hold a pattern up for hours, seals made of our answers, false moments."""

from __future__ import annotations

import json
import random
import string
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest

from lienthong.dossiers import dossier
from lienthong.errors import Refused
from lienthong.partners.portal import inbound, payments, pushed, ratings, resolving
from lienthong.partners.portal.inbound import Taken
from lienthong.partners.portal.paying import Platform
from lienthong.partners.portal.profile import profile
from tests.partners.portal_pushes import at_work, push, waits
from tests.partners.test_portal_inbound import message
from tests.partners.test_portal_paying import callback, paying

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
ENDLESS = "08:30" + " " * 2_000_000 + "x"


def in_time(program: str) -> str:
    """What a program of its own prints; one that looks for hours is ended, which is the failure."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_moment_with_two_million_blanks_is_none_at_once():
    program = (
        "from lienthong.errors import Refused\n"
        "from lienthong.partners.portal import times\n"
        "try: times.read('08:30' + ' ' * 2_000_000 + 'x')\n"
        "except Refused as refused: print(refused.code)"
    )
    assert in_time(program) == "PORTAL-TIME"


def test_words_of_a_procedure_with_many_unended_marks_are_cleaned_at_once():
    program = (
        "from lienthong.partners.portal.procedures_in import cleaned\n"
        "for _ in range(60): found = cleaned('<br ' * 20_000)\n"
        "print(cleaned('a<br class=\"b\">c'))"
    )
    assert in_time(program).split() == ["a", "c"]


def test_our_answer_seals_no_message_of_theirs(client, portal, db):
    """The answer repeats what came: with the seal's separator inside, its seal would fit a callback nobody sent."""
    code = "G18.12-261120-187101"
    reference = paying(client, portal, db, code)
    asked = {
        "MaDoiTac": "BYT",
        "MaThamChieu": f"{reference}|430000|VND|GD1|NHM|20261120143005",
        "MaXacThuc": "0" * 64,
    }
    answer = push(client, portal, "payments", asked)
    forged = {
        "LoaiBanTin": answer["MaLoi"], "MaLoi": answer["MoTaLoi"], "MaDoiTac": "BYT", "MaThamChieu": reference,
        "SoTien": "430000", "MaTienTe": "VND", "MaGiaoDich": "GD1", "MaNganHang": "NHM",
        "ThoiGianGD": "20261120143005", "ThongTinGiaoDich": answer["ThoiGianGD"], "MaXacThuc": answer["MaXacThuc"],
    }  # fmt: skip
    assert push(client, portal, "payments", forged)["MaLoi"] == "-1"
    with db.connect() as conn:
        (fee,) = payments.of(conn, code)
    assert fee.failure is None, "nothing that the platform did not say is written down of a fee"


@pytest.mark.parametrize("secret", ["", " \n"])
def test_an_empty_secret_seals_nothing(tmp_path, secret):
    (tmp_path / "s").write_text(secret)
    (tmp_path / "payments.yaml").write_text("partner: BYT\nsecret_file: s\n")
    with pytest.raises(Refused) as refused:
        payments.terms(tmp_path)
    assert refused.value.code == "portal.payment-terms"
    taken = Taken(code=0, message="", receipt=1)
    assert "MaXacThuc" not in pushed.payment_answer(b"{}", taken, "", tmp_path)


WRAPPED = {
    "one short": lambda right: right[:-1],
    "half": lambda right: right[:32],
    "empty": lambda right: "",
    "list": lambda right: [right],
    "object": lambda right: {"a": right},
}


@pytest.mark.parametrize(
    ("number", "change"), list(enumerate(WRAPPED.values())), ids=WRAPPED.keys()
)
def test_a_seal_that_is_cut_or_wrapped_is_none(client, portal, db, number, change):
    code = f"G18.12-261120-18720{number}"
    reference = paying(client, portal, db, code)
    right = callback(reference)
    said = right | {"MaXacThuc": change(right["MaXacThuc"])}
    assert push(client, portal, "payments", said)["MaLoi"] == "-1"
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "payment"


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_answer_that_says_paid_and_failed_counts_no_money(
    client, portal, db, door_home, wrapped
):
    code = f"G18.12-261120-18721{int(wrapped)}"
    reference = paying(client, portal, db, code)
    said = {
        "MaLoi": "05", "MoTaLoi": "không đủ tiền", "TrangThaiGD": "00", "MaGiaoDich": "x", "MaThamChieu": reference,
        "SoTien": "430000",
    }  # fmt: skip
    answer = {"error_code": "0"} | ({"message": json.dumps(said)} if wrapped else said)
    speaks = SimpleNamespace(post=lambda *_: answer, profile=profile())
    platform = Platform(speaks, "http://127.0.0.1:9", door_home)
    with db.connect() as conn:
        conn.execute("UPDATE portal.payment SET state = 'open' WHERE reference = %s", [reference])
        (one,) = payments.of(conn, code)
        with pytest.raises(Refused) as refused:
            platform._query(conn, one, payments.terms(door_home), NOW)
        assert refused.value.code == "portal.payment-refused"
        assert dossier.find(conn, code).state == "payment"


def test_a_rating_from_the_future_hides_no_later_one(client, portal, db):
    code = "G18.12-261120-187301"
    push(client, portal, "dossiers", message(code))
    at_work(db, code, "receive")
    with db.connect() as conn:
        conn.execute("UPDATE dossiers.dossier SET state = 'returned' WHERE code = %s", [code])
        false = {"MucDoHaiLong": "0", "NgayDanhGia": "21990101000000"}
        ratings.keep(conn, code, false, NOW)
        ratings.keep(conn, code, {"MucDoHaiLong": "2"}, NOW + timedelta(hours=1))
        assert ratings.of(conn, code)["overall"] == 2
        assert ratings.of(conn, code)["rated_at"] <= NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "fault", [psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex]
)
def test_what_is_too_long_for_the_database_stops_no_other_message(client, db, monkeypatch, fault):
    def broken(_conn, code, _body, _context) -> None:
        if code == "first":
            raise fault

    monkeypatch.setitem(resolving.KINDS, "rating", broken)
    with db.connect() as conn:
        taken = [
            inbound.take(conn, "rating", {"MaHoSo": code}).receipt for code in ("first", "next")
        ]
        inbound.resolve(conn)
        states = [inbound.one(conn, position).state for position in taken]
        conn.rollback()
    assert states == ["waiting", "resolved"]


LONG = "".join(random.Random(7).choices(string.ascii_letters, k=200_000))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TrichYeuHoSo", LONG),
        ("TruongHop", LONG),
        ("MaDonViTiepNhan", LONG),
        ("MaTTHC", LONG),
        ("NguoiNop", {"TechID": LONG, "SoDinhDanh": LONG, "HoVaTen": LONG}),
        ("BieuMau", {LONG: LONG}),
        ("TaiLieuNop", [{"MaThanhPhanHoSo": LONG, "TenTepDinhKem": LONG, "Url": f"http://x/{LONG}"}]),
        ("NgayNopHoSo", ENDLESS[:100_000]),
    ],
    ids=lambda said: said if isinstance(said, str) and len(said) < 30 else "long",
)  # fmt: skip
def test_a_message_with_a_text_of_any_length_stops_no_other(client, portal, db, name, value):
    code = f"G18.12-261120-1874{len(name):02d}"
    push(client, portal, "dossiers", message(code) | {name: value})
    plain = f"G18.12-261120-1875{len(name):02d}"
    push(client, portal, "dossiers", message(plain))
    with db.connect() as conn:
        inbound.resolve(conn)
        assert dossier.find(conn, plain).state == "new"
    with db.connect() as conn:
        kept = {one.code for one in inbound.listed(conn, "resolved", 500)} | {
            code if waits(db, code) else ""
        }
    assert code in kept
