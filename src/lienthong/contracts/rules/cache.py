"""Compiled contracts kept as files, so that a check of a small file does not parse a large contract first.

A file is named by what it was made from: the contract's bytes and the program that compiled them. Losing the
folder costs half a second once; a folder that cannot be written is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from lienthong import __version__
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.python_form import PythonContract, with_code

KEPT = 60
"""How many files stay in the folder."""


def cache_folder() -> Path:
    """The reader's own cache folder, as the operating system has it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _home_cache()
    return Path(base) / "lienthong" / "contracts"


def _home_cache() -> str:
    """The cache of the reader's home; a user without one has a folder of their own among the temporary ones."""
    try:
        return str(Path.home() / ".cache")
    except RuntimeError:
        return str(Path(tempfile.gettempdir()) / f"lienthong-cache-{os.getuid()}")


@cache
def program_stamp() -> str:
    """Changes whenever the code or the sentences that shape a compiled contract change."""
    package = Path(__file__).parents[2]
    sources = sorted(
        [
            *package.glob("contracts/*.py"),
            *package.glob("contracts/rules/*.py"),
            package / "findings.py",
            *package.glob("declared/locale/*/*.po"),
        ]
    )
    stamp = hashlib.sha256(__version__.encode())
    for source in sources:
        about = source.stat()
        stamp.update(f"{source.name}:{about.st_size}:{about.st_mtime_ns};".encode())
    return stamp.hexdigest()


def cached_contract(name_or_path: str | Path) -> CompiledContract:
    """The compiled contract of a declared name or of a file; read and compiled only when it has changed.

    Raises NotFound or ContractErrors as `read_contract` does.
    """
    from lienthong.contracts.borrowing import stamp
    from lienthong.contracts.reading import contract_path

    path = contract_path(name_or_path)
    content = path.read_bytes()
    file = _file(content, str(path) + stamp(content, str(path)), "contract")
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(_read(file), type=CompiledContract)
    from lienthong.contracts.reading import parse_contract
    from lienthong.contracts.rules.compiled import compile_contract

    compiled = compile_contract(parse_contract(content, str(path)))
    with contextlib.suppress(OSError):
        _store(file, msgspec.msgpack.encode(compiled))
    return compiled


def cached_python(compiled: CompiledContract) -> PythonContract:
    """The generated Python of a contract; generated only when the contract or the program has changed."""
    digest = compiled.contract.digest
    file = _file(digest.encode(), compiled.contract.path, "python")
    if digest:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.msgpack.decode(_read(file), type=PythonContract)
    from lienthong.contracts.rules.python_make import make_python

    made = with_code(make_python(compiled))
    if digest:
        with contextlib.suppress(OSError):
            _store(file, msgspec.msgpack.encode(made))
    return made


def kept(name: str, shape: Any, make: Callable[[], Any]) -> Any:
    """A value that takes long to make and changes only with `name`; `shape` is its type."""
    file = _file(b"", name, "value")
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(_read(file), type=shape)
    made = make()
    with contextlib.suppress(OSError):
        _store(file, msgspec.msgpack.encode(made))
    return made


def warm() -> None:
    """Compiles every declared contract, so that nobody's first check has to."""
    from lienthong.contracts.codes import ICD10, Codes
    from lienthong.contracts.reading import declared_contracts

    for name in declared_contracts():
        cached_python(cached_contract(name))
    list(Codes().codes(ICD10))


def _file(content: bytes, name: str, kind: str) -> Path:
    made_from = hashlib.sha256(content + program_stamp().encode() + name.encode()).hexdigest()
    return cache_folder() / f"{made_from}.{kind}"


def _read(file: Path) -> bytes:
    """The bytes of a kept file. Generated code is run, so a folder that others can write is not read."""
    if hasattr(os, "getuid"):
        about = file.parent.stat()
        if about.st_uid != os.getuid() or about.st_mode & 0o022:
            raise PermissionError(f"others can write {file.parent}")
    return file.read_bytes()


def _store(file: Path, content: bytes) -> None:
    """Writes beside and renames, so that a reader never sees half a file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as target:
        target.write(content)
    Path(name).replace(file)
    kept = sorted(file.parent.glob("*.*"), key=lambda item: item.stat().st_mtime, reverse=True)
    for old in kept[KEPT:]:
        old.unlink(missing_ok=True)
