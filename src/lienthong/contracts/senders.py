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


def kinds_for(codes: Codes, contract: Contract) -> tuple[str, ...] | None:
    """The kinds that may send a database: as an official decided, else as the contract says; None: nobody is bound."""
    decided = codes.about(LIST).get("contracts") or {}
    if contract.name in decided:
        return tuple(str(kind) for kind in decided[contract.name])
    return contract.sender_kinds or None


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
