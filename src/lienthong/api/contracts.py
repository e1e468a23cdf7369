"""Contracts and code lists for programs: what must be sent, and which codes are right on which day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from lienthong.api.asking import contract_named
from lienthong.contracts.codes import Code, Codes
from lienthong.contracts.contract import Contract, Version
from lienthong.contracts.exports import export
from lienthong.contracts.versions import AT, as_asked
from lienthong.errors import NotFound
from lienthong.findings import Text

READ = {"action": "contract.read"}
MEDIA = {
    "yaml": "application/yaml",
    "odcs": "application/yaml",
    "sql": "application/sql",
    "json-schema": "application/schema+json",
    "markdown": "text/markdown; charset=utf-8",
}


class Named(msgspec.Struct, kw_only=True):
    """One contract in a list."""

    name: str
    version: str
    label: Text
    tables: list[str]
    versions: list[Version]


@get("/contracts", opt=READ, sync_to_thread=False, summary="Contracts")
def listed(contracts: Mapping[str, Contract]) -> list[Named]:
    """All contracts in force."""
    return [
        Named(
            name=one.name,
            version=one.version,
            label=one.label,
            tables=[table.name for table in one.tables],
            versions=list(one.versions),
        )
        for one in contracts.values()
    ]


@get(
    "/contracts/{name:str}/{form:str}",
    opt=READ,
    sync_to_thread=True,
    summary="A contract as a file",
)
def exported(
    contracts: Mapping[str, Contract],
    name: str,
    form: str,
    version: Annotated[str, Parameter(description="One dated version of the contract.")] = "",
    on: Annotated[str, Parameter(description="The version in force on a day (2025-01-01).")] = "",
) -> Response[bytes]:
    """The contract, or one of its dated versions, as yaml, odcs (plain), sql, json-schema or markdown."""
    contract = as_asked(contract_named(contracts, name), version, on)
    if form not in MEDIA:
        raise NotFound(
            "CONTRACT-FORM",
            "No export '%(form)s'. There are: %(choices)s",
            form=form,
            choices=", ".join(MEDIA),
        )
    if form == "yaml" and AT not in contract.version:
        content = Path(contract.path).read_bytes()
    else:
        content = export(contract, "odcs" if form == "yaml" else form).encode()
    return Response(content, media_type=MEDIA[form])


@get("/codes", opt=READ, sync_to_thread=False, summary="Code lists")
def lists(codes: Codes) -> list[str]:
    """The names of the code lists."""
    return list(codes.names())


@get("/codes/{name:str}", opt=READ, sync_to_thread=True, summary="A code list")
def code_list(
    codes: Codes,
    name: str,
    code: Annotated[str | None, Parameter(description="Only this code.")] = None,
    day: Annotated[
        str | None, Parameter(description="Only codes that hold on this day (yyyymmdd).")
    ] = None,
) -> list[Code]:
    """Codes with their periods, labels, successors and parents."""
    if name not in codes.names():
        raise NotFound("codes.unknown", "There is no code list %(name)s.", name=name)
    found = codes.codes(name) if code is None else codes.find(name, code)
    return [one for one in found if day is None or one.holds(day)]


ROUTES = [listed, exported, lists, code_list]
