"""Roads off the usual one: a desk in another province, an officer who is away, files that are no papers."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pypdf
import pytest
import typst
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import expect

from lienthong.access import accounts, operator
from lienthong.synthetic.signing import signed_pdf
from tests.dossiers import test_pdf_signatures as signing
from tests.dossiers.world import PROCEDURE, UNIT, filed
from tests.journeys import test_dossier_browser
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_dossier_browser import CHROMIUM, do, fits

people, chromium = test_dossier_browser.people, test_dossier_browser.chromium
sit_down = test_dossier_browser.refused_too
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
GOOD = '.note.good[role="status"]'
FAR = "H29.50"
"""An agency of another province, at whose desk papers are handed in for UNIT."""


def opened(page, act):
    form = page.locator(f'form[action$="/acts/{act}"]').first
    if not form.is_visible():
        page.locator(f'details:has(form[action$="/acts/{act}"]) > summary').first.click()
    return form


def acts(page) -> set[str]:
    """What the page offers to do."""
    forms = page.locator('form[action*="/acts/"]').all()
    return {form.get_attribute("action").rpartition("/")[2] for form in forms}


def printed(page, served, code, number) -> str:
    answer = page.request.get(f"{served}/dossiers/{code}/papers/{number}.pdf")
    sheets = pypdf.PdfReader(io.BytesIO(answer.body())).pages
    return " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())


@pytest.fixture(scope="module")
def far(db, people):
    with db.connect() as conn:
        accounts.create(
            conn, operator(), "quay", name="Cán bộ quầy", roles=["receiver"], password=PASSWORD,
            facility=FAR, province="79",
        )  # fmt: skip
        accounts.create(
            conn, operator(), "tinh66", name="Cán bộ tỉnh", roles=["province_officer"], password=PASSWORD,
            province="66",
        )  # fmt: skip


def test_handed_in_in_another_province_and_given_back_there(sit_down, served, far):
    desk = sit_down("quay")
    desk.goto(f"{served}/dossiers/new?procedure={PROCEDURE.code}")
    desk.select_option("[name='applicant.kind']", "person")
    desk.fill("[name='applicant.name']", "Nguyễn Văn Mẫu")
    desk.select_option("[name='applicant.number_kind']", "cccd")
    desk.fill("[name='applicant.number']", "001190000001")
    desk.fill("[name=unit]", UNIT)
    desk.get_by_role("button", name="Nộp hồ sơ này").click()
    desk.wait_for_selector(GOOD)
    code = desk.locator("h1").inner_text()
    assert "Nơi nộp" in desk.inner_text("main") and FAR in desk.inner_text("main")
    assert acts(desk) == {"withdraw"}, (
        "the desk receives nothing in the place of the competent agency"
    )
    of_province = sit_down("tinh66")
    of_province.goto(f"{served}/dossiers")
    expect(of_province.get_by_role("link", name=code)).to_be_visible()

    clerk = sit_down("hoa")
    clerk.goto(f"{served}/dossiers?view=unit")
    clerk.get_by_role("link", name=code).click()
    clerk.wait_for_url(f"**/dossiers/{code}")
    do(clerk, "receive")
    officer = sit_down("minh")
    officer.goto(f"{served}/dossiers/{code}")
    do(officer, "start")
    opened(officer, "ask_supplement").get_by_label("Bản sao giấy phép").check()
    do(officer, "ask_supplement")
    desk.goto(f"{served}/dossiers?view=unit")
    desk.get_by_role("link", name=code).click()
    desk.wait_for_url(f"**/dossiers/{code}")
    do(desk, "supplement")
    head = sit_down("lan")
    head.goto(f"{served}/dossiers/{code}")
    head.fill('form[action$="/acts/settle"] [name=result]', "Giấy phép hoạt động")
    do(head, "settle")
    desk.set_viewport_size({"width": 390, "height": 850})
    desk.goto(f"{served}/dossiers/{code}")
    assert acts(desk) == {"hand_over"} and fits(desk)
    do(desk, "hand_over")
    assert "Đã trả kết quả" in desk.inner_text("main")


def test_a_substitute_acts_and_the_work_is_handed_over(sit_down, served, db, people):
    with db.connect() as conn:
        codes = [filed(conn), filed(conn)]
    clerk, head = sit_down("hoa"), sit_down("lan")
    for code in codes:
        clerk.goto(f"{served}/dossiers/{code}")
        do(clerk, "receive")
        head.goto(f"{served}/dossiers/{code}")
        opened(head, "assign").locator("[name=holder]").select_option("minh")
        do(head, "assign")
    head.goto(f"{served}/dossiers/substitutes")
    head.select_option("#absent", "minh")
    head.select_option("#substitute", "tu")
    head.fill("#last", "2020-01-01")
    head.fill("form[action$='/substitutes'] [name=reason]", "Đi học")
    head.get_by_role("button", name="Cử người làm thay").click()
    assert "phải sau" in head.inner_text('[role="alert"]')
    assert head.locator("#absent").input_value() == "minh", "nothing that was written is lost"
    head.fill("#last", "2099-01-01")
    head.get_by_role("button", name="Cử người làm thay").click()
    head.wait_for_selector(GOOD)
    other = sit_down("tu")
    other.goto(f"{served}/dossiers")
    assert "làm thay Cán bộ minh" in other.inner_text("main")
    other.get_by_role("link", name=codes[0]).click()
    other.wait_for_url(f"**/dossiers/{codes[0]}")
    do(other, "start")
    opened(other, "ask_supplement").get_by_label("Bản sao giấy phép").check()
    do(other, "ask_supplement")
    other.goto(f"{served}/dossiers/{codes[0]}/papers")
    other.get_by_role("button", name="Phiếu kiểm soát").click()
    other.wait_for_selector(GOOD)
    assert "Cán bộ tu (Người thụ lý, thay Cán bộ minh)" in printed(other, served, codes[0], 1)

    head.goto(f"{served}/dossiers/substitutes")
    head.select_option("#from", "minh")
    head.select_option("#to", "tu")
    head.fill("#why", "Nghỉ hưu")
    head.get_by_role("button", name="Bàn giao toàn bộ").click()
    head.wait_for_selector(GOOD)
    head.get_by_role("button", name="Kết thúc").first.click()
    head.wait_for_selector("text=kết thúc sớm")
    other.goto(f"{served}/dossiers")
    assert "làm thay" not in other.inner_text("main")
    for code in codes:
        assert "Cán bộ tu" in other.locator("tr", has_text=code).inner_text()


def bomb() -> bytes:
    """A Word file that unpacks to far more than any paper."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", bytes(70 * 1024 * 1024))
    return out.getvalue()


@pytest.fixture(scope="module")
def forged() -> bytes:
    """A signed permit of which one byte was changed; made in a thread of its own, Playwright holds this one's loop."""

    def make() -> bytes:
        keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
        root = signing.made(keys[0], "CA mẫu", keys[0], "CA mẫu", ca=True)
        holder = signing.made(keys[1], "Sở Y tế mẫu", keys[0], "CA mẫu")
        private = keys[1].private_bytes(
            signing.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        blank = bytes(typst.compile("Giấy phép".encode(), format="pdf"))
        return signed_pdf(blank, private, [signing.der(holder), signing.der(root)])

    with ThreadPoolExecutor(1) as thread:
        data = thread.submit(make).result()
    at = data.index(b"stream", 200) + 20
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_files_that_are_no_papers(sit_down, served, db, people, forged):
    with db.connect() as conn:
        code = filed(conn)
    clerk = sit_down("hoa")

    def attach(name, data):
        clerk.goto(f"{served}/dossiers/{code}")
        clerk.locator("summary", has_text="Đính kèm tệp").click()
        sent = {"name": name, "mimeType": "application/pdf", "buffer": data}
        clerk.set_input_files("#file", sent)
        clerk.select_option("#component", "TP02")
        clerk.get_by_role("button", name="Đính kèm tệp").click()

    told = {}
    for name, data in (
        ("trong.pdf", b""), ("don.pdf", b"MZ" + bytes(200)), ("bom.docx", bomb()),
    ):  # fmt: skip
        attach(name, data)
        told[name] = clerk.locator('[role="alert"]').inner_text()
        assert clerk.input_value("#component") == "TP02", "what was chosen stays chosen"
    assert told == {
        "trong.pdf": "trong.pdf: Tệp trống.",
        "don.pdf": "don.pdf: Loại tệp này không được đính kèm; được phép: pdf, jpg, jpeg, png, tif, tiff, xml, docx,"
        " xlsx.",
        "bom.docx": "bom.docx: Tệp bung ra lớn hơn mức hợp lý rất nhiều; bị từ chối.",
    }
    attach("giấy phép.pdf", forged)
    clerk.wait_for_selector(GOOD)
    files = clerk.inner_text("#attachments")
    assert "chữ ký số không khớp" in files and "tệp không còn như lúc ký" in files
    assert [name for name in told if name in files] == []
