"""The GIAMDINHHS envelope (letter 3190/BHXH-CNTT): many HOSO in one file, read as a stream.

The file is cut between two HOSO, so memory holds a few megabytes of it whatever its size; one broken HOSO
harms no other, and a file that ends too early loses only its unfinished HOSO. What stands around the HOSO
(facility, date, count, signature) is one small document, read at the end.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from lienthong.records.formats.encodings import Encoding, marked, pieces
from lienthong.records.formats.faults import Fault, fault
from lienthong.records.formats.hoso import Frame
from lienthong.records.formats.inner import SIGNATURES
from lienthong.records.formats.safety import safe_parser

STRETCH = 4 * 1024 * 1024
"""Bytes of HOSO read at once."""
HOSO_LIMIT = 256 * 1024 * 1024
"""Largest single HOSO in bytes; what follows a larger one is not read."""
HEAD = 64 * 1024
AROUND_LIMIT = 16 * 1024 * 1024
"""Largest text around the HOSO, signatures included; larger ones are cut."""

_FIRST = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)HOSO[\s/>]")
_SPACED_END = re.compile(rb"</((?:[A-Za-z_][\w.-]*:)?)HOSO\s+>")
_EMPTY = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)HOSO(?:\s[^<>]*)?/>")
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>")
_DECLARATION = re.compile(r"^\s*<\?xml\b.*?\?>", re.DOTALL)
_DECLARED = re.compile(rb"^\s*<\?xml\b[^>]*?encoding=[\"']([A-Za-z0-9._-]+)[\"']")
_OUTER = re.compile(rb"^<\?xml\b[^>]*\?>")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_PARTS = {"THONGTINDONVI", "THONGTINHOSO", "DANHSACHHOSO", "MACSKCB", "NGAYLAP", "SOLUONGHOSO"}


class Around:
    """What the envelope says about itself."""

    def __init__(self) -> None:
        self.head = b""
        self.tail = b""
        self.prefix = b""
        self.units = 0
        self.cut = False
        self.facts: dict[str, str] = {}
        self.unknown: dict[str, int] = {}
        self.faults: list[Fault] = []

    @property
    def frame(self) -> Frame:
        """The tags around a single HOSO (with the namespaces of the root)."""
        found = _ROOT.search(self.head)
        opening, name = (
            (found.group(0), found.group(1)) if found else (b"<GIAMDINHHS>", b"GIAMDINHHS")
        )
        hoso = self.prefix + b"HOSO"
        return Frame(opening, b"</%b>" % name, b"<%b>" % hoso, b"</%b>" % hoso)

    def read(self) -> None:
        """Fill `facts` and `faults` from the text around the HOSO."""
        # The stream is UTF-8 by now, whatever the file declares.
        text = _OUTER.sub(b"", self.head) + self.tail
        try:
            root = etree.fromstring(text, safe_parser())
        except etree.XMLSyntaxError as error:
            if not self.cut and self.frame.close in self.tail:
                self.faults.append(fault("envelope-broken", line=error.lineno or 1))
            else:
                self.faults.append(fault("envelope-truncated", units=self.units))
            root = etree.fromstring(text, safe_parser(recover=True)) if text.strip() else None
        if root is not None:
            self._facts(root)

    def _facts(self, root: etree._Element) -> None:
        names = {"MACSKCB": "facility", "NGAYLAP": "date", "SOLUONGHOSO": "count"}
        signature = "absent"
        elements = [child for part in root for child in (part, *part)]
        for element in elements:
            name = etree.QName(element).localname
            if name in names and names[name] not in self.facts:
                self.facts[names[name]] = (element.text or "").strip()
            elif name in SIGNATURES:
                filled = len(element) or (element.text or "").strip()
                signature = "present" if filled or signature == "present" else "empty"
            elif name not in _PARTS and _parent(element) not in SIGNATURES:
                self.unknown[name] = self.unknown.get(name, 0) + 1
        self.facts["units"] = str(self.units)
        self.facts["signature"] = signature
        if signature != "present":
            self.faults.append(fault(f"signature-{signature}"))


def _parent(element: etree._Element) -> str:
    return str(etree.QName(element.getparent()).localname)


def stretches(stream: BinaryIO, around: Around, size: int = STRETCH) -> Iterator[bytes]:
    """The HOSO of an envelope in stretches of about `size` bytes, each ending after a `</HOSO>`.

    Fills `around.head` before the first stretch and `around.tail` after the last.
    """
    held = _up_to_first_hoso(stream, around, size)
    closing = around.frame.hoso_close
    while True:
        block = stream.read(size)
        held += block
        if b"<!--" in held:
            # A comment may hold anything, the end of a HOSO too; its lines still count.
            held = _without_comments(held)
        if not block or (closing not in held and len(held) > 4 * size):
            held = _with_usual_tags(held)
        end = held.rfind(closing) + len(closing)
        if end >= len(closing) and (len(held) >= size or not block):
            yield held[:end]
            held = held[end:]
        if not block or len(held) > HOSO_LIMIT:
            around.cut = bool(block)
            around.tail = _without_unfinished(held)[:AROUND_LIMIT]
            return


def _up_to_first_hoso(stream: BinaryIO, around: Around, size: int) -> bytes:
    """Fill `around.head`; the bytes read beyond it."""
    held = b""
    while block := stream.read(size):
        held += block
        if b"<!--" in held:
            held = _without_comments(held)
        first = _FIRST.search(held)
        if first is not None:
            around.head = held[: first.start()]
            around.prefix = first.group(1) or b""
            return held[first.start() :]
        if len(held) > AROUND_LIMIT:
            around.cut = True
            break
    around.head = held[:AROUND_LIMIT]
    return b""


def _without_comments(held: bytes) -> bytes:
    """The text without its ended comments; only what lies before the end of the last one is looked through.

    Behind it each beginning would be followed to the end of the text in vain, and a sender may write many.
    """
    ended = held.rfind(b"-->") + 3
    if ended < 3:
        return held
    lines = _COMMENT.sub(lambda found: b"\n" * found.group().count(b"\n"), held[:ended])
    return lines + held[ended:]


def _with_usual_tags(held: bytes) -> bytes:
    """Unusual spellings of the tags of a HOSO (`</HOSO >`, `<HOSO/>`) as the usual ones."""
    held = _SPACED_END.sub(rb"</\1HOSO>", held)
    return _EMPTY.sub(rb"<\1HOSO></\1HOSO>", held)


def _without_unfinished(tail: bytes) -> bytes:
    """The text after the last whole HOSO; an unfinished one is dropped with all that follows."""
    unfinished = _FIRST.search(tail)
    return tail[: unfinished.start()] if unfinished else tail


def open_envelope(path: Path, folder: Path) -> BinaryIO:
    """The file as UTF-8 bytes without byte-order mark; other encodings are rewritten into the folder."""
    stream = path.open("rb")
    encoding = _encoding(stream.read(HEAD))
    if encoding.name == "utf-8":
        stream.seek(encoding.mark)
        return stream
    with stream, tempfile.NamedTemporaryFile(dir=folder, suffix=".xml", delete=False) as out:
        first = True
        for text in pieces(stream, encoding):
            if first:
                # What it declares is no longer so.
                text, first = _DECLARATION.sub("", text), False
            out.write(text.encode("utf-8", errors="replace"))
    return Path(out.name).open("rb")


def _encoding(head: bytes) -> Encoding:
    """The encoding of a message: by its mark, else by its declaration."""
    by_mark = marked(head)
    if by_mark is not None:
        return by_mark
    declared = _DECLARED.match(head)
    name = declared.group(1).decode().lower() if declared else "utf-8"
    try:
        known = codecs.lookup(name).name
        text = known not in ("utf-8", "ascii") and isinstance(b"<".decode(known), str)
    except (LookupError, ValueError):
        text = False
    return Encoding(known if text else "utf-8")
