"""The bytes of submissions, kept as they came under their SHA-256 before anybody tries to read them.

Small ones live in the database, so that a record sent by API costs one commit; larger ones are files of the data
folder, written aside, flushed to disk and renamed into place, so that a name always stands for whole bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import psycopg

from lienthong.errors import NotFound, Unavailable
from lienthong.records.intake.folders import SUFFIX, unpack

IN_DATABASE = 256 * 1024
"""Up to this many bytes live in the database."""

_PIECE = 4 * 1024 * 1024

Data = Path | bytes | BinaryIO


class Kept(msgspec.Struct, frozen=True):
    """Bytes on their way: their SHA-256 and size, and either themselves (small) or the file where they wait."""

    sha256: str
    size: int
    small: bytes | None = None
    aside: Path | None = None


def keep(data: Data, home: Path) -> Kept:
    """Take the bytes in and say their SHA-256; `settle` gives them their place.

    Raises Unavailable ("blob.disk") when they cannot be written; nothing half stays behind.
    """
    if isinstance(data, bytes):
        if len(data) <= IN_DATABASE:
            return Kept(hashlib.sha256(data).hexdigest(), len(data), data)
        return _write(iter([data]), home)
    if isinstance(data, Path):
        if data.stat().st_size <= IN_DATABASE:
            return keep(data.read_bytes(), home)
        with data.open("rb") as file:
            return _write(_pieces(file), home)
    head = data.read(IN_DATABASE + 1)
    if len(head) <= IN_DATABASE:
        return keep(head, home)
    return _write(_pieces(data, head), home)


def settle(conn: psycopg.Connection[Any], kept: Kept, home: Path) -> None:
    """Make the bytes durable under their SHA-256, inside the transaction that gives the receipt.

    A large file is flushed and renamed before the transaction can commit: a receipt never lacks its bytes.
    """
    _hold(conn, kept.sha256)
    if kept.small is not None:
        conn.execute(
            "INSERT INTO records.blob (sha256, bytes) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [kept.sha256, kept.small],
        )
    elif kept.aside is not None:
        target = path_of(home, kept.sha256)
        with _disk():
            target.parent.mkdir(exist_ok=True)
            kept.aside.rename(target)
            _flush_folder(target.parent)


def drop(kept: Kept) -> None:
    """Forget bytes that were taken in and not settled (the receipt existed already, or was refused)."""
    if kept.aside is not None:
        kept.aside.unlink(missing_ok=True)


def sweep(home: Path, older_than_seconds: float = 86_400) -> int:
    """Remove what killed processes left half written or half read; says how many files and folders."""
    left = 0
    now = time.time()
    for one in [*(home / "blobs" / "incoming").glob("*"), *(home / "work").glob("*")]:
        if now - one.lstat().st_mtime <= older_than_seconds:
            continue  # somebody may be at it
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
        left += 1
    return left


def path_of(home: Path, sha256: str) -> Path:
    """Where larger bytes stand in the data folder."""
    return home / "blobs" / sha256[:2] / sha256[2:]


def read(conn: psycopg.Connection[Any], home: Path, sha256: str) -> bytes:
    """All the bytes. Raises NotFound."""
    path = path_of(home, sha256)
    if path.exists():
        return path.read_bytes()
    row = conn.execute("SELECT bytes FROM records.blob WHERE sha256 = %s", [sha256]).fetchone()
    if row is None:
        raise NotFound("blob.missing", "The bytes %(sha256)s are not here.", sha256=sha256)
    return bytes(row[0])


@contextmanager
def as_file(
    conn: psycopg.Connection[Any], home: Path, sha256: str, name: str, folder: Path
) -> Iterator[Path]:
    """The bytes as a file of that `name` (it may say the table) in `folder`, or the folder that was packed in them."""
    target = folder / "sent" / safe_name(name)
    target.parent.mkdir()
    path = path_of(home, sha256)
    if path.exists():
        target.symlink_to(path.absolute())
    else:
        target.write_bytes(read(conn, home, sha256))
    yield unpack(target, folder / "files") if name.endswith(SUFFIX) else target


def safe_name(name: str) -> str:
    """A sender's name for a file as every disk takes it: no path, and at most 200 bytes, of which the end is kept."""
    plain = re.sub(r"[^\w.-]", "_", Path(name).name).encode()[-200:].decode(errors="ignore")
    return plain.lstrip(".") or "submission"


def forget(conn: psycopg.Connection[Any], home: Path, sha256: str) -> None:
    """Drop bytes that no submission speaks of any more (a test is checked and not kept)."""
    _hold(conn, sha256)
    used = conn.execute(
        "SELECT 1 FROM records.submission WHERE (sha256 = %(sha)s AND (NOT test OR state = 'received'))"
        " OR findings_sha256 = %(sha)s LIMIT 1",
        {"sha": sha256},
    ).fetchone()
    if used is None:
        conn.execute("DELETE FROM records.blob WHERE sha256 = %s", [sha256])
        path_of(home, sha256).unlink(missing_ok=True)


def _pieces(file: BinaryIO, head: bytes = b"") -> Iterator[bytes]:
    if head:
        yield head
    while piece := file.read(_PIECE):
        yield piece


def _write(pieces: Iterator[bytes], home: Path) -> Kept:
    digest, size = hashlib.sha256(), 0
    folder = home / "blobs" / "incoming"
    aside = folder / secrets.token_hex(16)
    try:
        with _disk():
            folder.mkdir(parents=True, exist_ok=True)
            with aside.open("xb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return Kept(digest.hexdigest(), size, aside=aside)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "blob.disk",
            "The bytes could not be written to the data folder (%(why)s). Nothing was taken; make room and send again.",
            why=error.strerror or type(error).__name__,
        ) from error


def _hold(conn: psycopg.Connection[Any], sha256: str) -> None:
    """Nobody else settles or forgets the same bytes until this transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [int(sha256[:15], 16)])


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
