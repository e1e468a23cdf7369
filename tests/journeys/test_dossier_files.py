"""A scanner is set up after files came: an officer has them looked at again, on the page and by API."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from lienthong.access import accounts, operator, tokens
from lienthong.app import create_app
from lienthong.dossiers import acting, attachments
from tests.dossiers.world import UNIT, filed, publish
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_dossier_pages import PDF, post

SCANNER = shlex.join(
    [sys.executable, "-c", "import sys; sys.exit(b'EVIL' in open(sys.argv[1], 'rb').read())"]
)


@pytest.fixture(scope="module")
def world(db, folder, chosen):
    with db.connect() as conn:
        publish(conn)
        accounts.create(
            conn, operator(), "minh", name="Minh", roles=["processor"], password=PASSWORD, facility=UNIT,
            province="66",
        )  # fmt: skip
        token = tokens.create(
            conn, operator(), facility=UNIT, name="program", province="66", roles=["processor"]
        )
    app = create_app(db, replace(chosen, attachment_check=SCANNER))
    with TestClient(app, raise_server_exceptions=False) as site:
        yield site, token


@pytest.fixture
def code(db, folder, world):
    """A dossier with a good and a bad file that came before there was a scanner."""
    with db.connect() as conn:
        made = filed(conn)
        for name, data in (("tot.pdf", PDF), ("xau.pdf", PDF + b"EVIL")):
            attachments.attach(conn, "tn", made, data, name=name, home=folder)
    return made


def test_an_officer_has_files_looked_at_again(world, code):
    site, _ = world
    site.cookies.clear()
    site.post("/login", data={"name": "minh", "password": PASSWORD})
    before = site.get(f"/dossiers/{code}").text
    assert before.count("chưa quét mã độc") == 2
    assert "Kiểm tra lại các tệp này ngay" in before
    answer = post(site, f"/dossiers/{code}/attachments/check")
    assert answer.status_code == 303
    after = site.get(answer.headers["location"]).text
    assert "Đã kiểm tra lại các tệp; điều biết được nay ghi bên cạnh" in after
    assert "chưa quét mã độc" not in after and "Kiểm tra lại các tệp này ngay" not in after
    assert "xau.pdf</a>" not in after and "tot.pdf</a>" in after
    assert (
        post(site, f"/dossiers/{code}/attachments/check")
        .headers["location"]
        .endswith("?done=checked_same#attachments")
    )


def test_a_program_has_files_looked_at_again_and_gets_no_refused_file(world, code):
    site, token = world
    site.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    path = f"/api/v1/dossiers/{code}/attachments"
    answer = site.post(f"{path}/check", headers=headers)
    assert answer.status_code == 200, answer.text
    found = {one["name"]: one for one in answer.json()}
    assert [found[name]["malware"] for name in ("tot.pdf", "xau.pdf")] == ["passed", "refused"]
    assert site.get(f"{path}/{found['tot.pdf']['id']}", headers=headers).content == PDF
    bad = site.get(f"{path}/{found['xau.pdf']['id']}", headers=headers)
    assert bad.status_code == 403 and bad.json()["code"] == "attachment.malware"


def test_somebody_without_an_account_is_told_by_their_duty(world, db):
    with db.connect() as conn:
        made = filed(conn)
        acting.move(conn, "thuly.x05.20", frozenset({"receiver"}), made, "receive")
        acting.assign(conn, "minh", made, "thuly.x05.20")
    site, _ = world
    site.cookies.clear()
    site.post("/login", data={"name": "minh", "password": PASSWORD})
    page = " ".join(re.sub(r"<[^>]+>", " ", site.get(f"/dossiers/{made}").text).split())
    assert "tiếp nhận thuly.x05.20" in page.lower()
    assert "Người giữ chuyên viên thụ lý thuly.x05.20" in page
