"""A program follows the changes of records: page by page, and as a stream that goes on by itself."""

from __future__ import annotations

import json

import httpx
import pytest

from lienthong.access import operator, tokens
from tests.journeys.hospital import envelope

PURPOSE = {"purpose": "quality"}


@pytest.fixture(scope="module")
def subscriber(db) -> str:
    """The token of a system outside that follows the whole nation."""
    with db.connect() as conn:
        return tokens.create(
            conn, operator(), facility="BHXH", name="insurance", roles=("subscriber",)
        )


@pytest.fixture(scope="module")
def neighbour(db) -> str:
    """The token of another hospital's program."""
    with db.connect() as conn:
        return tokens.create(conn, operator(), facility="79001", name="other", province="79")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def visit(seed: int) -> bytes:
    return envelope(seed, 2, {})


def test_changes_are_read_page_by_page(site, send, token, neighbour, subscriber, db):
    before = site.get("/api/v1/changes", params=PURPOSE, headers=bearer(token)).json()["position"]
    receipt = send(visit(71), "hoso.xml", "care", "01999")
    assert receipt.kept == 2
    page = site.get(
        "/api/v1/changes", params=PURPOSE | {"after": before}, headers=bearer(token)
    ).json()
    assert {one["receipt"] for one in page["changes"]} == {receipt.receipt}
    assert len(page["changes"]) == 2 and page["more"] is False
    one = page["changes"][0]
    assert (one["contract"], one["table"], one["kind"], one["version"]) == (
        "care",
        "XML1",
        "kept",
        1,
    )
    assert one["event_at"] < one["received_at"] <= one["kept_at"]
    assert set(one) == {
        "position", "contract", "table", "key", "sender", "province", "kind", "version", "receipt",
        "event_at", "received_at", "kept_at",
    }  # fmt: skip
    record = site.get(
        f"/api/v1/records/care/XML1/{one['key']}", params=PURPOSE, headers=bearer(token)
    )
    assert record.status_code == 200 and record.json()["receipt"] == receipt.receipt
    others = site.get(
        "/api/v1/changes", params=PURPOSE | {"after": before}, headers=bearer(neighbour)
    ).json()
    assert others["changes"] == []
    everybody = site.get(
        "/api/v1/changes",
        params={"purpose": "insurance", "after": before, "limit": 1},
        headers=bearer(subscriber),
    ).json()
    assert (len(everybody["changes"]), everybody["more"]) == (1, True)
    with db.connect() as conn:
        logged = conn.execute(
            "SELECT purpose, resource->>'count' FROM app.read_log WHERE action = 'change.read' ORDER BY at"
        ).fetchall()
    assert logged[-2:] == [("quality", "2"), ("insurance", "1")]


def test_what_may_not_be_read_is_refused(site, token, subscriber):
    ask = lambda token, **params: site.get(  # noqa: E731
        "/api/v1/changes", params=params, headers=bearer(token)
    )
    assert ask(token, purpose="statistics").status_code == 403
    assert ask(token, purpose="quality", sender="79001").status_code == 403
    assert ask(token, purpose="quality", after="-3").status_code == 422
    assert ask(subscriber, purpose="quality").status_code == 403
    assert ask(token, purpose="quality", after="now").json()["changes"] == []


def events(lines, number: int) -> list[dict]:
    """So many events of a stream: their id and data."""
    found, event = [], {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif event.get("event") == "change":
            found.append({"id": int(event["id"])} | json.loads(event["data"]))
            event = {}
            if len(found) == number:
                break
        else:
            event = {}
    return found


def test_a_stream_goes_on_by_itself_and_resumes(served, send, token):
    """A record is told to who listens when it is kept; who comes back is told what it missed, once."""
    headers = bearer(token) | {"accept": "text/event-stream"}
    begin = {"after": "now"} | PURPOSE
    with (
        httpx.Client(base_url=served, timeout=300) as client,
        client.stream("GET", "/api/v1/changes", params=begin, headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        assert send(visit(72), "hoso.xml", "care", "01999").kept == 2, "else nothing is ever told"
        first = events(lines, 2)
    assert send(visit(73), "hoso.xml", "care", "01999").kept == 2
    with (
        httpx.Client(base_url=served, timeout=300) as client,
        client.stream(
            "GET",
            "/api/v1/changes",
            params=begin,
            headers=headers | {"last-event-id": str(first[0]["id"])},
        ) as stream,
    ):
        again = events(stream.iter_lines(), 3)
    assert again[0] == first[1]
    assert [one["id"] for one in first + again[1:]] == sorted(
        {one["id"] for one in first + again[1:]}
    )


def test_nobody_opens_too_many_streams(app):
    from lienthong.api.changes import MOST_OF_ONE, Streams
    from lienthong.errors import Unavailable
    from lienthong.records.feed.bell import Bell

    streams = Streams(Bell(""))
    for _ in range(MOST_OF_ONE):
        streams.take("one")
    with pytest.raises(Unavailable):
        streams.take("one")
    streams.take("another")
    streams.leave("one")
    streams.take("one")
