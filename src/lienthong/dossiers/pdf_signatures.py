"""Signatures inside PDF files, asked of pyHanko in a process of its own with limits of size, memory and time.

The anchors of trust are the certificates that an official placed in LIENTHONG_HOME/certificates. Nothing is fetched:
whether a certificate was revoked is not known, and pages say so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterable

import msgspec

MOST_BYTES = 32 << 20
SECONDS = 15.0
AT_ONCE = threading.BoundedSemaphore(4)
"""Each reader may take a GiB: many hostile files at once would take all memory there is, whatever each is held to."""
MARK = b"/ByteRange"
"""What every signature inside a PDF holds in plain text."""


class Verdict(msgspec.Struct, frozen=True):
    """What the signatures of a file are worth; `by` is the subject of the certificate, `why` a code for words."""

    state: str
    why: str = ""
    by: str = ""


def verify(data: bytes, trusted: Iterable[bytes], *, seconds: float = SECONDS) -> Verdict:
    """The verdict on a PDF; `trusted` are certificates in DER. Never raises for what is in the file."""
    if MARK not in data:
        return Verdict("unsigned")
    if len(data) > MOST_BYTES:
        return Verdict("not_checked", "large")
    given = json.dumps([one.hex() for one in trusted]).encode() + b"\n" + data
    if not AT_ONCE.acquire(timeout=seconds):
        return Verdict("not_checked", "long")
    try:
        return _asked(given, seconds)
    finally:
        AT_ONCE.release()


def _asked(given: bytes, seconds: float) -> Verdict:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lienthong.dossiers.pdf_verdict"],
            input=given, capture_output=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Verdict("not_checked", "long")
    except OSError:
        return Verdict("not_checked", "unreadable")
    if done.returncode:
        return Verdict("not_checked", "long")
    try:
        return msgspec.json.decode(done.stdout, type=Verdict)
    except msgspec.DecodeError:
        return Verdict("not_checked", "unreadable")
