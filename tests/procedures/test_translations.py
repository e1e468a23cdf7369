"""Parts of a procedure in other languages: ours, beside the official Vietnamese, which stays where there is none."""

from __future__ import annotations

import pytest

from lienthong.findings import LANGUAGES
from lienthong.procedures.described import described
from lienthong.procedures.procedure import Component, Manner, Procedure, Step, TimeLimit
from lienthong.web.procedure_editing import _rows_moved
from lienthong.web.procedure_reading import read
from lienthong.web.procedure_typed import typed


@pytest.mark.parametrize("one", described(), ids=lambda one: one.slug)
def test_every_described_example_says_its_parts_in_three_languages(one):
    procedure = one.procedure
    assert procedure.untranslated == ()
    assert set(procedure.name) == set(LANGUAGES)
    assert set(procedure.translations) <= set(procedure.texts), (
        "a translation of a text that is not there"
    )


def sample() -> Procedure:
    return Procedure(
        code="1.990001", name={"vi": "Tên"}, conditions="Điều kiện\nhai dòng", start="Từ khi nhận",
        subjects=("Cá nhân",),
        manners=(Manner(limits=(TimeLimit(value=1, unit="days", case="Cấp mới", stage="Thẩm định"),)),),
        components=(
            Component(name={"vi": "Đơn", "en": "Application", "fr": "Demande"}), Component(name={"vi": "Bản sao"}),
        ),
        steps=(Step(name={"vi": "Ký", "en": "Signature"}, role="Lãnh đạo"),),
        translations={
            "Cấp mới": {"en": "First issue", "fr": "Première délivrance"}, "Từ khi nhận": {"en": "From receipt"},
        },
    )  # fmt: skip


def test_what_lacks_a_language_is_named():
    assert sample().untranslated == (
        "Điều kiện\nhai dòng", "Từ khi nhận", "Cá nhân", "Thẩm định", "Lãnh đạo", "Bản sao", "Ký",
    )  # fmt: skip


def test_the_editor_gathers_what_lacks_a_translation_and_loses_nothing():
    before = typed(sample())
    after = _rows_moved(before, "gather:translations")
    assert before.items() <= after.items()
    asked = [after[f"translations.{n}.text"] for n in range(8)]
    assert asked[:2] == ["Cấp mới", "Từ khi nhận"]
    assert asked[2:] == [text for text in sample().untranslated if text != "Từ khi nhận"]
    assert "translations.8.text" not in after
    filled = after | {"translations.3.en": "Persons", "translations.3.fr": "Personnes"}
    made, form = read(filled, "1.990001")
    assert not form.problems
    assert made.translations["Cá nhân"] == {"en": "Persons", "fr": "Personnes"}
    assert "Thẩm định" not in made.translations, "an empty row says nothing"
    doubled = filled | {"translations.4.text": "Cá nhân"}
    assert "translations.4.text" in read(doubled, "1.990001")[1].problems
    nameless = filled | {"translations.3.text": ""}
    assert "translations.3.text" in read(nameless, "1.990001")[1].problems
