"""What a paper may say: the places that a template can name, each explained in three languages.

They are declared in declared/dossiers/papers/places.yaml: a fixed list, so that an agency can change every word of
a paper and none of what the system knows.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib import resources

import msgspec

from lienthong.errors import NotFound
from lienthong.findings import Text


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list of rows with its columns."""

    vi: str
    en: str
    fr: str
    columns: dict[str, Text]

    @property
    def label(self) -> Text:
        """What it lists, in three languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class FormOfPaper(msgspec.Struct, frozen=True, kw_only=True):
    """One of the seven papers: its number in the circular, its name, the lists it may show."""

    number: str
    vi: str
    en: str
    fr: str
    lists: tuple[str, ...] = ()
    about: str = "dossier"
    evidence: str = "attested"

    @property
    def label(self) -> Text:
        """Its name in three languages."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    forms: dict[str, FormOfPaper]
    places: dict[str, Text]
    register_places: dict[str, Text]
    lists: dict[str, Listed]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the template of one form may name: places, and lists with their columns."""

    fields: tuple[str, ...]
    lists: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def declared() -> Declared:
    """The declared forms, places and lists."""
    import yaml

    file = resources.files("lienthong").joinpath("declared", "dossiers", "papers", "places.yaml")
    return msgspec.convert(yaml.safe_load(file.read_text("utf-8")), Declared)


def forms() -> dict[str, FormOfPaper]:
    """The seven papers by the name that moves.yaml gives them, in the order of their numbers."""
    return declared().forms


def form(name: str) -> FormOfPaper:
    """One of them; raises NotFound with the names there are."""
    found = forms().get(name)
    if found is None:
        raise NotFound(
            "PAPER-FORM", "There is no paper “%(name)s”; there are: %(choices)s.",
            name=name[:40], choices=", ".join(forms()),
        )  # fmt: skip
    return found


@lru_cache(maxsize=16)
def of(name: str) -> Known:
    """What the template of a form may name."""
    all_, chosen = declared(), form(name)
    fields = all_.register_places if chosen.about == "register" else all_.places
    lists = {one: tuple(all_.lists[one].columns) for one in chosen.lists}
    return Known(fields=tuple(fields), lists=lists)


def explained(name: str) -> dict[str, Text]:
    """The places of a form with what each means."""
    all_ = declared()
    return all_.register_places if form(name).about == "register" else all_.places


def nearest(name: str, names: tuple[str, ...]) -> str:
    """The place that was probably meant."""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.3)
    return close[0] if close else names[0]
