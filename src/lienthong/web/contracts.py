"""The page of a contract: what a database promises, in words, and the same for machines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from litestar import Response, get

from lienthong.contracts.contract import Contract
from lienthong.contracts.exports import export
from lienthong.contracts.senders import bound_tables, kinds_for, labels
from lienthong.contracts.versions import AT, as_asked, versions_of
from lienthong.errors import NotFound
from lienthong.records.intake import terms
from lienthong.settings import Settings
from lienthong.web.page import Page

FORMS = {
    "yaml": ("application/yaml", "odcs.yaml"),
    "odcs": ("application/yaml", "plain.odcs.yaml"),
    "sql": ("application/sql", "sql"),
    "json-schema": ("application/schema+json", "schema.json"),
    "md": ("text/markdown; charset=utf-8", "md"),
}


def contract_named(contracts: Mapping[str, Contract], name: str) -> Contract:
    """The contract, or NotFound with the names there are."""
    if name not in contracts:
        raise NotFound(
            "CONTRACT-NOT-FOUND",
            "No contract '%(name)s'. It must be a file or one of: %(choices)s",
            name=name,
            choices=", ".join(contracts),
        )
    return contracts[name]


@get("/contracts", opt={"action": "contract.read"}, sync_to_thread=True)
def contract_list(page: Page, contracts: Mapping[str, Contract]) -> Response[str]:
    """All contracts with their owners and sizes."""
    return page.show("contracts.html", contracts=list(contracts.values()))


@get("/contracts/{name:str}", opt={"action": "contract.read"}, sync_to_thread=True)
def contract_page(
    page: Page,
    contracts: Mapping[str, Contract],
    settings: Settings,
    name: str,
    table: str = "",
    version: str = "",
    on: str = "",
) -> Response[str]:
    """One contract: legal basis, clocks, and the fields and rules of one table (default: the one with most fields).

    `version` or `on` (a day) shows one of its dated versions.
    """
    whole = contract_named(contracts, name)
    contract = as_asked(whole, version, on)
    largest = max(contract.tables, key=lambda one: len(one.fields))
    shown = contract.table(table) or largest
    codes = terms.codes(settings.home)
    kinds, bound = kinds_for(codes, whole), bound_tables(codes, whole)
    return page.show(
        "contract.html",
        contract=contract,
        kinds=None if kinds is None else labels(codes, kinds),
        bound={name: labels(codes, own) for name, own in bound.items()},
        table=shown,
        versions=whole.versions,
        chosen=contract.version.partition(AT)[2],
        spans={field.name: versions_of(field) for field in shown.fields},
    )


@get(
    "/contracts/{name:str}/download/{form:str}",
    opt={"action": "contract.read"},
    sync_to_thread=True,
)
def contract_download(
    page: Page,
    contracts: Mapping[str, Contract],
    name: str,
    form: str,
    version: str = "",
    on: str = "",
) -> Response[bytes]:
    """The contract, or one of its dated versions, as a file in one of FORMS."""
    contract = as_asked(contract_named(contracts, name), version, on)
    if form not in FORMS:
        raise NotFound(
            "CONTRACT-FORM",
            "No export '%(form)s'. There are: %(choices)s",
            form=form,
            choices=", ".join(FORMS),
        )
    media, ending = FORMS[form]
    if form == "yaml" and AT not in contract.version:
        content = Path(contract.path).read_bytes()
    elif form == "md":
        from lienthong.contracts.exports.page import markdown

        content = markdown(contract, page.language).encode()
    else:
        content = export(contract, "odcs" if form == "yaml" else form).encode()
    return Response(
        content,
        media_type=media,
        headers={"content-disposition": f'attachment; filename="{contract.name}.{ending}"'},
    )


ROUTES = [contract_list, contract_page, contract_download]
