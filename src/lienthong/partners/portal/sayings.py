"""Why something failed, as it is kept: the code, the sentence and what fills it, to be said in any language."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lienthong.errors import Failure


class Saying(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sentence (a gettext key) and its values, which are codes and answers and never personal."""

    said: str
    details: dict[str, str | int | float | None] = {}


def kept(failure: Failure) -> str:
    """One line for the database: `code: {…}`."""
    details: dict[str, str | int | float | None] = {
        name: value if isinstance(value, int | float) else str(value)[:300]
        for name, value in failure.details.items()
    }
    body = msgspec.json.encode(Saying(said=failure.message, details=details)).decode()
    return f"{failure.code}: {body}"


def told(text: str | None, say: Callable[..., str] | None = None) -> str:
    """The sentence in the reader's language (English without `say`); any other text as it is."""
    code, _, body = (text or "").partition(": ")
    if not body.startswith("{"):
        return text or ""
    try:
        found = msgspec.json.decode(body, type=Saying)
        if say is not None:
            return say(found.said, **found.details)
        return f"{code}: {found.said % found.details if found.details else found.said}"
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return text or ""  # a person may have typed something that only looks like one of ours
