"""Numbers, sums and moments as Vietnamese, English and French officials write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong import words

MOMENT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "vi", "en", "fr"),
    [
        (
            lambda to: words.number(1234567.8, to=to),
            "1.234.567,8",
            "1,234,567.8",
            "1\u202f234\u202f567,8",
        ),
        (lambda to: words.number(Decimal("0.10"), to=to), "0,1", "0.1", "0,1"),
        (lambda to: words.number(2.5, 0, to=to), "3", "3", "3"),
        (lambda to: words.number(-1234.5, 2, to=to), "-1.234,50", "-1,234.50", "-1\u202f234,50"),
        (lambda to: words.number(-0.001, 2, to=to), "0,00", "0.00", "0,00"),
        (lambda to: words.number(float("nan"), to=to), "–", "–", "–"),
        (
            lambda to: words.money(1_500_000, to),
            "1.500.000 đồng",
            "VND 1,500,000",
            "1\u202f500\u202f000\u00a0VND",
        ),
        (lambda to: words.date(date(2026, 11, 2), to), "02/11/2026", "2 Nov 2026", "02/11/2026"),
        (lambda to: words.date(None, to), "–", "–", "–"),
        (
            lambda to: words.moment(MOMENT, to),
            "13:30 22/11/2026",
            "22 Nov 2026, 13:30",
            "22/11/2026, 13\u00a0h\u00a030",
        ),
        (
            lambda to: words.date(datetime(2026, 11, 22, 18, tzinfo=UTC), to),
            "23/11/2026",
            "23 Nov 2026",
            "23/11/2026",
        ),
        (lambda to: words.percent(0.9876, to=to), "98,8%", "98.8%", "98,8\u00a0%"),
        (lambda to: words.percent(None, to=to), "–", "–", "–"),
        (lambda to: words.size(1_536_000, to), "1,5\u00a0MB", "1.5\u00a0MB", "1,5\u00a0MB"),
        (lambda to: words.size(12, to), "12\u00a0B", "12\u00a0B", "12\u00a0B"),
    ],
)
def test_written_forms(call, vi, en, fr):
    assert (call("vi"), call("en"), call("fr")) == (vi, en, fr)


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_is_never_flattered_to_all_or_belittled_to_none(share):
    assert words.percent(share, to="en") not in ("100.0%", "0.0%")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["vi", "en", "fr"]))
def test_a_number_can_be_read_back(value, to):
    text = words.number(value, to=to)
    assert int("".join(c for c in text if c.isdigit() or c == "-")) == value


def test_a_moment_without_a_zone_is_not_shown():
    with pytest.raises(ValueError, match="zone"):
        words.moment(datetime(2026, 11, 22))


def test_say_fills_places_in_the_readers_language():
    sentence = "There is no account %(account)s."
    assert words.say(sentence, "vi", account="lan") == "Không có tài khoản lan."
    assert words.say(sentence, "en", account="lan") == "There is no account lan."
    with words.speaking("fr"):
        assert words.say(sentence, account="lan") == "Il n'y a pas de compte lan."
    assert words.in_every_language("Password") == {
        "vi": "Mật khẩu",
        "en": "Password",
        "fr": "Mot de passe",
    }


def test_the_language_is_vietnamese_until_somebody_chooses(monkeypatch):
    assert words.language() == "vi"
    monkeypatch.setenv("LIENTHONG_LANGUAGE", "en")
    assert words.language() == "en"
    with words.speaking("fr"):
        assert words.language() == "fr"
        with words.speaking("xx"):
            assert words.language() == "fr"
    monkeypatch.setenv("LIENTHONG_LANGUAGE", "xx")
    assert words.language() == "vi"


def test_an_unknown_sentence_is_said_in_english_and_a_percent_sign_survives():
    assert words.say("100% of nothing", "vi") == "100% of nothing"


def test_pick_takes_the_nearest_language():
    assert words.pick({"vi": "a", "fr": "c"}, "en") == "a"
    assert words.pick({"vi": "a", "fr": "c"}, "fr") == "c"
    assert words.pick({}, "fr") == ""


@pytest.mark.parametrize("text", ['msgid "a"\nnonsense', 'msgid_plural "b"', '"loose"'])
def test_a_catalogue_that_is_not_understood_names_its_line(tmp_path, text):
    path = tmp_path / "x.po"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.po:"):
        words.read_catalogue(path)
