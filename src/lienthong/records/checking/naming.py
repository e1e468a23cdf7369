"""How a finding names the records of other databases: in its sentence, and as data for pages and programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lienthong import words
from lienthong.contracts.contract import Contract, Rule, Table
from lienthong.contracts.other_items import PLACE
from lienthong.contracts.rules.others import Named
from lienthong.findings import LANGUAGES, OtherRecord, Text

MOST = 20
"""Records that one finding names at most."""
IN_SENTENCE = 3
HIDDEN = "•••"


def others_of(contract: Contract, names: Iterable[Named]) -> tuple[OtherRecord, ...]:
    """The records as a finding holds them, at most MOST."""
    return tuple(_other(contract, name) for name in list(names)[:MOST])


def named_sentence(rule: Rule, contract: Contract, names: Sequence[Named]) -> Text:
    """The rule's sentence with the keys of the records in place of {other}, in every language."""
    if not rule.naming or not names:
        return {language: words.pick(rule.sentence, language) or rule.id for language in LANGUAGES}
    shown = list(dict.fromkeys(shown_key(contract, name) for name in names))
    told = ", ".join(shown[:IN_SENTENCE]) + (", …" if len(shown) > IN_SENTENCE else "")
    return {
        language: (words.pick(rule.naming, language) or rule.id).replace(PLACE, told)
        for language in LANGUAGES
    }


def shown_key(contract: Contract, name: Named) -> str:
    """The key of a record as everybody may read it: hidden where it tells of a person."""
    key = (name.key or "").replace("|", " / ")
    if is_personal(contract, name.table):
        return key[:1] + HIDDEN
    return key or HIDDEN


def is_personal(contract: Contract, table: str) -> bool:
    """Whether the key of the records of a table of another database tells of a person."""
    root = _root(contract, table)
    fields = [root.field(field) for field in root.key] if root else []
    return any(field is None or field.sensitivity not in ("public", "internal") for field in fields)


def _other(contract: Contract, name: Named) -> OtherRecord:
    database, _, table = name.table.partition(".")
    root = _root(contract, name.table)
    return OtherRecord(
        contract=database,
        table=table,
        root=root.name.partition(".")[2] if root else table,
        key=name.key or "",
        sender=name.sender or "",
        personal=is_personal(contract, name.table),
    )


def _root(contract: Contract, table: str) -> Table | None:
    lent = contract.borrowed.get(table)
    if lent is None or not lent.root:
        return lent
    return contract.borrowed.get(f"{table.partition('.')[0]}.{lent.root}", lent)
