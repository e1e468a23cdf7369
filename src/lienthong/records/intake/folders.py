"""A folder with a file per table is one submission: its files are packed, plainly and always in the same way."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lienthong.errors import Refused

SUFFIX = ".folder.tar"
"""How the name of a packed folder ends."""

MOST_FILES = 1000
LONGEST_NAME = 200
"""Bytes of a file's name; disks take 255."""


@contextmanager
def as_submission(path: Path, home: Path) -> Iterator[tuple[Path, str]]:
    """The file to send for a path, and its name. The same folder gives the same bytes whenever it is packed."""
    if not path.is_dir():
        yield path, path.name
        return
    work = home / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="folder-", dir=work) as folder:
        packed = Path(folder) / "packed.tar"
        pack(path, packed)
        yield packed, path.resolve().name + SUFFIX


def pack(folder: Path, target: Path) -> None:
    """Pack the files of a folder, without dates and owners. Raises Refused for a folder without files."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name[0] not in "._")
    if not files:
        raise Refused("FILE-24", "The folder holds no file.")
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            about = tarfile.TarInfo(file.name)
            about.size = file.stat().st_size
            with file.open("rb") as content:
                archive.addfile(about, content)


def unpack(packed: Path, folder: Path) -> Path:
    """The files of a packed folder in `folder`; names are taken without any path. Raises Refused.

    Files with holes are refused: a few bytes of them unpack to as much as a disk holds.
    """
    folder.mkdir()
    taken = 0
    try:
        with tarfile.open(packed, "r:") as archive:
            for about in archive:
                name = Path(about.name).name
                if not about.isfile() or not name or name.startswith("."):
                    continue
                taken += 1
                too_much = taken > MOST_FILES or len(name.encode(errors="replace")) > LONGEST_NAME
                if about.issparse() or too_much or not name.isprintable():
                    raise Refused("intake.folder", "The packed folder cannot be opened.")
                archive.extract(about.replace(name=name, deep=False), folder, filter="data")
    except tarfile.TarError as error:
        raise Refused("intake.folder", "The packed folder cannot be opened.") from error
    return folder
