"""The GIAMDINHHS envelope (letter 3190/BHXH-CNTT): many HOSO in one file, read as a stream.

The file is cut between two HOSO, so memory holds a few megabytes of it whatever its size; one broken HOSO
harms no other, and a file that ends too early loses only its unfinished HOSO. What stands around the HOSO
(facility, date, count, signature) is one small document, read at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from lienthong.records.formats.faults import Fault, fault
from lienthong.records.formats.inner import safe_parser

STRETCH = 4 * 1024 * 1024
"""Bytes of HOSO read at once."""
AROUND_LIMIT = 16 * 1024 * 1024
"""Largest text around the HOSO, signatures included; larger ones are cut."""

_FIRST = re.compile(rb"<(?:[\w.-]+:)?HOSO[\s/>]")
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*:)?GIAMDINHHS\b[^>]*>")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


class Around:
    """What the envelope says about itself."""

    def __init__(self) -> None:
        self.head = b""
        self.tail = b""
        self.units = 0
        self.facts: dict[str, str] = {}
        self.faults: list[Fault] = []

    @property
    def wrapper(self) -> tuple[bytes, bytes]:
        """Opening and closing tag to put around a single HOSO (with the namespaces of the root)."""
        found = _ROOT.search(self.head)
        prefix = (found.group(1) or b"") if found else b""
        return (found.group(0) if found else b"<GIAMDINHHS>", b"</" + prefix + b"GIAMDINHHS>")

    def read(self) -> None:
        """Fill `facts` and `faults` from the text around the HOSO."""
        text = self.head + self.tail
        try:
            root = etree.fromstring(text, safe_parser())
        except etree.XMLSyntaxError as error:
            closed = self.tail.rstrip().endswith(b"GIAMDINHHS>")
            if closed:
                self.faults.append(fault("envelope-broken", line=error.lineno or 1))
            else:
                self.faults.append(fault("envelope-truncated", units=self.units))
            parser = safe_parser_recovering()
            root = etree.fromstring(text, parser) if text.strip() else None
        if root is not None:
            self._facts(root)

    def _facts(self, root: etree._Element) -> None:
        names = {"MACSKCB": "facility", "NGAYLAP": "date", "SOLUONGHOSO": "count"}
        signature = "absent"
        for element in root.iter(etree.Element):
            name = etree.QName(element).localname
            if name in names and names[name] not in self.facts:
                self.facts[names[name]] = (element.text or "").strip()
            elif name == "CHUKYDONVI":
                filled = len(element) or (element.text or "").strip()
                signature = "present" if filled else "empty"
        self.facts["units"] = str(self.units)
        self.facts["signature"] = signature
        if signature != "present":
            self.faults.append(fault("signature-absent", state=signature))


def safe_parser_recovering() -> etree.XMLParser:
    """The safe parser, taking what it can of a text that is cut."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
        remove_pis=True, recover=True,
    )


def stretches(stream: BinaryIO, around: Around, size: int = STRETCH) -> Iterator[bytes]:
    """The HOSO of an envelope in stretches of about `size` bytes, each ending after a `</HOSO>`.

    Fills `around.head` before the first stretch and `around.tail` after the last.
    """
    held = b""
    seen_first = False
    while True:
        block = stream.read(size)
        if b"</HOSO " in block or b"</HOSO\n" in block or b"</HOSO\r" in block:
            block = re.sub(rb"</HOSO\s+>", b"</HOSO>", block)
        held += block
        if b"<!--" in held:
            held = _COMMENT.sub(lambda found: b"\n" * found.group().count(b"\n"), held)
        if not seen_first:
            first = _FIRST.search(held)
            if first is None:
                if not block:
                    around.head = held[:AROUND_LIMIT]
                    return
                if len(held) > AROUND_LIMIT:
                    around.head = held[:AROUND_LIMIT]
                    return
                continue
            around.head, held = held[: first.start()], held[first.start() :]
            seen_first = True
        end = held.rfind(b"</HOSO>")
        if end >= 0 and (len(held) >= size or not block):
            yield held[: end + 7]
            held = held[end + 7 :]
        if not block:
            around.tail = _without_unfinished(held)[:AROUND_LIMIT]
            return


def _without_unfinished(tail: bytes) -> bytes:
    """The text after the last whole HOSO; an unfinished one is dropped with all that follows."""
    unfinished = _FIRST.search(tail)
    return tail[: unfinished.start()] if unfinished else tail


def open_envelope(path: Path) -> BinaryIO:
    """The file as UTF-8 bytes without byte-order mark."""
    stream = path.open("rb")
    if stream.read(3) != b"\xef\xbb\xbf":
        stream.seek(0)
    return stream
