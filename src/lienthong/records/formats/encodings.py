"""The encodings found in files of Vietnamese facilities, told by their bytes: UTF-8, UTF-16 and Windows-1258.

Windows-1258 writes a tone as a letter of its own after the vowel; text is composed (NFC) after reading, so
that the same name is the same text whatever program wrote it.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

PIECE = 1024 * 1024
BROKEN = "\ufffd"
"""Stands for bytes that are no text."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class Encoding(NamedTuple):
    """How the bytes of a file are text.

    `mark` is the length of its byte-order mark; `settled` is False for a guess from the head of the file,
    `is_sound` for text with broken bytes.
    """

    name: str
    mark: int = 0
    settled: bool = True
    is_sound: bool = True


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return BROKEN, error.start + 1
    raise error


codecs.register_error("lienthong-broken", _one_by_one)


def decode_windows_1258(data: bytes) -> str:
    """Text of Windows-1258 bytes, composed; undefined bytes become U+FFFD."""
    return unicodedata.normalize("NFC", data.decode("cp1258", errors="lienthong-broken"))


def marked(head: bytes) -> Encoding | None:
    """The encoding that a byte-order mark or the zero bytes of ASCII letters in UTF-16 give away."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    sample = head[:2000]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    enough = max(2, len(sample) // 8)  # in a file of a few letters one stray zero byte says nothing
    if odd > enough and even <= odd // 8:
        return Encoding("utf-16-le")
    if even > enough and odd <= even // 8:
        return Encoding("utf-16-be")
    return None


def detect(path: Path, head: bytes) -> Encoding:
    """The encoding of a text file: by its mark, UTF-8 as long as its head is, else by all of it."""
    by_mark = marked(head)
    if by_mark is not None:
        return by_mark
    if _is_utf8(head):
        return Encoding("utf-8", settled=False)
    return of_whole_file(path)


def of_whole_file(path: Path) -> Encoding:
    """UTF-8, with broken bytes or without, or Windows-1258.

    Text of Windows-1258 hardly ever becomes well-formed UTF-8 by chance, so with a fair number of such
    characters the file is UTF-8 with broken bytes.
    """
    good, broken = _count_utf8(path)
    if not broken or (good and 4 * good >= broken):
        return Encoding("utf-8", is_sound=not broken)
    return Encoding("cp1258")


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _count_utf8(path: Path) -> tuple[int, int]:
    """How many characters beyond ASCII are well-formed UTF-8, how many bytes are not."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="lienthong-broken")
    good = broken = 0
    with path.open("rb") as stream:
        while data := stream.read(PIECE):
            text = decoder.decode(data)
            wrong = text.count(BROKEN)
            broken += wrong
            good += len(text) - len(text.encode("ascii", errors="ignore")) - wrong
    return good, broken


def pieces(stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The text of a file in pieces that end with a line (the last one as the file ends)."""
    stream.seek(encoding.mark)
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="lienthong-broken")
    held: list[str] = []
    while True:
        data = stream.read(PIECE)
        text = decoder.decode(data, final=not data)
        cut = text.rfind("\n") + 1
        if cut:
            held.append(text[:cut])
            yield _composed("".join(held), encoding)
            held = []
        held.append(text[cut:])
        if not data:
            rest = "".join(held)
            if rest:
                yield _composed(rest, encoding)
            return


def _composed(text: str, encoding: Encoding) -> str:
    return unicodedata.normalize("NFC", text) if encoding.name == "cp1258" else text


def transcode(path: Path, encoding: Encoding, target: Path) -> None:
    """Write the text of a file as UTF-8 without mark."""
    with path.open("rb") as stream, target.open("w", encoding="utf-8", newline="") as out:
        for text in pieces(stream, encoding):
            # A half of a surrogate pair is no character.
            out.write(text.encode("utf-8", errors="replace").decode())
