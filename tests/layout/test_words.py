"""Every sentence exists in Vietnamese, English and French, and its places for values agree."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lienthong import __main__, audit, settings, words
from lienthong.findings import LANGUAGES
from tests.layout.sentences import (
    ROOT,
    bare_english,
    modules,
    said_by,
    said_on,
    templates,
)

PLACE = re.compile(r"%(?:\((\w+)\))?[-+0 #]*[\d.]*([a-zA-Z%])")
PARTS = sorted({path.name for path in words.LOCALE.glob("*/*.po")})


def places(text: str) -> list[str]:
    """The names of the values a sentence wants."""
    return sorted({f"{name}:{kind}" for name, kind in PLACE.findall(text) if name})


@pytest.mark.parametrize("part", PARTS)
def test_a_catalogue_is_complete_in_three_languages(part):
    read = {}
    for language in LANGUAGES:
        path = words.LOCALE / language / part
        assert path.exists(), f"{part} is missing in {language}"
        read[language] = {msgid: msgstr for msgid, msgstr in words.read_catalogue(path) if msgid}
    everything = set().union(*read.values())
    for language in LANGUAGES:
        lacking = everything - read[language].keys()
        assert not lacking, f"{language}/{part} lacks {sorted(lacking)}"
        empty = [
            msgid for msgid, msgstr in read[language].items() if not msgstr and language != "en"
        ]
        assert not empty, f"{language}/{part} leaves empty {empty}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_places_for_values(language):
    wrong = [
        (path.name, msgid)
        for path in sorted((words.LOCALE / language).glob("*.po"))
        for msgid, msgstr in words.read_catalogue(path)
        if msgid and msgstr and places(msgid) != places(msgstr)
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_one_translation(language):
    seen: dict[str, tuple[str, str]] = {}
    wrong = []
    for path in sorted((words.LOCALE / language).glob("*.po")):
        mine: set[str] = set()
        for msgid, msgstr in words.read_catalogue(path):
            if not msgid:
                continue
            if msgid in mine:
                wrong.append(f"{path.name} has {msgid!r} twice")
            mine.add(msgid)
            other, translation = seen.setdefault(msgid, (path.name, msgstr))
            if translation != msgstr:
                wrong.append(f"{other} and {path.name} disagree about {msgid!r}")
    assert not wrong


@pytest.mark.parametrize(
    "path", sorted(words.LOCALE.glob("*/*.po")), ids=lambda path: path.parent.name + path.stem
)
def test_our_reading_of_a_catalogue_is_babels(path):
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        theirs = [
            (m.id, m.string) for m in read_po(file, abort_invalid=True) if m.id and not m.fuzzy
        ]
    assert [pair for pair in words.read_catalogue(path) if pair[0]] == theirs


def _dynamic() -> list[tuple[str, str]]:
    """Sentences that reach `say` by a table and not as a literal."""
    found = [("__main__", summary) for _, summary in __main__.COMMANDS.values()]
    found += [("settings", line.sentence) for line in settings.document({})]
    found += [("audit", text) for text in (audit.CHANGED, audit.MISSING, audit.CUT, audit.UNSIGNED)]
    return found


@pytest.mark.parametrize("language", ["vi", "fr"])
def test_every_sentence_is_translated(language):
    known = words.catalogue(language)
    said = [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in modules()
        for line, text in said_by(path)
    ]
    said += [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in templates()
        for line, text in said_on(path)
    ]
    lacking = [f"{place}: {text}" for place, text in said + _dynamic() if text not in known]
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.name)
def test_commands_say_nothing_outside_the_catalogues(path):
    assert list(bare_english(path)) == []


class Text(HTMLParser):
    """The words of a template that a person sees and that are in no `_()`."""

    SHOWN = ("title", "alt", "placeholder", "aria-label", "value")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in ("script", "style")
        for name, value in attrs:
            if name in self.SHOWN and not (name == "value" and tag != "button"):
                self._look(value or "")

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.silent:
            self._look(data)

    def _look(self, text: str) -> None:
        if re.search(r"[^\W\d_]{3,}", text):
            self.found.append((self.getpos()[0], text.strip()))


UNTRANSLATED_NAMES = {
    "API",
    "JSON",
    "CSV",
    "XML",
    "XLSX",
    "YAML",
    "SQL",
    "Parquet",
    "OpenAPI",
    "ODCS",
    "SHA",
    "lienthong",
}


def bare_words(source: str) -> list[tuple[int, str]]:
    """(line, text) of a template outside expressions, statements and comments."""
    blank = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", lambda m: "\n" * m[0].count("\n"), source, flags=re.S
    )
    parser = Text()
    parser.feed(blank)
    return [
        (line, text)
        for line, text in parser.found
        if set(re.findall(r"[^\W\d_]{3,}", text)) - UNTRANSLATED_NAMES
    ]


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_no_template_speaks_by_itself(path: Path):
    assert bare_words(path.read_text(encoding="utf-8")) == []


def test_these_tests_can_fail():
    assert bare_words('<p title="Good day">{{ _("x") }}</p>\n<b>Hello</b>') == [
        (1, "Good day"),
        (2, "Hello"),
    ]
    assert bare_words('{# a note #}<p>{{ _("Hello there") }}</p>{% if x %}{% endif %}') == []
    assert places("%(a)s and %(b)d") == ["a:s", "b:d"]
