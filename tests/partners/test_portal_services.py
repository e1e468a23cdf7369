"""Every service of the profile against the stand-in on a real socket, and relays that change the envelope."""

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from lienthong.access import operator
from lienthong.dossiers import attachments
from lienthong.errors import Refused
from lienthong.partners.portal import (
    catalogues,
    inbound,
    ledger,
    mending,
    papers,
    personal_store,
    questions,
    saying,
    seen,
)
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.gathering import Gathering
from lienthong.partners.portal.links import Links
from lienthong.partners.portal.profile import profile, profiles
from lienthong.partners.portal.sending import Sending
from lienthong.partners.portal.sessions import Shared
from tests.partners.portal_world import APPLICANT, SAID
from tests.partners.test_portal_inbound import message

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
PDF = b"%PDF-1.7 invented paper"


# -- catalogues


def test_catalogues_are_compared_whole_and_what_is_gone_is_marked(conn, world):
    first = catalogues.fetch_all(conn, world.client, NOW)
    assert first > 10 and catalogues.fetch_all(conn, world.client, NOW) < first
    codes = list(world.standin.memory.procedures)
    full = catalogues.document(conn, codes[0])
    assert full is not None and full["MATTHC"] == codes[0]
    lines = [{"MATTHC": code, "TENTTHC": "x"} for code in codes[1:]] + [
        {"MATTHC": "9.000001", "TENTTHC": "mới"}
    ]
    changes = catalogues.keep(conn, "procedures", lines, NOW)
    assert (changes.new, changes.gone) == (["9.000001"], [codes[0]])
    (gone,) = conn.execute(
        "SELECT gone_at FROM portal.catalogue WHERE kind = 'procedures' AND code = %s", [codes[0]]
    ).fetchone()
    assert gone == NOW
    with pytest.raises(Refused, match="empty"):
        catalogues.keep(conn, "procedures", [], NOW)


def test_the_code_of_a_field_comes_from_the_catalogue_and_is_never_guessed(conn, world):
    conn.execute("DELETE FROM portal.catalogue")
    code = world.filed()
    works = ledger.load(conn, [code], world.now)
    works[0].procedure = msgspec.structs.replace(works[0].procedure, field_code="")
    Gathering().fill(conn, works, world.now)
    with pytest.raises(saying.Unsayable) as unsayable:
        saying.dossier_fields(works[0], world.client.profile)
    assert unsayable.value.missing == ("MaLinhVuc",)
    line_ = {"MALINHVUC": "G18-YT33", "TENLINHVUC": "  THIẾT BỊ   y tế "}
    catalogues.keep(conn, "fields", [line_], world.now)
    Gathering().fill(conn, works, world.now)
    assert works[0].field_code == "G18-YT33"
    catalogues.keep(conn, "fields", [line_, line_ | {"MALINHVUC": "G18-YT34"}], world.now)
    Gathering().fill(conn, works, world.now)
    assert works[0].field_code == "", "two codes of one name are no answer"


# -- sending


def test_whoever_filed_online_is_looked_up_once_and_nobody_is_made_up(world):
    code = world.filed(applicant={"technical_id": None})
    world.send()
    assert world.standin.memory.dossiers[code]["MaDoiTuong"]
    asked = world.standin.memory.counts["TraCuuTechID"]
    with world.db.connect() as conn:
        world.act(conn, code, 0)
    world.send()
    assert world.standin.memory.counts["TraCuuTechID"] == asked
    nobody = world.filed(applicant={"technical_id": None, "number": "001190000099"})
    world.client.technical_id = lambda number: None
    assert world.send().blocked == 1
    with world.db.connect() as conn:
        assert seen.seen(conn, nobody).missing == ["MaDoiTuong"]
    assert nobody not in world.standin.memory.dossiers


def test_a_blocked_dossier_goes_out_when_somebody_completed_it(world):
    code = world.filed(applicant={"number": None})
    assert world.send().blocked == 1 and world.send().blocked == 0, "not tried again by itself"
    with world.db.connect() as conn:
        conn.execute(
            "UPDATE dossiers.dossier SET applicant = applicant || %s WHERE code = %s",
            ['{"number": "001190000001"}', code],
        )
        assert mending.release(conn, "SoGiayToChuHoSo") >= 1
    assert world.send().dossiers >= 1
    assert code in world.standin.memory.dossiers


def test_papers_and_results_go_as_signed_links_of_their_own_dossier(world, home):
    code = world.filed()
    with world.db.connect() as conn:
        kept = attachments.attach(
            conn, "canbo", code, PDF, name="don.pdf", home=home, component="TP01"
        )
    links = Links(home, "https://lt.example.vn")
    sending = Sending(
        world.client, now=lambda: world.now, chance=lambda: 1.0, gather=Gathering(home, links.paper)
    )
    with world.db.connect(autocommit=True) as conn:
        sending.round(conn)
    (paper,) = world.standin.memory.dossiers[code]["TaiLieuNop"]
    assert (paper["MaThanhPhanHoSo"], paper["DuocSoHoa"]) == ("TP01", "1")
    assert f"/{code}/{kept.id}?" in paper["DuongDanTaiTepTin"]
    until, signature = (
        part.split("=")[1] for part in paper["DuongDanTaiTepTin"].split("?")[1].split("&")
    )
    links.check(code, kept.id, int(until), signature, world.now)


def test_the_generation_of_2020_leaves_out_what_it_does_not_know(conn, world):
    words = profile("adapter-v1-2020")
    code = world.filed(applicant={"phone": "0900000000"})
    works = ledger.load(conn, [code], world.now)
    Gathering().fill(conn, works, world.now)
    with pytest.raises(saying.Unsayable, match="TrichYeuHoSo"):
        saying.dossier_fields(works[0], words)
    works[0].dossier = msgspec.structs.replace(works[0].dossier, summary="Đề nghị cấp")
    said = saying.dossier_fields(works[0], words)
    assert not words.second_generation & set(said)
    assert {"MaHoSo", "MaTTHC", "Email", "TrangThaiHoSo"} <= set(said)


# -- relays


def test_every_declared_profile_can_be_read():
    assert {profile(name).profile for name in profiles()} >= {
        "adapter-v1",
        "adapter-v1-2020",
        "lgsp-bare",
    }


def test_a_relay_takes_the_bare_list_and_the_rest_in_its_query():
    seen_ = []

    def relay(request):
        seen_.append((request.method, request.url, request.content))
        if request.method == "GET":
            inner = msgspec.json.encode([{"MATTHC": "1.012289"}]).decode()
            return httpx.Response(200, json={"message": inner})
        return httpx.Response(200, json={"error_code": "0", "message": "thành công"})

    access = Access(
        url="http://relay", unit="000.00.00.H22", username="", password="", profile="lgsp-bare"
    )
    client = Client(access, httpx.MockTransport(relay))
    client.dossier({"MaHoSo": "G18-1", "KenhThucHien": 2}, update=True)
    client.progress([{"MaHoSo": "G18-1"}])
    (found,) = client.listed("procedures")
    assert found["MATTHC"] == "1.012289", "a list that was encoded twice"
    method, url, content = seen_[0]
    assert (method, url.path) == ("POST", "/SynsTTHCC/DongBoHoSoMC")
    assert dict(url.params) == {"MaDinhDanhDV": "000.00.00.H22", "isUpdating": "True"}
    assert msgspec.json.decode(content) == [{"MaHoSo": "G18-1", "KenhThucHien": "2"}]
    assert seen_[2][1].path == "/KetNoiMotCuaQuocGia/LayDanhSachTTHC"
    client.close()


# -- one session for all


def test_a_session_that_is_over_is_renewed_once_for_all_programs(ready, standin, home):
    access = Access(url=standin.url, unit="G18", username="byt", password="practise")
    programs = [
        Client(access, sessions=Shared(ready, home, f"test@{standin.url}")) for _ in range(3)
    ]
    before = standin.memory.counts["login"]

    def ask(client):
        for _ in range(3):
            client.look_up("nothing")

    for expected in (1, 2):
        threads = [threading.Thread(target=ask, args=[client]) for client in programs * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert standin.memory.counts["login"] - before == expected
        standin.services.expire()
    with ready.connect() as conn:
        (sealed,) = conn.execute("SELECT sealed FROM portal.session").fetchone()
    assert not any(session.encode() in sealed for session in standin.memory.sessions)
    for client in programs:
        client.close()


# -- questions, store, papers


def test_questions_are_fetched_once_and_answers_go_back(conn, world):
    world.standin.memory.change("question", key="HD900001", fields={
        "HOIDAPID": "HD900001", "NOIDUNG": "Bao lâu thì xong?", "HOVATEN": "Lê Thị Mẫu", "TRANGTHAI": "1",
    })  # fmt: skip
    assert questions.fetch(conn, world.client, NOW) == 1
    assert questions.fetch(conn, world.client, NOW) == 0
    questions.answer(conn, "vanphong", "HD900001", "Mười lăm ngày làm việc.", NOW)
    assert questions.send(conn, world.client, NOW, {"vanphong": "Văn Phòng"}) == 1
    sent = world.standin.memory.answers["HD900001"]
    assert (sent["NGUOITRALOI"], sent["NOIDUNGTRALOI"]) == ("Văn Phòng", "Mười lăm ngày làm việc.")
    assert questions.send(conn, world.client, NOW, {}) == 0


def test_the_citizens_store_is_asked_for_one_dossier_and_written_to_the_read_log(world, standin):
    old = world.filed("receive", "start", "settle")
    world.send()
    number = APPLICANT["number"]
    new = world.filed()
    with world.db.connect() as conn:
        found = personal_store.look(conn, world.client, operator(), new)
        (read,) = conn.execute(
            "SELECT count(*) FROM app.read_log WHERE action = 'dossier.read'"
        ).fetchone()
    assert any(one.name == SAID["result"] for one in found) and read >= 1
    assert standin.memory.dossiers[old]["SoGiayToChuHoSo"] == number
    stored = personal_store.Stored(code="x", name="Giấy phép", number="1", issuer="Cục", files=())
    standin.memory.change("fetched", key="/a", fields={"content": base64.b64encode(PDF).decode()})
    assert personal_store.file(world.client, stored, "/a") == PDF
    with pytest.raises(Refused, match="empty"):
        personal_store.file(world.client, stored, "/nowhere")


def test_papers_of_a_pushed_dossier_are_fetched_checked_and_attached(conn, world, home):
    code = "G18.12-261120-185001"
    world.standin.memory.change("paper", key="k1", fields={
        "name": "don.pdf", "type": "application/pdf", "content": base64.b64encode(PDF).decode(),
    })  # fmt: skip
    right, there = hashlib.sha256(PDF).hexdigest(), f"{world.standin.url}/files/k1"
    announced = [
        {"MaThanhPhanHoSo": "TP01", "TenTepDinhKem": "don.pdf", "Url": there, "Sha256": right},
        {"MaThanhPhanHoSo": "TP02", "TenTepDinhKem": "khac.pdf", "Url": there, "Sha256": "0" * 64},
        {"MaThanhPhanHoSo": "TP03", "TenTepDinhKem": "xa.pdf", "Url": "http://169.254.169.254/secret"},
        {"MaThanhPhanHoSo": "TP04", "TenTepDinhKem": "ngoai.pdf", "Base64": base64.b64encode(PDF + b"2").decode()},
        {"MaThanhPhanHoSo": "TP05", "TenTepDinhKem": "hong.pdf", "Base64": "không phải base64"},
    ]  # fmt: skip
    inbound.take(conn, "dossier", message(code, TaiLieuNop=announced), at=NOW)
    assert inbound.resolve(conn, home, now=NOW) >= 1
    assert papers.fetch_due(conn, world.client, home, NOW) == 2
    found = {
        one.component: (one.state, (one.failure or "").split(":")[0])
        for one in papers.of(conn, code)
    }
    assert found == {
        "TP01": ("kept", ""), "TP02": ("refused", "portal.paper-changed"), "TP03": ("refused", "portal.elsewhere"),
        "TP04": ("kept", ""), "TP05": ("refused", "portal.paper-empty"),
    }  # fmt: skip
    kept = attachments.attachments(conn, code)
    assert [one.component for one in kept] == ["TP01", "TP04"]
    assert papers.fetch_due(conn, world.client, home, NOW) == 0
    mending.on_dossier(conn, "vanphong", code, "papers", "", NOW)
    assert papers.fetch_due(conn, world.client, home, NOW) == 0, "they are no better than before"


def test_a_portal_that_is_down_is_asked_for_the_paper_later(conn, world, home):
    code = "G18.12-261120-185002"
    paper = {"TenTepDinhKem": "don.pdf", "Url": "http://127.0.0.1:9/files/k1"}
    inbound.take(conn, "dossier", message(code, TaiLieuNop=[paper]), at=NOW)
    inbound.resolve(conn, home, now=NOW)
    deaf = Client(Access(url="http://127.0.0.1:9", unit="G18", username="", password="", timeout=1))
    papers.fetch_due(conn, deaf, home, NOW)
    (one,) = papers.of(conn, code)
    assert (one.state, one.attempts) == ("waiting", 1)
    deaf.close()
