"""Papers by signed links: one paper of one dossier, for a while, each fetch written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.dossiers import attachments
from lienthong.errors import NotAllowed
from lienthong.partners.portal.links import LIFE, Links
from tests.partners.portal_pushes import push
from tests.partners.test_portal_inbound import message

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


def paper(conn, door_home, code):
    return attachments.attach(
        conn,
        "canbo",
        code,
        b"%PDF-1.7 invented",
        name="Giấy phép.pdf",
        home=door_home,
        kind="result",
    ).id


def test_a_link_opens_one_paper_of_one_dossier_for_a_while(client, portal, db, door_home):
    code = "G18.12-261120-180701"
    push(client, portal, "dossiers", message(code))
    with db.connect() as conn:
        id = paper(conn, door_home, code)
    links = Links(door_home, "https://lt.example.vn")
    link = links.paper(code, id, datetime.now(UTC)).removeprefix("https://lt.example.vn")
    answer = client.get(link)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 invented")
    assert "Gi%E1%BA%A5y%20ph%C3%A9p.pdf" in answer.headers["content-disposition"]
    with db.connect() as conn:
        (count,) = conn.execute(
            "SELECT count(*) FROM portal.fetched WHERE dossier = %s", [code]
        ).fetchone()
        (audited,) = conn.execute(
            "SELECT count(*) FROM app.audit WHERE act = 'portal.fetched'"
        ).fetchone()
    assert (count, audited) == (1, 1)
    for wrong in (
        link.replace(f"/{id}?", f"/{id + 1}?"),
        link.replace("180701", "180601"),
        link.replace("until=", "until=9"),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.split("?")[0],
    ):
        assert client.get(wrong).status_code == 403, wrong
    old = links.paper(code, id, datetime.now(UTC) - LIFE - timedelta(minutes=1))
    assert client.get(old.removeprefix("https://lt.example.vn")).status_code == 403
    assert Links(door_home, None).paper(code, id, NOW) is None, "nobody outside could fetch it"


def test_another_key_opens_nothing(tmp_path):
    one, other = Links(tmp_path / "a", "https://x"), Links(tmp_path / "b", "https://x")
    made = one.paper("G18-1", 1, NOW)
    until, signature = (part.split("=")[1] for part in made.split("?")[1].split("&"))
    one.check("G18-1", 1, int(until), signature, NOW)
    with pytest.raises(NotAllowed):
        other.check("G18-1", 1, int(until), signature, NOW)
