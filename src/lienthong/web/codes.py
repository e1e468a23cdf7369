"""Looking a code up: what it means, on which days it is right, and what replaced it."""

from __future__ import annotations

import unicodedata
from itertools import islice

from litestar import Response, get

from lienthong.contracts.codes import Code, Codes
from lienthong.contracts.replacements import replacements
from lienthong.errors import NotFound
from lienthong.web.page import Page

SHOWN = 100


def plain(text: str) -> str:
    """The text in small letters without tone marks, as people type who have no Vietnamese keyboard."""
    parts = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def found(codes: Codes, name: str, wanted: str) -> list[Code]:
    """Codes that begin with what is wanted, else those whose label holds it, tone marks or not."""
    text = wanted.strip()
    own = [code for code in codes.codes(name) if code.code.upper().startswith(text.upper())]
    if own or not text:
        return list(islice(own, SHOWN))
    word = plain(text)
    named = (
        code
        for code in codes.codes(name)
        if any(word in plain(label) for label in code.label.values())
    )
    return list(islice(named, SHOWN))


@get("/codes", opt={"action": "contract.read"}, sync_to_thread=True)
def code_page(page: Page, codes: Codes, name: str = "provinces", wanted: str = "") -> Response[str]:
    """One code list, searched by code or by words; of one that is only named, what is known and what to do."""
    about, absent = codes.about(name), name not in codes.names()
    if absent and not about:
        raise NotFound("codes.unknown", "There is no code list %(name)s.", name=name)
    shown = [] if absent else found(codes, name, wanted)
    named = (*codes.names(), name) if absent else codes.names()
    titles = {one: codes.about(one).get("title") or {} for one in named}
    return page.show(
        "codes.html",
        titles=titles,
        name=name,
        about=about,
        absent=absent,
        complete=codes.has(name),
        wanted=wanted,
        found=shown,
        became=[replacements(codes, name, code) if code.valid_to else [] for code in shown],
        limit=SHOWN,
    )


ROUTES = [code_page]
