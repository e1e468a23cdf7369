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
    """One code list, searched by code or by words."""
    if name not in codes.names():
        raise NotFound("codes.unknown", "There is no code list %(name)s.", name=name)
    shown = found(codes, name, wanted)
    titles = {one: codes.about(one).get("title") or {} for one in codes.names()}
    return page.show(
        "codes.html",
        titles=titles,
        name=name,
        about=codes.about(name),
        complete=codes.has(name),
        wanted=wanted,
        found=shown,
        became=[replacements(codes, name, code) if code.valid_to else [] for code in shown],
        limit=SHOWN,
    )


ROUTES = [code_page]
