"""Who may send a database: contracts name kinds of senders, an official's list says of what kind each sender is.

Pure: knows contracts and code lists only. Of a sender that stands on no list, the form of its code may tell the kind.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from functools import lru_cache

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.errors import NotAllowed
from lienthong.findings import LANGUAGES, Text

LIST = "senders"
"""The list of senders: code, names, days, `parent` = kind. A sender of two kinds stands on two lines."""
KINDS = "sender_kinds"


def kinds_of(codes: Codes, sender: str, day: date) -> tuple[str, ...]:
    """What a sender is on that day: as the official's list says, else as the form of its code tells; () unknown."""
    at = f"{day:%Y%m%d}"
    listed = codes.find(LIST, sender)
    if listed:
        return tuple(sorted({one.parent for one in listed if one.holds(at) and one.parent}))
    forms = codes.about(LIST).get("forms") or ()
    return tuple(one["kind"] for one in forms if _form(str(one["pattern"])).fullmatch(sender))


@lru_cache(maxsize=64)
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def kinds_for(codes: Codes, contract: Contract, table: str | None = None) -> tuple[str, ...] | None:
    """The kinds that may send a database, or one table of it: as an official decided, else as the contract says.

    A table for which neither says anything is sent by the kinds of its database. None: nobody is bound.
    """
    declared = contract.table(table) if table else None
    if declared is not None:
        own = _decided(codes, f"{contract.name}.{declared.name}")
        if own is not None or declared.sender_kinds:
            return declared.sender_kinds if own is None else own
    decided = _decided(codes, contract.name)
    return (contract.sender_kinds or None) if decided is None else decided


def _decided(codes: Codes, name: str) -> tuple[str, ...] | None:
    """What an official said of a database or of `database.table` in the index of the lists."""
    decided = codes.about(LIST).get("contracts") or {}
    return tuple(str(kind) for kind in decided[name]) if name in decided else None


def bound_tables(codes: Codes, contract: Contract) -> dict[str, tuple[str, ...]]:
    """The tables that other kinds send than those of the database, with their kinds."""
    whole = kinds_for(codes, contract)
    found = {table.name: kinds_for(codes, contract, table.name) for table in contract.tables}
    return {name: kinds for name, kinds in found.items() if kinds is not None and kinds != whole}


def check_sender(
    contract: Contract,
    codes: Codes,
    sender: str,
    day: date,
    granted: Collection[str] | None = None,
) -> None:
    """Raises NotAllowed with who may send it.

    `granted` are the databases to which a token is narrowed (None: it is not). A sender whose kind nobody knows may
    send what its token names and nothing else.
    """
    if granted is not None and contract.name not in granted:
        raise NotAllowed(
            "sender.token",
            "This token may not send %(database)s; it may send: %(granted)s.",
            database=_named(contract),
            granted=", ".join(sorted(granted)) or "–",
        )
    wanted = kinds_for(codes, contract)
    if wanted is None:
        return
    for more in bound_tables(codes, contract).values():
        wanted += tuple(kind for kind in more if kind not in wanted)
    kinds = kinds_of(codes, sender, day)
    if not set(kinds).isdisjoint(wanted) or (not kinds and granted is not None):
        return
    if not kinds:
        raise NotAllowed(
            "sender.unknown",
            "Nobody has said what %(sender)s is, so it may not send %(database)s. It is sent by: %(kinds)s."
            " An official adds the sender to the list “senders”, or names the database in its token.",
            sender=sender,
            database=_named(contract),
            kinds=labels(codes, wanted),
        )
    raise NotAllowed(
        "sender.kind",
        "%(sender)s (%(what)s) may not send %(database)s. It is sent by: %(kinds)s.",
        sender=sender,
        database=_named(contract),
        kinds=labels(codes, wanted),
        what=labels(codes, kinds),
    )


def forbidden_tables(
    contract: Contract, codes: Codes, sender: str, day: date
) -> dict[str, tuple[str, ...]]:
    """The tables that this sender, who may send the database, may not send, with the kinds that may.

    A sender whose kind nobody knows sends a bound database only by its token, which speaks of the whole of it.
    """
    kinds = kinds_of(codes, sender, day)
    if not kinds and kinds_for(codes, contract) is not None:
        return {}
    bound = {table.name: kinds_for(codes, contract, table.name) for table in contract.tables}
    return {
        name: wanted
        for name, wanted in bound.items()
        if wanted is not None and set(kinds).isdisjoint(wanted)
    }


def not_their_table(
    contract: Contract, codes: Codes, sender: str, day: date, table: str, wanted: Collection[str]
) -> NotAllowed:
    """The failure that says that this sender may not send this table, and who may."""
    declared = contract.table(table)
    label: Text = declared.label if declared else {}
    kinds = kinds_of(codes, sender, day)
    return NotAllowed(
        "sender.table",
        "%(sender)s (%(what)s) may not send the table %(table)s (%(label)s) of %(database)s. It is sent by: %(kinds)s."
        " Nothing of this was taken; send the other tables without it.",
        sender=sender,
        database=_named(contract),
        table=table,
        label={one: label.get(one) or table for one in LANGUAGES},
        kinds=labels(codes, wanted),
        what=labels(codes, kinds) if kinds else "–",
    )


def _named(contract: Contract) -> Text:
    return {one: contract.label.get(one) or contract.name for one in LANGUAGES}


def labels(codes: Codes, kinds: Collection[str]) -> Text:
    """The names of kinds in each language, one after the other."""
    named = [next(iter(codes.find(KINDS, kind)), None) for kind in kinds]
    return {
        one: ", ".join(
            (known.label.get(one) if known else "") or kind
            for kind, known in zip(kinds, named, strict=True)
        )
        for one in LANGUAGES
    }
