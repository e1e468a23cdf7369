"""Every kind of fault can be said in three languages and has a rule and a weight."""

import pytest

from lienthong import words
from lienthong.findings import LANGUAGES
from lienthong.records.formats.kinds import KINDS


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_said_in_three_languages(kind):
    for sentence in (kind.sentence, kind.remedy):
        said = words.in_every_language(sentence)
        assert set(said) == set(LANGUAGES)
        assert said["vi"] != sentence
        assert said["fr"] != sentence


def test_own_rules_are_used_once():
    own = [kind.rule for kind in KINDS.values() if kind.rule.startswith("FILE-")]
    assert len(own) == len(set(own))
    assert all(kind.rule.startswith(("ENV-", "FILE-")) for kind in KINDS.values())
