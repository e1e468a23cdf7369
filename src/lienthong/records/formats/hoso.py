"""One HOSO: the visit's files, each with a label (LOAIHOSO) and a base64 document (NOIDUNGFILE)."""

from __future__ import annotations

import re
from typing import NamedTuple

import pybase64
from lxml import etree

from lienthong.records.formats.block import Block
from lienthong.records.formats.encodings import decode_windows_1258
from lienthong.records.formats.faults import fault
from lienthong.records.formats.inner import InnerReader, Layout
from lienthong.records.formats.safety import safe_parser

_TAGS = [
    b"FILEHOSO>",
    b"LOAIHOSO>",
    b"/LOAIHOSO>",
    b"NOIDUNGFILE>",
    b"/NOIDUNGFILE>",
    b"/FILEHOSO>",
]
_SPACE = b" \t\r\n"
_STANDARD = bytes.maketrans(b"-_", b"+/")
"""The letters of base64 for addresses (RFC 4648, section 5) as those of the usual one."""
_INNER_DECLARATION = re.compile(rb"<\?xml\s[^<>]*\?>")
_BETWEEN = re.compile(rb"\s*(?:</?(?:[\w.-]+:)?(?:DANHSACHHOSO|THONGTINHOSO)\s*>\s*)+")

OWN_SERVICE = frozenset({"XML0", "XML12"})
"""Check-in and medical assessment travel by services of their own (letter 3190/BHXH-CNTT)."""


class Frame(NamedTuple):
    """The tags around a HOSO: of the root, with its namespaces, and of the HOSO itself."""

    open: bytes
    close: bytes
    hoso_open: bytes
    hoso_close: bytes


class File(NamedTuple):
    """One FILEHOSO. `content` is base64, or XML when the sender did not encode it."""

    label: str
    content: bytes
    encoded: bool = True


class HosoReader:
    """Reads HOSO after HOSO into one Block.

    `summary` is the table that a visit must have exactly once (XML1 in `care`), `unencoded` whether inner
    XML that was not put into base64 is accepted, `unread` the parts of which only the number is known.
    """

    def __init__(
        self,
        found: dict[str, Layout],
        summary: str | None,
        *,
        unencoded: bool,
        limit: int,
        unread: frozenset[str] = frozenset(),
    ) -> None:
        self.inner = InnerReader(found, limit)
        self.labels = {label for layout in found.values() for label in layout.labels} - OWN_SERVICE
        self._spelled = {label.casefold(): label for label in self.labels}
        self.label_of = {layout.table: layout.label for layout in found.values()}
        self.summary = summary
        self.unencoded = unencoded
        self.unread = unread

    def read_body(self, body: bytes, frame: Frame) -> Block:
        """All HOSO of a stretch of the envelope that begins and ends between two HOSO."""
        block = Block()
        for piece in body.split(frame.hoso_close)[:-1]:
            piece = piece.lstrip(_SPACE)
            if piece.startswith(b"<HOSO>"):
                files = plain_files(piece[6:])
                if files is not None:
                    self._read_files(files, block)
                    continue
            self._read_tree(piece, frame, block)
        self.inner.read(block)
        return block

    def _read_tree(self, piece: bytes, frame: Frame, block: Block) -> None:
        """A HOSO that is not plain; what stands before it in the envelope is reported."""
        between = _BETWEEN.match(piece)
        if between:
            piece = piece[between.end() :]
        # A declaration inside is the mark of inner XML that was pasted in without base64.
        piece = _INNER_DECLARATION.sub(b"", piece)
        try:
            root = etree.fromstring(self._document(piece, frame, block), safe_parser())
        except etree.XMLSyntaxError as error:
            # One that was never closed must not take the next one with it.
            last = piece.rfind(frame.hoso_open)
            lost = piece.count(frame.hoso_open, 0, last) if last > 0 else 0
            line = max(1, (error.lineno or 1) - frame.open.count(b"\n"))
            for _ in range(lost or 1):
                block.faults.append(fault("hoso-broken", unit=block.units, line=line))
                block.units += 1
            if lost:
                self._read_tree(piece[last:], frame, block)
            return
        for child in root:
            name = etree.QName(child).localname
            if name == "HOSO":
                self._read_files(self._files(child, block), block)
            else:
                block.not_known("HOSO", name[:80], 0, block.units)

    def _document(self, piece: bytes, frame: Frame, block: Block) -> bytes:
        try:
            piece.decode()
        except UnicodeDecodeError:
            block.faults.append(
                fault("encoding-differs", unit=block.units, declared="UTF-8", found="Windows-1258")
            )
            piece = decode_windows_1258(piece).encode()
        return frame.open + piece + frame.hoso_close + frame.close

    def _files(self, hoso: etree._Element, block: Block) -> list[File]:
        files = []
        for element in hoso:
            name = etree.QName(element).localname
            if name != "FILEHOSO":
                block.not_known("HOSO", name[:80], 0, block.units)
                continue
            label, content, encoded = "", b"", True
            for part in element:
                name = etree.QName(part).localname
                if name == "LOAIHOSO":
                    label = (part.text or "").strip()
                elif name == "NOIDUNGFILE":
                    encoded = not len(part)
                    content = etree.tostring(part[0]) if len(part) else (part.text or "").encode()
                else:
                    block.not_known("HOSO", name[:80], 0, block.units)
            files.append(File(label, content, encoded))
        return files

    def _read_files(self, files: list[File], block: Block) -> None:
        unit = block.units
        block.units += 1
        seen: dict[str, int] = {}
        for file in files:
            label = file.label[:40]
            if label in self.unread:
                block.faults.append(fault("part-unread", unit=unit, label=label))
                continue
            if label not in self.labels:
                label = self._strange(label, unit, block)
            data = self._content(file, label or "FILEHOSO", unit, block)
            table = (
                self.inner.take(data, label, unit, block)
                if data is not None
                else self.inner.labelled(label)
            )
            if table is not None:
                seen[table] = seen.get(table, 0) + 1
        for table, count in seen.items():
            if count > 1:
                block.faults.append(
                    fault(
                        "type-repeated",
                        unit=unit,
                        table=table,
                        label=self.label_of[table],
                        count=count,
                    )
                )
        if self.summary is not None and self.summary not in seen:
            label = self.label_of[self.summary]
            block.faults.append(
                fault("summary-missing", unit=unit, table=self.summary, label=label)
            )

    def _strange(self, label: str, unit: int, block: Block) -> str:
        """Reports a label that is none of ours; the answer is the one that it means, else itself."""
        meant = self._spelled.get(label.casefold())
        if meant is not None:
            block.faults.append(fault("type-spelled", unit=unit, label=label, name=meant))
            return meant
        if label:
            block.faults.append(fault("type-unknown", unit=unit, label=label))
        else:
            block.faults.append(fault("type-absent", unit=unit))
        return label

    def _content(self, file: File, label: str, unit: int, block: Block) -> bytes | None:
        content = file.content
        if not content or content.isspace():
            block.faults.append(fault("content-missing", unit=unit, label=label))
            return None
        if not file.encoded or content.lstrip(b"\xef\xbb\xbf" + _SPACE)[:1] == b"<":
            if self.unencoded:
                return content
            block.faults.append(fault("inner-unencoded", unit=unit, label=label))
            return None
        if b"\n" in content or content[-1:] in _SPACE:
            # Lines of 76 characters are base64 too.
            content = content.translate(None, _SPACE)
        try:
            return pybase64.b64decode(content, validate=True)
        except ValueError:
            return self._loosely_decoded(content, label, unit, block)

    @staticmethod
    def _loosely_decoded(content: bytes, label: str, unit: int, block: Block) -> bytes | None:
        """Base64 with spaces between its characters, which is right, or of another kind, which is said and read."""
        content = content.translate(None, _SPACE)
        try:
            return pybase64.b64decode(content, validate=True)
        except ValueError:
            pass
        block.faults.append(fault("base64-broken", unit=unit, label=label))
        plain = content.translate(_STANDARD).rstrip(b"=")
        try:
            data = pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
        except ValueError:
            return None
        # Only a document that is whole: of base64 that was cut nobody knows what is lacking.
        return data if data.rstrip(_SPACE + b"\x00").endswith((b">", b">\x00")) else None


def plain_files(content: bytes) -> list[File] | None:
    """The files of a HOSO written the usual way, or None; `content` stands between <HOSO> and </HOSO>."""
    parts = content.replace(b">", b"><").split(b"<")
    count, rest = divmod(len(parts) - 1, 12)
    if rest or parts[1::2] != _TAGS * count or content.count(b">") != 6 * count:
        return None
    labels, contents = parts[4::12], parts[8::12]
    spaces = parts[0::12] + parts[2::12] + parts[6::12] + parts[10::12]
    if b"".join(spaces).strip(_SPACE) or b"&" in content:
        return None
    try:
        return [
            File(label.decode("ascii").strip(), text)
            for label, text in zip(labels, contents, strict=True)
        ]
    except UnicodeDecodeError:
        return None
