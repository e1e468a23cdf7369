"""Who opens the quarantine from a receipt sees, counts and replays what this receipt put there, and nothing else."""

from __future__ import annotations

import re

import pytest

from tests.journeys.hospital import envelope
from tests.journeys.test_officer import NO_REASON, csrf


@pytest.fixture(scope="module")
def receipts(send) -> list[str]:
    """Two receipts of one hospital with the same fault, one record each."""
    return [
        send(envelope(number, 1, {0: NO_REASON[1]}), f"{number}.xml", "care", "01999").receipt
        for number in (181, 182)
    ]


def counted(page: str) -> int:
    """How many records the causes of the page say."""
    return sum(int(number) for number in re.findall(r'data-label="Bản ghi"><b>(\d+)</b>', page))


def test_the_causes_are_those_of_the_receipt(signed_in, receipts):
    client = signed_in("officer")
    whole = counted(client.get("/quarantine").text)
    here = client.get(f"/quarantine?receipt={receipts[1]}").text
    assert 0 < counted(here) < whole
    address = re.search(r'href="(/quarantine\?[^"]*cause=[^"]*)"', here)[1]
    assert f"receipt={receipts[1]}" in address
    assert client.get(address.replace("&amp;", "&")).text.count('href="/quarantine/') == 1


def test_only_these_are_checked_again(signed_in, receipts):
    client = signed_in("officer")
    page = client.get(f"/quarantine?receipt={receipts[0]}").text
    form = re.search(r'action="/quarantine/replay">(.*?)</form>', page, re.DOTALL)[1]
    data = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', form)) | {"_csrf_token": csrf(page)}
    answer = client.post("/quarantine/replay", data=data, follow_redirects=False)
    assert answer.status_code == 303
    assert f"receipt={receipts[0]}" in answer.headers["location"]
    assert "waiting=1" in answer.headers["location"]
