"""Where messages may go: public addresses over https, and what the settings name; never into our own network.

A name is resolved once for each message and the connection goes to that very address, so that a name which changes
between the question and the call leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from lienthong.errors import Refused

LONGEST = 2000


class Target(NamedTuple):
    """Where a message goes: the address is looked up, the host is what the certificate must name."""

    secure: bool
    host: str
    port: int
    path: str
    address: str


def parts(url: str, allowed: frozenset[str]) -> tuple[bool, str, int, str]:
    """(secure, host, port, path) of an address that may be written to. Raises Refused."""
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").rstrip("."), split.port
    except ValueError as error:
        raise _refused() from error
    secure = split.scheme == "https"
    known = host in allowed
    if (
        len(url) > LONGEST
        or not url.isascii()
        or any(letter <= " " or letter == "\x7f" for letter in url)
        or not host
        or split.username is not None
        or split.fragment
        or not (known or _may_be_public(host))
        or not (secure or (known and split.scheme == "http"))
    ):
        raise _refused()
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return secure, host, port or (443 if secure else 80), path


def target(url: str, allowed: frozenset[str]) -> Target:
    """Resolve an address now. Raises Refused for what leads into a private network, OSError when it has none."""
    secure, host, port, path = parts(url, allowed)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if host not in allowed and not all(is_public(one) for one in addresses):
        raise _refused()
    return Target(secure, host, port, path, addresses[0])


def _may_be_public(host: str) -> bool:
    """Whether a host could lead outside: a name may, an address says so itself (names are looked up each time)."""
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return is_public(str(ipaddress.ip_address(host)))
    except ValueError:
        return True


def is_public(address: str) -> bool:
    """Whether an address belongs to the open Internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            return is_public(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


def _refused() -> Refused:
    return Refused(
        "subscription.url",
        "Messages go to https addresses on the Internet, or to hosts that the settings allow.",
    )
