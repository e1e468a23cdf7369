"""How long records take, on a page and for programs, from counts kept as they pass."""

from __future__ import annotations

from lienthong.access import operator, tokens
from lienthong.records.feed import delays, reading
from tests.journeys.hospital import envelope


def test_the_page_shows_what_was_kept_and_served(signed_in, send, db, site):
    client = signed_in("ministry")
    assert "Chưa lưu gì" in client.get("/latency").text
    assert send(envelope(95, 3, {}), "hoso.xml", "care", "01999").kept == 3
    with db.connect() as conn:
        reading.mark_served(conn, reading.page(conn, 0).changes)
    page = client.get("/latency", params={"contract": "care"}).text
    assert page.count("3 bản ghi") >= 6 and '<svg class="chart spread"' in page
    assert "/senders/01999" in page
    assert "Chưa lưu gì" in client.get("/latency", params={"contract": "practice"}).text

    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="01999", name="his", province="01")
        other = tokens.create(conn, operator(), facility="79001", name="other", province="79")
    site.cookies.clear()
    for whose, found in ((token, 1), (other, 0)):
        answer = site.get(
            "/api/v1/latency",
            params={"by": "sender", "contract": "care"},
            headers={"authorization": f"Bearer {whose}"},
        )
        assert answer.status_code == 200 and len(answer.json()) == found
        if found:
            (line,) = answer.json()
            assert line["sender"] == "01999"
            for step in delays.STEPS:
                about = line["steps"][step]
                assert about["number"] == 3 == sum(many for _, many in about["classes"])
                assert about["p50"] <= about["p90"] <= about["p99"]


def test_the_counts_are_those_of_the_feed(db, send):
    """Adding up the records of the feed gives the same classes."""
    send(envelope(96, 4, {}), "hoso.xml", "care", "01999")
    with db.connect() as conn:
        rows = conn.execute(
            "SELECT extract(epoch FROM received_at - event_at) * 1000000,"
            " extract(epoch FROM kept_at - received_at) * 1000000 FROM records.change"
        ).fetchall()
        counted = conn.execute(
            "SELECT step, class, sum(number)::integer FROM records.delay WHERE step <> 'served' GROUP BY 1, 2"
        ).fetchall()
    wanted: dict[tuple[str, int], int] = {}
    for waited, kept in rows:
        for step, long in (("received", waited), ("kept", kept)):
            place = step, delays.class_of(round(long))
            wanted[place] = wanted.get(place, 0) + 1
    assert {(step, at): number for step, at, number in counted} == wanted
