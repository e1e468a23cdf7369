"""Messages leave for the open Internet or for hosts that the settings name, and for nothing else."""

from __future__ import annotations

import socket

import pytest

from lienthong.errors import Refused
from lienthong.partners.subscribers import guarding, posting
from lienthong.partners.subscribers.guarding import Target, is_public, parts, target

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://", "https://user@example.org/", "https://a b/",
        "https://example.org/#part", "file:///etc/passwd", "https://example.org:99999/", "//example.org",
        "https://example.org/\r\nx: y", "https://ví-dụ.vn/", "https://" + "a" * 2000,
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://localhost/",
        "https://[::ffff:127.0.0.1]/", "https://in.localhost/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_written_to(url):
    with pytest.raises(Refused):
        parts(url, NONE)


def test_addresses_that_are_written_to():
    assert parts("https://8.8.8.8/", NONE)[1] == "8.8.8.8"
    assert parts("https://127.0.0.1/", frozenset({"127.0.0.1"}))[1] == "127.0.0.1"
    assert parts("https://example.org/in?x=1", NONE) == (True, "example.org", 443, "/in?x=1")
    assert parts("http://localhost:81", frozenset(["localhost"])) == (False, "localhost", 81, "/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1",
        "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "224.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1",
        "255.255.255.255",
    ],
)  # fmt: skip
def test_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address):
    assert is_public(address)


def named(monkeypatch, *answers):
    """Names have these addresses, one answer after another."""
    given = iter(answers)

    def lookup(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(given)]

    monkeypatch.setattr(guarding.socket, "getaddrinfo", lookup)


def test_a_name_that_leads_inside_is_refused(monkeypatch):
    named(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(Refused):
        target("https://example.org/", NONE)


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch):
    """A name that answers differently the second time (rebinding) is not asked a second time."""
    named(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    called = []

    def connect(place, *_):
        called.append(place)
        raise OSError

    monkeypatch.setattr(posting.socket, "create_connection", connect)
    answer = posting.post("https://example.org/", b"{}", {}, NONE)
    assert called == [("8.8.8.8", 443)]
    assert answer.verdict == "ill"


def test_another_place_is_not_followed(receiver):
    receiver.secret = "whsec_AAAA"
    receiver.location = "http://127.0.0.1:9/inside"
    answer = posting.post(receiver.url, b"{}", {}, frozenset(["127.0.0.1"]))
    assert answer.verdict == "refused"  # 401: not signed; and nothing was asked of the other place
    assert posting._answer(302, None).verdict == "ill"


def test_a_receiver_that_never_answers_is_left(receiver, monkeypatch):
    from datetime import UTC, datetime

    from lienthong.partners.subscribers import signing

    monkeypatch.setattr(posting, "SECONDS", 0.2)
    receiver.secret = signing.new_secret()
    receiver.answer = lambda message: "hang"
    body = b'{"changes": []}'
    headers = signing.headers("m", datetime.now(UTC), body, [receiver.secret])
    answer = posting.post(receiver.url, body, headers, frozenset(["127.0.0.1"]))
    assert answer.verdict == "ill" and answer.status is None


def test_a_line_that_is_made_when_the_time_is_over_is_not_used():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        line = posting._Pinned(Target(False, "127.0.0.1", port, "/", "127.0.0.1"), None)
        line.cut()
        with pytest.raises(TimeoutError):
            line.connect()
        line.close()


def test_answers_mean():
    verdicts = {
        status: posting._answer(status, "7").verdict
        for status in (200, 204, 301, 400, 410, 429, 500, 503)
    }
    assert verdicts == {
        200: "accepted", 204: "accepted", 301: "ill", 400: "refused", 410: "gone", 429: "ill", 500: "ill", 503: "ill",
    }  # fmt: skip
    assert posting._answer(503, "7").retry_after == 7
    assert posting._answer(503, "Wed, 21 Oct 2026").retry_after is None
    assert posting._answer(503, "\u00b2").retry_after is None
