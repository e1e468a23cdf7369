"""The stand-in Portal that the demonstration starts: connected both ways, and not at all where another one is set."""

from __future__ import annotations

import os
from dataclasses import replace

import httpx
import pytest

from lienthong.demo_portal import SECRET, TOKEN, beside
from lienthong.partners.portal import payments
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.running import access
from lienthong.settings import read
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
