"""The contracts and code lists under which submissions are judged: those of the program and those of the data folder.

An official adds a contract by putting its file into `contracts/` of the data folder, and a code list into `codes/`.
A file that changes is read again.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import psycopg

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import SUFFIX, contract_path, declared_contracts, read_contract
from lienthong.contracts.rules.cache import cached_contract, cached_python
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.errors import Refused
from lienthong.records import registers

_compiled: dict[tuple[str, int, int], CompiledContract] = {}
_engines: dict[tuple[str, int], RecordEngine] = {}
_making = threading.Lock()
_codes: dict[tuple[str, tuple[tuple[str, int, int], ...]], Codes] = {}


def path_of(name: str, home: Path) -> Path:
    """The file of a contract. Raises NotFound."""
    own = home / "contracts" / f"{name}{SUFFIX}"
    if "/" not in name and own.is_file():
        return own
    return contract_path(name)


def compiled(name: str, home: Path) -> CompiledContract:
    """The contract of a name, ready to check. Raises NotFound or ContractErrors."""
    path = path_of(name, home)
    about = path.stat()
    key = (str(path), about.st_mtime_ns, about.st_size)
    if key not in _compiled:
        made = cached_contract(path)
        if len(_compiled) > 63:
            _compiled.clear()
        _compiled[key] = made
    return _compiled[key]


def contract(name: str, home: Path) -> Contract:
    """The contract of a name. Raises NotFound or ContractErrors."""
    return compiled(name, home).contract


def names(home: Path) -> list[str]:
    """Every contract under which may be sent."""
    own = (file.name.removesuffix(SUFFIX) for file in (home / "contracts").glob(f"*{SUFFIX}"))
    return sorted({*declared_contracts(), *own})


def adopt(name_or_path: str, home: Path) -> str:
    """The name of a contract; a file is first copied into the data folder under the name that it gives itself.

    Raises NotFound, ContractErrors, or Refused when the name belongs to a contract of the program.
    """
    if name_or_path in names(home):
        return name_or_path
    path = contract_path(name_or_path)
    given = read_contract(path)
    folder = home / "contracts"
    known = declared_contracts().get(given.name)
    if known is not None and known.parent.resolve() != folder.resolve():
        raise Refused(
            "contract.taken",
            "The program has a contract %(name)s itself; give yours another name.",
            name=given.name,
        )
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{given.name}.{os.getpid()}"
    shutil.copyfile(path, aside)
    aside.replace(folder / f"{given.name}{SUFFIX}")
    return given.name


def codes(home: Path) -> Codes:
    """The code lists of the program with those of the data folder over them."""
    folder = home / "codes"
    files = sorted((*folder.glob("*.csv"), *folder.glob("*.yaml"))) if folder.is_dir() else []
    state = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    key = (str(home), state)
    if key not in _codes:
        _codes.clear()
        _codes[key] = Codes([folder] if files else [])
    return _codes[key]


def refresh(conn: psycopg.Connection[Any], home: Path) -> None:
    """Reads the registers of our own databases that may accuse, when an official said that they are complete."""
    lists = codes(home)
    if registers.refresh(conn, lists, only_complete=True):
        with _making:
            for key in [key for key in _engines if key[1] == id(lists)]:
                del _engines[key]


def engine(given: CompiledContract, home: Path) -> RecordEngine:
    """The generated rules of a contract with the code lists of today; made once in a process."""
    lists = codes(home)
    key = (given.contract.digest, id(lists))
    with _making:
        if key not in _engines:
            if len(_engines) > 15:
                _engines.clear()
            _engines[key] = RecordEngine(given, lists, cached_python(given))
        return _engines[key]
