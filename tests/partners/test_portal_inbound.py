"""What the Portal pushes is never lost and never doubled: it becomes a dossier or waits where it is seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lienthong.dossiers import acting, dossier
from lienthong.dossiers.dossier import Filing
from lienthong.errors import Conflict, Refused
from lienthong.partners.portal import inbound
from lienthong.procedures import catalogue
from tests.partners.portal_world import ALL, PROCEDURE

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


def message(code="G18.12-261120-180045", **more):
    return {
        "MaHoSo": code, "MaTTHC": PROCEDURE.code, "MaDonViTiepNhan": "G18.12", "NgayNopHoSo": "20261120083000",
        "KenhThucHien": "2", "BieuMau": {"san_pham": "máy đo"},
        "NguoiNop": {"TechID": "t-1", "LoaiTaiKhoan": "1", "SoDinhDanh": "001190000001", "HoVaTen": "Lê Thị Mẫu"},
        "TaiLieuNop": [{"MaThanhPhanHoSo": "TP01", "TenTepDinhKem": "don.pdf"}],
    } | more  # fmt: skip


@pytest.fixture
def conn(ready):
    with ready.connect() as connection:
        yield connection
        connection.rollback()


def take(conn, body, kind="dossier"):
    return inbound.take(conn, kind, body, at=NOW).code


def test_a_pushed_dossier_is_taken_and_becomes_one(conn):
    assert take(conn, message()) == 0
    assert inbound.resolve(conn, now=NOW) == 1
    found = dossier.find(conn, "G18.12-261120-180045")
    assert (found.channel, found.origin, found.unit, found.state) == (
        "online",
        "portal",
        "G18.12",
        "new",
    )
    assert found.filed_at == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    assert inbound.waiting(conn) == []


def test_the_same_message_again_changes_nothing(conn):
    assert [take(conn, message()), take(conn, message())] == [0, 1]
    inbound.resolve(conn, now=NOW)
    assert take(conn, message()) == 1
    other = message(TrichYeuHoSo="gửi lại")
    assert take(conn, other) == 0, "other words are kept too"
    inbound.resolve(conn, now=NOW)
    assert len(dossier.events(conn, "G18.12-261120-180045")) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"MaTTHC": "1.999999"}, "PROCEDURE-NOT-FOUND"),
        ({"MaTTHC": "cấp phép"}, "PROCEDURE-CODE"),
        ({"MaDonViTiepNhan": "H22"}, "AGENCY-ENDED"),
        ({"MaDonViTiepNhan": "H99"}, "AGENCY-UNKNOWN"),
        ({"NguoiNop": {"HoVaTen": "A"}}, "portal.lacks"),
        ({"NgayNopHoSo": ""}, "portal.lacks"),
        ({"NgayNopHoSo": "hôm nay"}, "PORTAL-TIME"),
        ({"MaHoSo": "12345"}, "DOSSIER-CODE"),
        ({"NguoiNop": ["no", "person"]}, "portal.shape"),
    ],
)
def test_what_cannot_be_resolved_waits_with_its_reason(conn, change, why):
    assert take(conn, message(**change)) == 0
    take(conn, message("G18.12-261120-180046"))
    assert inbound.resolve(conn, now=NOW) == 1, "the other message goes on"
    (left,) = inbound.waiting(conn)
    assert left.reason.startswith(why)
    assert not left.alarming(NOW + timedelta(hours=7))
    assert left.alarming(NOW + timedelta(hours=9))


def test_an_old_code_is_followed_to_its_successor_and_the_dossier_keeps_its_own(conn):
    code = "000.00.00.G18-261120-180099"
    take(conn, message(code, MaDonViTiepNhan="000.00.00.G18"))
    assert inbound.resolve(conn, now=NOW) == 1
    found = dossier.find(conn, code)
    assert (found.code, found.unit, found.received_by) == (code, "G18", "000.00.00.G18")


def test_what_waited_is_resolved_when_the_obstacle_is_gone(conn):
    take(conn, message(MaTTHC="1.012279"))
    assert inbound.resolve(conn, now=NOW) == 0
    catalogue.draft(conn, "editor", replace(PROCEDURE, code="1.012279"), "test")
    catalogue.publish(conn, "head", "1.012279", date(2025, 7, 1))
    assert inbound.resolve(conn, now=NOW) == 0, "not at once: it waits a little longer each time"
    assert inbound.resolve(conn, now=NOW + timedelta(minutes=2)) == 1


def test_a_supplement_continues_the_dossier_that_waits_for_it(conn):
    code = message()["MaHoSo"]
    take(conn, message())
    inbound.resolve(conn, now=NOW)
    take(conn, {"MaHoSoQG": code, "data": {"TaiLieuNop": [{}]}}, kind="supplement")
    assert inbound.resolve(conn, now=NOW) == 0, "nobody asked for one yet"
    acting.move(conn, "canbo", ALL, code, "ask_supplement", {"components": ["TP02"]}, at=NOW)
    assert inbound.resolve(conn, now=NOW + timedelta(hours=1)) == 1
    assert dossier.find(conn, code).state == "received"


def test_the_same_papers_after_a_second_request_wait_for_a_person(conn):
    code, answer = (
        message()["MaHoSo"],
        {"MaHoSoQG": message()["MaHoSo"], "data": {"TaiLieuNop": [{}]}},
    )
    take(conn, message())
    inbound.resolve(conn, now=NOW)
    acting.move(conn, "canbo", ALL, code, "ask_supplement", {"components": ["TP02"]}, at=NOW)
    first = inbound.take(conn, "supplement", answer, at=NOW)
    inbound.resolve(conn, now=NOW + timedelta(hours=1))
    assert inbound.take(conn, "supplement", answer, at=NOW + timedelta(hours=2)).code == 1, "late"
    asked = NOW + timedelta(days=3)
    acting.move(
        conn,
        "canbo",
        ALL,
        code,
        "ask_supplement",
        {"components": ["TP03"], "approved_by": "truongphong"},
        at=asked,
    )

    again = inbound.take(conn, "supplement", answer, at=asked + timedelta(hours=1))
    assert (again.code, again.receipt) == (0, first.receipt)
    (left,) = inbound.waiting(conn)
    assert left.reason.startswith("portal.same-supplement") and left.held
    assert inbound.resolve(conn, now=asked + timedelta(days=30)) == 0, "no program decides"
    assert not inbound.resolve_one(conn, left.position, None, asked + timedelta(days=30))
    assert dossier.find(conn, code).state == "supplement"

    inbound.retry(conn, "canbo", left.position)
    assert inbound.resolve(conn, now=asked + timedelta(days=1)) == 1
    assert dossier.find(conn, code).state == "processing"


def test_a_person_may_reject_with_a_reason_and_once(conn):
    take(conn, message(MaTTHC="1.999999"))
    (left,) = inbound.waiting(conn)
    with pytest.raises(Refused):
        inbound.reject(conn, "canbo", left.position, " ")
    inbound.reject(conn, "canbo", left.position, "thử nghiệm của Cổng")
    assert inbound.waiting(conn) == []
    with pytest.raises(Conflict):
        inbound.reject(conn, "canbo", left.position, "lần nữa")


@pytest.mark.parametrize("body", [{}, {"MaHoSo": ""}, {"MaHoSo": "x" * 61}])
def test_without_a_code_the_portal_is_told_so(conn, body):
    assert take(conn, body) == -1


PUSHES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["", "1.999999", "H22"]), st.integers(0, 1)),
    max_size=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(PUSHES, st.integers(0, 5))
def test_no_dossier_is_lost_between_the_push_and_reception_or_queue(ready, pushes, every):
    """Invariant 2, for any order of pushes, repeats and resolving."""
    with ready.connect() as conn:
        pushed = set()
        for at, (number, fault, words) in enumerate(pushes):
            code = f"G18.12-261120-18{number:04d}"
            change = {"TrichYeuHoSo": str(words)}
            change |= {"MaTTHC": fault} if fault.startswith("1.") else {}
            change |= {"MaDonViTiepNhan": fault} if fault == "H22" else {}
            assert take(conn, message(code, **change)) in (0, 1)
            pushed.add(code)
            if every and at % every == 0:
                inbound.resolve(conn, now=NOW)
        inbound.resolve(conn, now=NOW)
        there = {code for (code,) in conn.execute("SELECT code FROM dossiers.dossier").fetchall()}
        queued = {one.code for one in inbound.waiting(conn)}
        assert pushed <= there | queued
        assert all(len(dossier.events(conn, code)) == 1 for code in there & pushed)
        conn.rollback()


def test_a_code_that_a_desk_gave_to_somebody_else_swallows_nothing(conn):
    """The Portal and a desk gave out the same code: what was pushed waits for a person, it does not vanish."""
    at_desk = Filing(
        procedure=PROCEDURE.code, unit="G18.12", channel="direct", filed_at=NOW, code="G18.12-261120-180045"
    )  # fmt: skip
    acting.file(conn, "desk", at_desk)
    take(conn, message())
    assert inbound.resolve(conn, now=NOW) == 0
    (left,) = inbound.waiting(conn)
    assert left.reason.startswith("DOSSIER-THERE")
