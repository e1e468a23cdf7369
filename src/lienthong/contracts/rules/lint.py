"""Whether every rule of a contract can be run: a rule that cannot is a mistake of its contract."""

from __future__ import annotations

from collections.abc import Iterator

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Rule, Table
from lienthong.contracts.faults import ContractError
from lienthong.contracts.rules.compiled import compile_rule
from lienthong.contracts.rules.declared import table_rules
from lienthong.contracts.rules.subset import RESERVED_PREFIX
from lienthong.contracts.senders import KINDS


def kind_errors(contract: Contract, codes: Codes) -> list[ContractError]:
    """The kinds of senders that a contract or one of its tables names and the list of kinds does not have."""
    known = {code.code for code in codes.codes(KINDS)}
    places = [("senderKinds", 1, contract.sender_kinds)]
    places += [
        (f"{table.name}.senderKinds", table.line or 1, table.sender_kinds)
        for table in contract.tables
    ]
    wrong = "%(place)s names '%(kind)s', which is no kind of sender"
    return [
        ContractError(
            contract.path, line, wrong, ", ".join(sorted(known)), {"place": place, "kind": kind}
        )
        for place, line, kinds in places
        for kind in kinds
        if kind not in known
    ]


def rule_errors(contract: Contract) -> list[ContractError]:
    """The rules that do not compile, each with its line; names that no table has are among them."""
    return [
        error
        for table in contract.tables
        for rule in table_rules(table)
        for error in _errors(contract, table, rule)
    ]


def _errors(contract: Contract, table: Table, rule: Rule) -> Iterator[ContractError]:
    line = rule.line or table.line or 1
    values = {"rule": rule.id, "table": table.name}
    compiled = compile_rule(contract, table, rule)
    ours = rule.kind == "custom" and not compiled.portable
    if compiled.how == "broken" or (ours and compiled.reason):
        wrong = "rule %(rule)s of %(table)s cannot be run: %(reason)s"
        yield ContractError(contract.path, line, wrong, "", {**values, "reason": compiled.reason})
    elsewhere = rule.other and rule.predicate and compiled.how == "unknown"
    if elsewhere and compiled.reason:
        wrong = "rule %(rule)s of %(table)s looks at %(other)s, which no database has"
        yield ContractError(contract.path, line, wrong, "", {**values, "other": compiled.reason})
    known = {field.name.lower() for field in table.fields}
    for column in compiled.columns:
        if column.lower() not in known and not column.startswith(RESERVED_PREFIX):
            wrong = "rule %(rule)s asks '%(column)s', which is no field of %(table)s"
            yield ContractError(contract.path, line, wrong, "", {**values, "column": column})
