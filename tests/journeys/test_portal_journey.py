"""The whole journey by HTTP: a citizen files on the stand-in Portal, officials settle on our pages, both agree."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime

import httpx
import pytest
from litestar.testing import TestClient

from lienthong import settings
from lienthong.access import accounts, operator
from lienthong.app import create_app
from lienthong.clock import local
from lienthong.partners.portal import inbound, papers, payments, ratings, reconciling
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.gathering import Gathering
from lienthong.partners.portal.links import Links
from lienthong.partners.portal.paying import Platform
from lienthong.partners.portal.sending import Sending
from lienthong.partners.stand_ins.portal.pushing import PATHS
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.journeys.portal_country import (
    CITIZEN,
    FEE,
    PASSWORD,
    PDF,
    PROCEDURE,
    RESULT_PDF,
    SECRET,
    UNIT,
    settle,
)
from tests.partners.both_sides import broken

OURS = "http://ours.example"
SERIALS = itertools.count(0, 100)


class Journey:
    """Both sides, the worker between them turned by hand, and whoever is signed in."""

    def __init__(self, db, home, site, standin, token):
        self.db, self.home, self.site, self.standin, self.token = db, home, site, standin, token
        standin.pushing.deliver = self
        self.portal = httpx.Client(base_url=standin.url, timeout=300)
        access = Access(url=standin.url, unit="G18", username="byt", password=SECRET, timeout=60)
        self.client = Client(access)
        self.ahead = 0.0
        self.sending = Sending(
            self.client,
            now=self.now,
            chance=lambda: 0.0,
            gather=Gathering(home, Links(home, OURS).paper),
        )

    def now(self):
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.ahead, UTC)

    # -- the stand-in reaches our site through these

    def __call__(self, kind, body):
        answer = self.site.post(
            PATHS[kind], json=body, headers={"authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 200, answer.text
        said = answer.json()
        code = said.get("error_code", said.get("MaLoi"))
        return int(code), said.get("message") or said.get("MoTaLoi")

    def fetch(self, address):
        answer = self.site.get(address.removeprefix(OURS))
        answer.raise_for_status()
        return answer.content

    # -- the worker

    def work(self):
        """What the worker does in a while: push, resolve, pay, send."""
        self.standin.pushing.round()
        with self.db.connect("owner", autocommit=True) as conn:
            inbound.resolve(conn, self.home, now=self.now(), client=self.client)
            papers.fetch_due(conn, self.client, self.home, self.now())
            Platform(self.client, self.standin.url, self.home).round(conn, self.now())
            done = self.sending.round(conn)
        self.standin.pushing.round()
        return done

    # -- officials

    def enter(self, name):
        self.site.cookies.clear()
        answer = self.site.post(
            "/login", data={"name": name, "password": PASSWORD}, follow_redirects=False
        )
        assert answer.status_code == 303, answer.text

    def page(self, path):
        answer = self.site.get(path)
        assert answer.status_code == 200, answer.text[-2000:]
        return answer.text

    def act(self, who, code, act, **said):
        self.enter(who)
        csrf = re.search(r'name="_csrf_token" value="([^"]+)"', self.page(f"/dossiers/{code}"))[1]
        answer = self.site.post(f"/dossiers/{code}/acts/{act}", data=said | {"_csrf_token": csrf})
        assert answer.status_code == 200 and 'role="alert"' not in answer.text, answer.text[-3000:]
        return answer.text

    def attach(self, who, code, content):
        self.enter(who)
        csrf = re.search(r'name="_csrf_token" value="([^"]+)"', self.page(f"/dossiers/{code}"))[1]
        answer = self.site.post(
            f"/dossiers/{code}/attachments", files={"file": ("ketqua.pdf", content, "application/pdf")},
            data={"_csrf_token": csrf, "kind": "result", "form": "electronic", "component": ""},
        )  # fmt: skip
        assert answer.status_code == 200 and 'role="alert"' not in answer.text
        return re.search(r'/attachments/(\d+)">ketqua\.pdf', answer.text)[1]

    # -- a citizen

    def file(self, **more):
        answer = self.portal.post(
            f"/file/{PROCEDURE.code}", data=CITIZEN | {"unit": UNIT, "form.noi_dung": "xin cấp phép"} | more,
            files={"paper.TP01": ("don.pdf", PDF, "application/pdf")}, follow_redirects=True,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return re.search(r"/dossiers/([^?]+)\?filed", str(answer.url))[1]

    def state(self, code):
        return re.search(r'data-state="(\d+)"', self.portal.get(f"/dossiers/{code}").text)[1]


@pytest.fixture(scope="module")
def ready(db, folder, chosen):
    return settle(db, folder)


@pytest.fixture(scope="module")
def ours(db, folder, chosen, ready):
    app = create_app(
        db, settings.read({"LIENTHONG_HOME": str(folder), "LIENTHONG_PUBLIC_URL": OURS})
    )
    with TestClient(app, base_url=OURS) as site:
        yield site


@pytest.fixture
def journey(db, folder, ours, ready):
    with StandIn() as standin:
        made = Journey(db, folder, ours, standin, ready)
        day = f"{local(made.now()):%y%m%d}"  # each test's Portal goes on where the one before it stopped
        standin.memory.change("serial", of=f"{UNIT}-{day}", last=next(SERIALS))
        yield made
        made.portal.close()
        made.sending.close()
        made.client.close()


def test_from_filing_to_rating_through_a_broken_line(journey, db, folder):
    code = journey.file()
    assert journey.state(code) == "1"
    journey.work()

    journey.enter("receiver")
    assert code in journey.page("/dossiers?view=unit")
    assert "don.pdf" in journey.page(f"/dossiers/{code}"), (
        "the citizen's paper was fetched and is there"
    )
    journey.act(
        "receiver", code, "ask_supplement", components="Bản mô tả", guidance="bản chụp bị mờ"
    )

    journey.standin.moods.down = True
    assert journey.work().dossiers == 0
    assert journey.state(code) == "1", "the line is down: the citizen cannot see it yet"
    journey.standin.moods.down = False
    journey.ahead += 3600
    journey.work()
    seen = journey.portal.get(f"/dossiers/{code}").text
    assert journey.state(code) == "5" and "Bản mô tả" in seen

    answer = journey.portal.post(
        f"/dossiers/{code}/supplement", data={"note": "bản rõ hơn"},
        files={"paper.BS01": ("mota.pdf", PDF + b"\n", "application/pdf")}, follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code == 200
    journey.standin.moods.then("drop_after")  # what is taken is not taken twice
    journey.work()
    journey.ahead += 3600
    journey.work()
    assert journey.state(code) == "2", "the clock began with the supplement"

    journey.act("processor", code, "start")
    journey.act("processor", code, "ask_payment", fees_lines="PLP01")
    journey.work()
    journey.work()
    assert journey.state(code) == "6"
    pay = re.search(r'href="(/pay/[^"]+)"', journey.portal.get(f"/dossiers/{code}").text)[1]
    assert "430.000" in journey.portal.get(pay).text
    for _ in range(2):  # a citizen clicks twice
        journey.portal.post(pay)
    journey.work()
    assert journey.state(code) == "4"
    journey.work()
    with db.connect("owner") as conn:
        (paid,) = payments.of(conn, code)
        assert (paid.amount, paid.state) == (FEE, "settled")
    bill = journey.portal.get(f"{pay}/bill").content
    assert bill.startswith(b"%PDF-"), "the citizen has the bill"
    journey.enter("receiver")
    assert journey.site.get(f"/dossiers/{code}/attachments/{paid.bill}").content == bill
    journey.enter("office")
    assert f"/attachments/{paid.bill}" in journey.page(f"/portal/dossiers/{code}")

    number = journey.attach("processor", code, RESULT_PDF)
    journey.act("decider", code, "settle", result="Giấy phép nhập khẩu", number="12/GP", attachment=number,
                result_code="000.00.00.G18-KQ000001")  # fmt: skip
    journey.work()
    assert journey.state(code) == "9"
    assert journey.portal.get(f"/dossiers/{code}/results/0").content == RESULT_PDF, (
        "fetched by our signed link"
    )
    journey.act("receiver", code, "hand_over")
    journey.work()
    assert journey.state(code) == "10"

    journey.portal.post(f"/dossiers/{code}/rating", data={"overall": "2", "criterion1": "2"})
    journey.work()
    agreed(journey, db, [code])
    with db.connect("owner") as conn:
        assert ratings.of(conn, code)["overall"] == 2

    journey.enter("office")
    assert code in journey.page(f"/portal/dossiers/{code}")
    assert journey.page("/portal")


@pytest.mark.parametrize("when", ["at once", "in work"])
def test_a_citizen_withdraws(journey, db, when):
    code = journey.file()
    journey.work()
    if when == "in work":
        journey.act("receiver", code, "receive")
        journey.act("processor", code, "start")
        journey.work()
    page = journey.portal.get(f"/dossiers/{code}").text
    assert f'action="/dossiers/{code}/withdrawal"' in page
    said = {"reason": "nộp nhầm thủ tục"}
    answer = journey.portal.post(f"/dossiers/{code}/withdrawal", data=said, follow_redirects=True)
    assert answer.status_code == 200 and f'action="/dossiers/{code}/withdrawal"' not in answer.text
    again = journey.portal.post(f"/dossiers/{code}/withdrawal", data=said)
    assert again.status_code == 422, "once is enough"
    journey.standin.moods.then("drop_after")
    journey.work()
    journey.ahead += 3600
    journey.work()
    assert journey.state(code) == "7"
    journey.enter("receiver")
    assert "nộp nhầm thủ tục" in journey.page(f"/dossiers/{code}")
    agreed(journey, db, [code])


def test_what_was_settled_meanwhile_cannot_be_withdrawn_and_somebody_sees_it(journey, db):
    code = journey.file()
    journey.work()
    journey.act("receiver", code, "receive")
    journey.act("processor", code, "start")
    journey.work()
    journey.act("decider", code, "settle", result="Giấy phép nhập khẩu")
    assert journey.portal.post(f"/dossiers/{code}/withdrawal").status_code == 303
    journey.work()
    journey.work()
    assert journey.state(code) == "9"
    journey.enter("office")
    assert code in journey.page("/portal/inbound")
    assert journey.portal.post(f"/dossiers/{code}/withdrawal").status_code == 422


def agreed(journey, db, codes):
    """Both sides say the same, each step exists once, nothing differs when they are compared."""
    with db.connect("owner", autocommit=True) as conn:
        assert broken(conn, journey.standin.memory, codes, codes, {}) == {}
        assert reconciling.reconcile(conn, journey.client, codes) == []


@pytest.mark.parametrize("fault", ["unmapped", "old_agency", "bad_signature"])
def test_what_cannot_be_taken_waits_on_a_page_and_not_in_the_void(journey, db, fault):
    journey.standin.moods.then_push(fault)
    code = journey.file(number="079190000002")
    journey.work()
    journey.enter("office")
    listed = journey.page("/portal/inbound")
    with db.connect("owner") as conn:
        filed = conn.execute("SELECT 1 FROM dossiers.dossier WHERE code = %s", [code]).fetchone()
    assert (code in listed) != bool(filed), "either it is a dossier, or it is seen in the queue"
    assert bool(filed) == (fault == "old_agency"), "an old code is followed to its successor"


def test_a_callback_with_a_wrong_sum_or_seal_settles_nothing(journey, db):
    code = journey.file(number="079190000003")
    journey.work()
    journey.act("receiver", code, "receive")
    journey.act("receiver", code, "ask_payment", fees_lines="PLP01")
    journey.work()
    journey.work()
    pay = re.search(r'href="(/pay/[^"]+)"', journey.portal.get(f"/dossiers/{code}").text)[1]
    journey.standin.moods.then_push("wrong_amount", "wrong_hash")
    journey.portal.post(pay)
    journey.work()
    with db.connect("owner") as conn:
        (asked,) = payments.of(conn, code)
        assert asked.state == "open"
    assert journey.state(code) == "6"


def test_a_stranger_cannot_push(journey):
    for headers in ({}, {"authorization": "Bearer lt_000000000000_" + "x" * 43}):
        answer = journey.site.post(PATHS["dossier"], json={"MaHoSo": "x"}, headers=headers)
        assert answer.status_code in (401, 403)
    with journey.db.connect() as conn:
        assert accounts.find(conn, "receiver") and operator()
