"""What is said of a code beside the rule that it breaks: until when it was right, and what replaced it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lienthong.contracts.contract import Field
from lienthong.findings import Text

MOST = 5
"""Codes of one cell that are explained."""


def code_told(codes: Any, lists: Iterable[str], field: Field | None, cell: str) -> Text:
    """The explanation of the codes in a cell by the lists that a rule asks; empty when they know nothing."""
    from lienthong.contracts.replacements import explained

    hidden = field is not None and field.sensitivity not in ("public", "internal")
    separator = field.separator if field is not None else None
    parts = [part.strip() for part in cell.split(separator)] if separator else [cell.strip()]
    told: list[Text] = []
    for name in sorted({str(codes.about(name).get("pairsOf", name)) for name in lists}):
        for part in parts[:MOST]:
            said = explained(codes, name, part, hidden=hidden)
            if said and said not in told:
                told.append(said)
        if told:
            break
    return {to: " ".join(one[to] for one in told) for to in told[0]} if told else {}


def with_told(message: Text, told: Text) -> Text:
    """A sentence with the explanation behind it, in every language."""
    return {to: f"{text} {told[to]}" if told.get(to) else text for to, text in message.items()}
