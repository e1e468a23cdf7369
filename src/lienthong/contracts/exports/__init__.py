"""The same promise in the languages of other tools: SQL DDL, JSON Schema, plain ODCS and a page to read."""

from __future__ import annotations

from collections.abc import Callable

from lienthong.contracts.contract import Contract


def export(contract: Contract, form: str) -> str:
    """The contract as text in one of FORMS. Raises Refused for another form."""
    from lienthong.errors import Refused

    if form not in FORMS:
        raise Refused(
            "CONTRACT-FORM",
            "No export '%(form)s'. There are: %(choices)s",
            form=form,
            choices=", ".join(FORMS),
        )
    return FORMS[form](contract)


def _sql(contract: Contract) -> str:
    from lienthong.contracts.exports.sql_ddl import sql_ddl

    return sql_ddl(contract)


def _json_schema(contract: Contract) -> str:
    from lienthong.contracts.exports.json_schema import json_schema

    return json_schema(contract)


def _odcs(contract: Contract) -> str:
    from lienthong.contracts.exports.plain_odcs import plain_odcs

    return plain_odcs(contract)


def _markdown(contract: Contract) -> str:
    from lienthong.contracts.exports.page import markdown

    return markdown(contract)


FORMS: dict[str, Callable[[Contract], str]] = {
    "sql": _sql,
    "json-schema": _json_schema,
    "odcs": _odcs,
    "markdown": _markdown,
}
