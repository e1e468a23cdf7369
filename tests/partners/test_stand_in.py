"""The stand-in Portal by itself: what it keeps over a restart, how it misbehaves, its pages and its API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.stand_ins.portal import catalogue, statistics
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Moods, Rates, checked
from lienthong.partners.stand_ins.portal.paying import seal
from lienthong.partners.stand_ins.portal.pushing import Site
from lienthong.partners.stand_ins.portal.services import Services
from lienthong.partners.stand_ins.portal.site import StandIn
from lienthong.partners.stand_ins.portal.view import STYLE

PERSON = {"name": "Lê Thị Mẫu", "number": "001190000001"}
PROCEDURE, UNIT = "1.012279", "G18.12"
PAGES = ("/", "/file", f"/file/{PROCEDURE}", "/dossiers", "/ask", "/watch", "/misbehave")


class Taken:
    """Our side, as a list; it takes what it has not refused to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict]] = []
        self.answers: list[tuple[int | None, str]] = []

    def __call__(self, kind, body):
        self.got.append((kind, dict(body)))
        return self.answers.pop(0) if self.answers else (0, "Đã tiếp nhận bản tin")


@pytest.fixture
def taken():
    return Taken()


@pytest.fixture
def standin(taken):
    with StandIn(deliver=taken) as made:
        yield made


@pytest.fixture
def browser(standin):
    with httpx.Client(base_url=standin.url, timeout=60) as client:
        yield client


def client_of(standin, **more):
    access = Access(url=standin.url, unit="G18", username="byt", password="practise", timeout=60)
    return Client(access, **more)


def settled(standin, code, state="9", **more):
    """Our side says that a dossier is in a state."""
    fields = {"MaHoSo": code, "TrangThaiHoSo": state, "DonViXuLy": UNIT} | more
    client_of(standin).dossier(fields, update=True)


def test_its_port_is_its_own_from_the_moment_it_is_made():
    """Else another program could get it before the server starts, and whoever calls would reach that one."""
    made = StandIn()
    with pytest.raises(OSError):
        StandIn(port=made.port)
    with made:
        assert httpx.get(f"{made.url}/stand-in/state", timeout=60).status_code == 200
        with pytest.raises(OSError):
            StandIn(port=made.port)
    StandIn(port=made.port)._socket.close()


# -- what a citizen does


def test_what_is_filed_is_pushed_until_it_is_taken(standin, taken):
    taken.answers = [(None, "ConnectError"), (-1, "Thiếu")]
    now = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    standin.memory.clock = lambda: now
    code = standin.citizens.file(PROCEDURE, UNIT, PERSON, {"noi_dung": "xin cấp"})
    assert code == "G18.12-261120-185001"
    for _ in range(3):
        standin.pushing.round()
        now += timedelta(minutes=10)
    assert [kind for kind, _ in taken.got] == ["dossier"] * 3
    body = taken.got[0][1]
    assert body["MaHoSo"] == code and body["NgayNopHoSo"] == "20261120100000"
    assert body["NguoiNop"]["TechID"] and body["BieuMau"] == {"noi_dung": "xin cấp"}
    assert standin.pushing.round() == 0 and standin.pushing.waiting() == []


@pytest.mark.parametrize(
    ("fault", "holds"),
    [
        ("unmapped", lambda body: body["MaTTHC"] == catalogue.UNMAPPED),
        ("no_technical_id", lambda body: "TechID" not in body["NguoiNop"]),
        ("old_agency", lambda body: body["MaDonViTiepNhan"] == "000.00.00.G18"),
        ("bad_signature", lambda body: body["TaiLieuNop"][0]["ChuKySo"] == "khong-doc-duoc"),
    ],
)
def test_a_push_has_the_fault_that_was_asked_for(standin, taken, fault, holds):
    from lienthong.partners.stand_ins.portal.citizens import Paper

    standin.moods.then_push(fault)
    papers = [Paper(component="TP01", name="đơn.pdf", content=b"%PDF")]
    standin.citizens.file(PROCEDURE, UNIT, PERSON, papers=papers)
    standin.citizens.file(PROCEDURE, UNIT, PERSON, papers=papers)
    standin.pushing.round()
    spoilt, plain = (body for _, body in taken.got)
    assert holds(spoilt)
    assert not plain["TaiLieuNop"][0].get("ChuKySo") and plain["MaTTHC"] == PROCEDURE


def test_a_push_is_repeated_on_purpose_and_another_held_back(standin, taken):
    standin.moods.then_push("held_back")
    first = standin.citizens.file(PROCEDURE, UNIT, PERSON)
    standin.moods.then_push("repeat")
    second = standin.citizens.file(PROCEDURE, UNIT, PERSON)
    standin.pushing.round()
    standin.memory.offset = timedelta(minutes=1)
    standin.pushing.round()
    assert [body["MaHoSo"] for _, body in taken.got] == [second, second, first]


def test_a_supplement_needs_a_request_and_something_in_it(standin, taken):
    code = standin.citizens.file(PROCEDURE, UNIT, PERSON)
    with pytest.raises(Refused):
        standin.citizens.supplement(code, (), "đây")
    settled(standin, code, "5")
    with pytest.raises(Refused):
        standin.citizens.supplement(code, (), " ")
    standin.citizens.supplement(code, (), "đã bổ sung")
    standin.pushing.round()
    assert taken.got[-1][1]["MaHoSoQG"] == code


def test_only_what_has_ended_is_rated(standin, taken):
    code = standin.citizens.file(PROCEDURE, UNIT, PERSON)
    with pytest.raises(Refused):
        standin.citizens.rate(code, "2", {})
    settled(standin, code, "10")
    with pytest.raises(Refused):
        standin.citizens.rate(code, "7", {})
    standin.citizens.rate(code, "2", {"1": "2", "2": ""})
    standin.pushing.round()
    assert taken.got[-1][0] == "rating" and taken.got[-1][1]["TieuChi"] == {"1": "2"}


def test_a_fee_is_asked_paid_once_and_called_back(standin, taken):
    said = {"LoaiBanTin": "INIT", "PhienBan": "1.0.6", "MaDoiTac": "BYT", "MaThamChieu": "R1", "SoTien": "430000",
            "ThongTinBienLai": {"MaHoSo": "G18.12-261120-185001"}}  # fmt: skip
    assert standin.paying.answer(said | {"MaXacThuc": "0" * 64})["error_code"] == "-1"
    init = standin.paying.answer(said | {"MaXacThuc": seal("INIT", said, "practise")})
    assert f"{standin.url}/pay/R1" in init["message"]
    standin.moods.then_push("wrong_amount", "wrong_hash")
    for _ in range(2):
        standin.paying.pay("R1")
    standin.pushing.round()
    ((kind, callback),) = taken.got
    assert (kind, callback["SoTien"], callback["MaXacThuc"]) == ("payment", "429000", "0" * 64)
    again = standin.paying.callback("R1")
    assert again["MaXacThuc"] == seal("CALLBACK", again, "practise")


# -- how it answers us


def test_it_answers_as_the_real_one(standin):
    calls = Services(standin.memory)
    session = {"session": calls.log_in({"username": "byt", "password": "practise"})["session"]}

    def say(service, **more):
        answer = calls.answer(session | {"service": service} | more)
        return int(answer["error_code"]), answer["message"], answer.get("result")

    one = {"MaHoSo": "H15-261120-0001", "TrangThaiHoSo": "2", "NgayTiepNhan": "20261120090000"}
    assert say("DongBoHoSoMC", isUpdating="True", data=[one])[0] == -1, (
        "an unknown one is not changed"
    )
    assert say("DongBoHoSoMC", isUpdating="False", data=[one])[0] == 0
    code, words, _ = say("DongBoHoSoMC", isUpdating="False", data=[one])
    assert code == -3 and "đã tồn tại" in words
    step = {"MaHoSo": one["MaHoSo"], "NoiDungXuLy": "Tiếp nhận"}
    for _ in range(2):
        say("CapNhatTienDoHoSoMC", data=[step])
    assert len(say("TraCuuHoSo", mahoso=one["MaHoSo"])[2][0]["TienDo"]) == 2, (
        "nothing tells steps apart"
    )
    assert say("TraCuuTechID", mstorcmnd="001190000001")[2][0]["TECHNICALID"]
    assert len(say("LayDanhSachTTHC")[2]) == len(standin.memory.procedures) > 200
    assert say("LayThuTuc", maTTHC=PROCEDURE)[2][0]["MATTHC"] == PROCEDURE
    assert {one["MADONVI"] for one in say("LayDanhMucCoQuan")[2]} >= {"G18", "H22"}
    assert say("KhongCo")[0] == -1
    kinds = {
        type(calls.answer(session | {"service": "TraCuuHoSo"})["error_code"]) for _ in range(2)
    }
    assert kinds == {int, str}
    standin.memory.offset = timedelta(hours=1)
    assert "Phiên" in say("TraCuuHoSo")[1], "a session ends by the clock"


def test_a_late_act_is_done_when_nobody_waits_for_it_any_more(standin):
    now = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    standin.memory.clock = lambda: now
    client = client_of(standin)
    standin.moods.then("well", "late")
    with pytest.raises(Unavailable):
        client.dossier({"MaHoSo": "H15-261120-0001", "TrangThaiHoSo": "1"}, update=False)
    client.dossier({"MaHoSo": "H15-261120-0001", "TrangThaiHoSo": "2"}, update=False)
    now += timedelta(seconds=6)
    assert client.look_up("H15-261120-0001")["TrangThaiHoSo"] == "2", "made twice is refused"
    assert standin.memory.history["H15-261120-0001"] == ["2"]


def test_the_same_seed_deals_the_same_faults():
    rates = Rates(drop_before=0.1, part=0.1, repeat=0.3)
    first, second = Moods(rates, seed=7), Moods(rates, seed=7)
    assert [first.draw() for _ in range(50)] == [second.draw() for _ in range(50)]
    assert [first.draw_push() for _ in range(20)] == [second.draw_push() for _ in range(20)]
    for wrong in (Rates(part=0.6, late=0.6), Rates(part=-0.1), Rates(slow_seconds=601)):
        with pytest.raises(Refused):
            checked(wrong)


# -- what it keeps


def test_what_it_holds_survives_a_kill_in_the_middle_of_a_line(tmp_path):
    file = tmp_path / "portal.jsonl"
    first = Memory(file=file)
    catalogue.fill(first)
    for number in range(3):
        first.change("dossier", fields={"MaHoSo": f"H15-261120-000{number}", "TrangThaiHoSo": "1"})
    first.change("step", step={"MaHoSo": "H15-261120-0001"})
    first.change("rating", key="H15-261120-0001", fields={"MucDoHaiLong": "2"})
    first.change("withdrawn", code=PROCEDURE)
    with file.open("ab") as torn:
        torn.write(b'{"kind":"dossier","fields":{"MaHo')
    second = Memory(file=file)
    assert second.dossiers == first.dossiers and second.steps == first.steps
    assert second.ratings == first.ratings and second.procedures == first.procedures
    second.change("step", step={"MaHoSo": "H15-261120-0002"})
    third = Memory(file=file)
    assert third.steps == second.steps
    third.forget()
    assert Memory(file=file).dossiers == {} and Memory(file=file).procedures == first.procedures


def test_its_daily_counts_are_those_of_indicator_1_4():
    memory = Memory()
    days = ("20261119170000", "20261120080000", "20261120090000", None)
    for number, received in enumerate(days):
        fields = {"MaHoSo": f"{number}", "NgayTiepNhan": received, "NgayNopHoSo": "20261119080000",
                  "NoiNopHoSo": "1", "DonViXuLy": UNIT, "TrangThaiHoSo": "2"}  # fmt: skip
        memory.change("dossier", fields={key: value for key, value in fields.items() if value})
    counted = statistics.daily(memory, date(2026, 11, 19), date(2026, 11, 20))
    assert [(one.day, one.filed, one.synced) for one in counted] == [
        ("2026-11-19", 4, 1), ("2026-11-20", 0, 2)
    ]  # fmt: skip
    assert statistics.daily(memory, date(2026, 11, 21), date(2026, 11, 22)) == []


# -- its pages and its API


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_page_says_what_it_is_in_three_languages(browser, language):
    browser.post("/language", data={"language": language})
    label = {
        "vi": "Bản thử, dữ liệu bịa",
        "en": "Stand-in, invented data",
        "fr": "Portail d&#39;essai",
    }
    for page in PAGES:
        answer = browser.get(page)
        assert answer.status_code == 200 and label[language] in answer.text, page
        assert f'<html lang="{language}">' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text


def test_a_citizen_files_with_a_paper_on_the_page(standin, browser, taken):
    answer = browser.post(
        f"/file/{PROCEDURE}", data=PERSON | {"unit": UNIT, "form.noi_dung": "xin cấp"},
        files={"paper.TP01": ("đơn.pdf", b"%PDF-1.7", "application/pdf")}, follow_redirects=True,
    )  # fmt: skip
    code = str(answer.url).rpartition("/")[2].partition("?")[0]
    assert answer.status_code == 200 and code in answer.text
    standin.pushing.round()
    ((_, body),) = taken.got
    link = body["TaiLieuNop"][0]["Url"]
    assert browser.get(link).content == b"%PDF-1.7"
    wrong = browser.post(f"/file/{PROCEDURE}", data=PERSON | {"unit": UNIT, "number": "12"})
    assert wrong.status_code == 422 and "12 chữ số" in wrong.text
    assert browser.get("/dossiers/none").status_code == 404


def test_moods_and_clock_are_set_on_the_page_and_by_the_api(standin, browser):
    browser.post("/misbehave", data={"drop_after": "12,5", "seed": "5", "down": "1"})
    said = browser.get("/stand-in/state").json()["moods"]
    assert (said["rates"]["drop_after"], said["seed"], said["down"]) == (0.125, 5, True)
    assert browser.post("/misbehave", data={"drop_after": "170"}).status_code == 422
    assert browser.post("/misbehave", data={"drop_after": "viele"}).status_code == 422
    browser.put("/stand-in/moods", json={"down": False, "next": ["busy"]})
    with pytest.raises(Unavailable):
        client_of(standin).look_up("x")
    browser.post("/clock", data={"hours": "48"})
    assert standin.memory.offset == timedelta(days=2)
    browser.post("/clock", data={"back": "1"})
    assert standin.memory.offset == timedelta()
    assert browser.put("/stand-in/moods", json={"moody": 1}).status_code >= 400
    browser.post("/catalogue", data={"code": "1.888888", "name": "Thủ tục mới", "act": "+"})
    assert standin.memory.procedures["1.888888"]["TENTTHC"] == "Thủ tục mới"
    browser.post("/catalogue", data={"code": "1.888888", "act": "-"})
    assert "1.888888" not in standin.memory.procedures


def test_another_site_cannot_make_a_browser_act(browser):
    answer = browser.post("/forget", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_result_is_fetched_by_our_link_and_given_to_the_citizen(standin, browser):
    code = standin.citizens.file(PROCEDURE, UNIT, PERSON)
    link = f"{standin.url}/static/style.css"
    standin.pushing.deliver = type("Ours", (Taken,), {"fetch": lambda self, url: b"%PDF result"})()
    settled(
        standin,
        code,
        "10",
        DanhSachGiayToKetQua=[{"TenGiayTo": "Giấy phép", "DuongDanTepTinKetQua": link}],
    )
    standin.pushing.round()
    assert browser.get(f"/dossiers/{code}/results/0").content == b"%PDF result"
    assert "Giấy phép" in browser.get(f"/dossiers/{code}").text
    assert browser.get(f"/dossiers/{code}/results/1").status_code == 404


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.1:9/x", "//127.0.0.1:9/x", "file:///etc/passwd", "http://127.0.0.1:99999/"],
)
def test_it_fetches_from_the_connected_system_only(standin, link):
    with pytest.raises((httpx.HTTPError, httpx.InvalidURL)) as refused:
        Site(standin.url, "").fetch(link)
    assert not isinstance(refused.value, httpx.ConnectError)
    assert Site(standin.url, "").fetch("/static/style.css") == STYLE.read_bytes()
