"""The stand-in Portal that the demonstration starts: connected both ways, and not at all where another one is set."""

from __future__ import annotations

import os
from dataclasses import replace

import httpx
import pytest

from lienthong import clock
from lienthong.demo_portal import SECRET, TOKEN, beside
from lienthong.dossiers import attachments
from lienthong.partners.portal import payments
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.links import Links
from lienthong.partners.portal.running import access
from lienthong.settings import read
from tests.dossiers.test_attachments import PDF
from tests.dossiers.world import filed, publish
from tests.ports import free_port

NAMES = ("URL", "ACCOUNT", "SECRET_FILE", "PAYMENT_URL")


@pytest.fixture
def clean(monkeypatch):
    for name in (*(f"LIENTHONG_PORTAL_{one}" for one in NAMES), "LIENTHONG_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_demonstration_has_a_portal_beside_it(db, folder, chosen, clean):
    with beside(db, chosen, "http://127.0.0.1:1", free_port()) as portal:
        assert httpx.get(f"{portal}/", timeout=60).status_code == 200
        client = Client(access(read()))
        assert len(client.listed("procedures")) > 200, "with the settings that the site reads"
        client.close()
        for name in (TOKEN, SECRET):
            assert (folder / "demo" / name).stat().st_mode & 0o077 == 0
        assert payments.terms(folder).payee("G18.12") is not None
        token = (folder / "demo" / TOKEN).read_text()
        assert token.startswith("lt_")
    with pytest.raises(httpx.ConnectError):
        httpx.get(portal, timeout=5)


def test_who_has_a_portal_of_their_own_keeps_it(db, chosen, clean):
    with beside(
        db, replace(chosen, portal_url="https://portal.example"), "http://127.0.0.1:1"
    ) as portal:
        assert portal is None
        assert "LIENTHONG_PORTAL_URL" not in os.environ


def test_results_that_were_invented_before_there_was_an_address_go_out_with_links(
    fresh_db, tmp_path, chosen, clean
):
    chosen = replace(chosen, home=tmp_path)
    with fresh_db.connect() as conn:
        publish(conn)
        code = filed(conn)
        held = attachments.attach(
            conn, "lanhdao", code, PDF, name="ket-qua.pdf", home=tmp_path, kind="result"
        )
        conn.execute(
            "INSERT INTO dossiers.result (dossier, event, name, attachment) VALUES (%s, 1, 'Giấy phép', %s)",
            [code, held.id],
        )
        conn.execute("INSERT INTO portal.dossier (code) VALUES (%s)", [code])

    def again() -> bool:
        with fresh_db.connect() as conn:
            row = conn.execute(
                "SELECT again FROM portal.dossier WHERE code = %s", [code]
            ).fetchone()
            conn.execute("UPDATE portal.dossier SET again = false")
        return row[0]

    first, other = "http://127.0.0.1:1", "http://127.0.0.1:2"
    for address, sent in ((first, True), (first, False), (other, True)):
        with beside(fresh_db, chosen, address, free_port()):
            assert os.environ["LIENTHONG_PUBLIC_URL"] == address, "loopback is enough to practise"
        assert again() == sent, address


def test_without_an_address_of_ours_nothing_is_signed(folder):
    assert Links(folder, None).paper("H15.50-261102-0001", 1, clock.now()) is None
