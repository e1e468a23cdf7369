"""Reads an ODCS contract from YAML; all mistakes of a file are told together, each with its line."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import yaml

from lienthong import settings
from lienthong.contracts.contract import Contract
from lienthong.contracts.faults import ContractError, ContractErrors
from lienthong.contracts.yaml_lines import LinedDocument
from lienthong.errors import NotFound

SUFFIX = ".odcs.yaml"


def declared_contracts() -> dict[str, Path]:
    """The contracts at hand: name to file, in the order of their names.

    Those in `contracts/` of the data folder lie over those that come with the program, so that a
    thirteenth database is one file and nothing else.
    """
    shipped = Path(str(resources.files("lienthong") / "declared" / "contracts"))
    found = {
        file.name.removesuffix(SUFFIX): file
        for folder in (shipped, settings.read().home / "contracts")
        for file in folder.glob(f"*{SUFFIX}")
    }
    return dict(sorted(found.items()))


def contract_path(name_or_path: str | Path) -> Path:
    """The file of a declared contract's name, or the path itself when it is a file.

    Raises NotFound with the names that there are.
    """
    declared = declared_contracts()
    if str(name_or_path) in declared:
        return declared[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return path
    raise NotFound(
        "CONTRACT-NOT-FOUND",
        "No contract '%(name)s'. It must be a file or one of: %(choices)s",
        name=str(name_or_path),
        choices=", ".join(declared),
    )


def read_contract(name_or_path: str | Path) -> Contract:
    """The contract of a declared name or of an ODCS file (ours or plain).

    Raises NotFound, or ContractErrors with every mistake of the file.
    """
    path = contract_path(name_or_path)
    return parse_contract(path.read_bytes(), str(path))


def parse_contract(content: bytes, file: str = "contract") -> Contract:
    """The contract in `content`; `file` is the name that errors show. Raises ContractErrors."""
    from lienthong.contracts.borrowing import with_borrowed
    from lienthong.contracts.mapping import map_contract  # heavy: ODCS models
    from lienthong.contracts.structure import structure_errors

    try:
        document = LinedDocument(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        wrong, where = "the file is not UTF-8 (byte %(byte)s)", {"byte": error.start}
        raise ContractErrors([ContractError(file, 1, wrong, "UTF-8", where)]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        values = {"reason": getattr(error, "problem", None) or str(error)}
        raise ContractErrors(
            [ContractError(file, line, "not YAML: %(reason)s", "", values)]
        ) from error
    errors = structure_errors(document, file)
    try:
        contract, more = map_contract(document, file, hashlib.sha256(content).hexdigest())
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        if not errors:
            raise
        # What is not built like a contract cannot be read any further.
        raise ContractErrors(errors) from None
    if errors or more:
        raise ContractErrors([*errors, *more])
    return with_borrowed(contract, file)
