"""The owner of a database subscribes a system outside, sees what it did not accept, and sends it again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lienthong.access import operator, tokens
from lienthong.partners.subscribers import Deliveries, subscriptions
from tests.journeys.hospital import envelope
from tests.partners.receiver import Receiver, receiving

HERE = frozenset(("127.0.0.1",))
FORM = {"name": "Bảo hiểm xã hội", "purpose": "quality", "contract": "care", "begin": "now"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def chosen(chosen):
    """The site may write to the loopback."""
    object.__setattr__(chosen, "webhook_hosts", HERE)
    return chosen


def csrf(text: str) -> str:
    return re.search(r'name="_csrf_token" value="([^"]+)"', text)[1]


def post(client, address: str, **data: str):
    token = csrf(client.get("/subscribers").text)
    return client.post(address, data={"_csrf_token": token} | data, follow_redirects=True)


def deliver(db, chosen) -> None:
    deliveries = Deliveries(chosen.home, HERE)
    with db.connect(autocommit=True) as conn:
        for id in deliveries.due(conn):
            while deliveries.step(conn, id) in ("sent", "failed"):
                pass


def hurry(db) -> None:
    """The waiting time passes."""
    with db.connect() as conn:
        conn.execute("UPDATE partners.subscription SET next_at = '-infinity'")


def test_a_system_is_subscribed_and_what_fails_is_sent_again(signed_in, send, receiver, db, chosen):
    client = signed_in("owner")
    assert "Chưa có ai đăng ký" in client.get("/subscribers").text
    page = post(client, "/subscribers", url=receiver.url, **FORM)
    assert page.status_code == 200, page.text
    receiver.secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)[0]
    id = re.search(r"/subscribers/(sub_\w+)/", page.text)[1]
    assert receiver.secret not in client.get(f"/subscribers/{id}").text

    receiver.answer = lambda message: 422
    receipt = send(envelope(81, 2, {}), "hoso.xml", "care", "01999")
    assert receipt.kept == 2
    for _ in range(10):
        deliver(db, chosen)
        hurry(db)
    page = client.get(f"/subscribers/{id}").text
    assert page.count("Bên nhận từ chối thông báo.") >= 2 and "422" in page
    assert receiver.kept == {}

    receiver.answer = lambda message: 200
    assert post(client, f"/subscribers/{id}/letters/again").status_code == 200
    hurry(db)
    deliver(db, chosen)
    page = client.get(f"/subscribers/{id}").text
    assert "Mọi thứ đã gửi đều được nhận." in page and "đã được nhận sau đó" in page
    assert {one["receipt"] for one in receiver.kept.values()} == {receipt.receipt}

    first = min(receiver.kept)
    assert "Vị trí" in post(client, f"/subscribers/{id}/replay", after="x").text
    assert post(client, f"/subscribers/{id}/replay", after=str(first - 1)).status_code == 200
    deliver(db, chosen)
    assert len(receiver.messages[-1]["changes"]) == 2 and len(receiver.kept) == 2

    assert "tạm dừng" in post(client, f"/subscribers/{id}/pause").text
    assert "đang chạy" in post(client, f"/subscribers/{id}/resume").text
    assert "whsec_" in post(client, f"/subscribers/{id}/secret").text
    page = post(client, f"/subscribers/{id}/end").text
    assert f"/subscribers/{id}/resume" not in page and f"/subscribers/{id}/replay" not in page


def test_what_cannot_be_is_said_on_the_form(signed_in):
    client = signed_in("owner")
    page = post(client, "/subscribers", url="http://10.0.0.1/", **FORM)
    assert page.status_code == 422 and "https" in page.text
    page = post(
        client, "/subscribers", url="https://example.org/", **(FORM | {"purpose": "inspection"})
    )
    assert page.status_code == 422


def test_only_who_may_manages(signed_in):
    for name, status in (("ministry", 403), ("inspector", 403), ("officer", 200)):
        assert signed_in(name).get("/subscribers").status_code == status


def test_a_program_subscribes_itself(site, db, send, receiver, chosen):
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="BHXH", name="bhxh", roles=("subscriber",))
    ask = {"headers": {"authorization": f"Bearer {token}"}}
    made = site.post(
        "/api/v1/subscriptions",
        json={"name": "mine", "url": receiver.url, "purpose": "insurance", "contract": "care"},
        **ask,
    )
    assert made.status_code == 201, made.text
    receiver.secret, id = made.json()["secret"], made.json()["subscription"]["id"]
    assert made.headers["location"] == f"/api/v1/subscriptions/{id}"
    send(envelope(82, 1, {}), "hoso.xml", "care", "01999")
    deliver(db, chosen)
    assert len(receiver.kept) == 1
    (change,) = receiver.kept.values()
    fetched = site.get(
        f"/api/v1/records/care/{change['table']}/{change['key']}",
        params={"purpose": "insurance", "sender": change["sender"]},
        **ask,
    )
    assert fetched.status_code == 200, fetched.text
    base = f"/api/v1/subscriptions/{id}"
    assert site.get(base, **ask).json()["sent"] == 1
    assert [one["id"] for one in site.get("/api/v1/subscriptions", **ask).json()] == [id]
    assert site.get(f"{base}/letters", **ask).json() == []
    assert site.post(f"{base}/letters/again", **ask).status_code == 409
    assert site.post(f"{base}/replay", params={"after": 0}, **ask).json()["position"] == 0
    assert site.post(f"{base}/secret", **ask).json()["secret"] != receiver.secret
    assert site.post(f"{base}/pause", **ask).json()["state"] == "paused"
    assert site.post(f"{base}/fly", **ask).status_code == 404
    assert site.post(f"{base}/end", **ask).json()["state"] == "ended"
    assert subscriptions.READ == "change.read"
