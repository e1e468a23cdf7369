"""What a file is, told from its content: its name and what a browser says of it are only claims. Pure."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from importlib import resources
from pathlib import Path

import msgspec

from lienthong.errors import Refused
from lienthong.findings import Text

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
MOST_PARTS = 5_000


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One type that may be attached: the endings its files have, its name."""

    ends: tuple[str, ...]
    vi: str
    en: str
    fr: str

    @property
    def label(self) -> Text:
        """The name in three languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


UNPACKED_FREE, UNPACKED_RATIO = 64 * 1024 * 1024, 60
"""Bytes that an office file may unpack to in any case, and how many times its own size beyond that."""


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What may be attached (declared/dossiers/attachments.yaml)."""

    most_mib: int
    most_files: int
    check_seconds: float
    types: dict[str, Kind]

    @property
    def most_bytes(self) -> int:
        """The largest file in bytes."""
        return self.most_mib * 1024 * 1024


@lru_cache(maxsize=4)
def allowed(home: Path | None = None) -> Allowed:
    """What may be attached: the official's own file when there is one, else the declared one."""
    import yaml

    own = home / "dossiers" / "attachments.yaml" if home else None
    declared = resources.files("lienthong").joinpath("declared", "dossiers", "attachments.yaml")
    text = own.read_text("utf-8") if own and own.exists() else declared.read_text("utf-8")
    try:
        return msgspec.convert(yaml.safe_load(text), Allowed)
    except msgspec.ValidationError as error:
        raise Refused(
            "ATTACHMENT-RULES", "attachments.yaml: %(reason)s", reason=str(error)
        ) from error


def media_type(data: bytes, rules: Allowed) -> str:
    """The type of a file. Raises Refused for an empty one, for one of no allowed type, and for one with macros."""
    if not data:
        raise Refused("ATTACHMENT-EMPTY", "The file is empty.")
    found = next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
    if found is None and data.startswith(b"PK\x03\x04"):
        found = _office(data)
    if found is None and _is_xml(data):
        found = "application/xml"
    if found is None or found not in rules.types:
        raise Refused(
            "ATTACHMENT-TYPE",
            "The file is of no type that may be attached; there are: %(known)s.",
            known=", ".join(end for kind in rules.types.values() for end in kind.ends),
        )
    return found


def _office(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names or len(names) > MOST_PARTS:
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused("ATTACHMENT-MACRO", "The file holds macros; save it without them.")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > max(UNPACKED_FREE, UNPACKED_RATIO * len(data)):
        # Whoever opens it in an office program would pay for it.
        raise Refused(
            "ATTACHMENT-BOMB", "The file unpacks to far more than it should; it is refused."
        )
    if any(name.startswith("word/") for name in names):
        return _WORD
    return _EXCEL if any(name.startswith("xl/") for name in names) else None


def _is_xml(data: bytes) -> bool:
    """Well-formed XML that is no page for a browser."""
    from lxml import etree

    from lienthong.records.formats.safety import safe_parser

    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    try:
        root = etree.fromstring(data, safe_parser())
    except etree.XMLSyntaxError:
        return False
    if root.getroottree().docinfo.doctype:
        # A document type may name files of the machine that opens it; no form of the administration needs one.
        raise Refused(
            "ATTACHMENT-DOCTYPE",
            "The XML file declares a document type (DOCTYPE); save it without one.",
        )
    name = etree.QName(root)
    return name.localname.lower() not in ("html", "svg", "script")
