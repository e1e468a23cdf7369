"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from lienthong.errors import Refused
from lienthong.records.formats.encodings import Encoding, marked

HEAD = 64 * 1024


class Format(StrEnum):
    """The formats that are read."""

    XML = "xml"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON_LINES = "jsonlines"


_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf": "7-zip",
    b"Rar!": "RAR",
}
_ARRAY = re.compile(r"\[\s*(?:\{\s*[\"}]|\]\s*$)")
_SKIPPED = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|\s+)*", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")


def head_text(data: bytes) -> str:
    """The beginning of a file as text, good enough to tell its format."""
    found = marked(data) or Encoding("utf-8")
    return data[found.mark :].decode(found.name, errors="replace")


def sniff(path: Path) -> Format:
    """The format of a file.

    Raises Refused for compressed files and for bytes that are no table and no message.
    """
    with path.open("rb") as stream:
        data = stream.read(HEAD)
    if data.startswith(b"PAR1"):
        return Format.PARQUET
    if data.startswith(b"PK\x03\x04"):
        # A spreadsheet is a zip archive whose first entries name its parts.
        if b"[Content_Types].xml" in data or b"xl/" in data or b"_rels/" in data:
            return Format.XLSX
        raise Refused(
            "FILE-21",
            "The file is compressed (%(kind)s); unpack it and send what is inside.",
            kind="zip",
        )
    for magic, kind in _COMPRESSED.items():
        if data.startswith(magic):
            raise Refused(
                "FILE-21",
                "The file is compressed (%(kind)s); unpack it and send what is inside.",
                kind=kind,
            )
    return _text_format(head_text(data), data)


def _text_format(text: str, data: bytes) -> Format:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return Format.XML
    if start.startswith("{"):
        return Format.JSON_LINES
    if _ARRAY.match(start):
        raise Refused(
            "FILE-32",
            "The file is one JSON list; write each of its objects on a line of its own (JSON lines).",
        )
    if data[:4] in (b"%PDF", b"\x7fELF", b"\x89PNG", b"\xd0\xcf\x11\xe0") or data[:2] == b"MZ":
        raise Refused("FILE-20", "The file is no XML, CSV, XLSX, Parquet or JSON lines.")
    return Format.CSV


def xml_root(path: Path) -> str:
    """The name of the root element, without prefix. Raises Refused for a DOCTYPE or when there is none."""
    with path.open("rb") as stream:
        text = head_text(stream.read(HEAD)).lstrip("\ufeff")
    skipped = _SKIPPED.match(text)
    rest = text[skipped.end() if skipped else 0 :]
    if rest.startswith("<!"):
        raise Refused("FILE-22", "The file declares a DOCTYPE, which is refused; remove it.")
    root = _ROOT.match(rest)
    if root is None:
        raise Refused("FILE-23", "The file has no root element.")
    return root.group(1)
