"""What an editor does to versions and to the rows of the form, and what the editor is told."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
from msgspec.structs import replace

from lienthong import words
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.described import described
from lienthong.procedures.doubting import doubts
from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import Manner, Procedure, Step, TimeLimit
from lienthong.procedures.searching import Asked, found
from lienthong.web import procedure_editing, procedures
from lienthong.web.procedure_fields import SECTIONS
from lienthong.web.procedure_form import added, raised, removed
from lienthong.web.procedure_reading import read
from lienthong.web.procedure_typed import typed

JULY, JANUARY = date(2025, 7, 1), date(2026, 1, 1)
ONE, OTHER = catalogued()["1.012279"], catalogued()["1.013871"]


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        yield connection
        connection.rollback()


def published(conn, procedure, day):
    catalogue.draft(conn, "editor", procedure, "test")
    return catalogue.publish(conn, "head", procedure.code, day)


def test_a_draft_begins_as_a_copy_and_only_once(conn):
    published(conn, ONE, JULY)
    draft = catalogue.start(conn, "editor", ONE.code, 1, "editor")
    assert (draft.version, draft.status, draft.procedure) == (2, "draft", ONE)
    with pytest.raises(Conflict):
        catalogue.start(conn, "editor", ONE.code, 1, "editor")
    with pytest.raises(NotFound):
        catalogue.start(conn, "editor", ONE.code, 9, "editor")


def test_a_withdrawn_draft_stays_and_the_next_one_has_a_new_number(conn):
    published(conn, ONE, JULY)
    catalogue.start(conn, "editor", ONE.code, 1, "editor")
    assert catalogue.withdraw(conn, "editor", ONE.code).status == "withdrawn"
    assert catalogue.start(conn, "editor", ONE.code, 1, "editor").version == 3
    catalogue.withdraw(conn, "editor", ONE.code)
    with pytest.raises(NotFound):
        catalogue.withdraw(conn, "editor", ONE.code)
    with pytest.raises(psycopg.errors.RaiseException), conn.transaction():
        conn.execute("UPDATE procedures.version SET name = 'x' WHERE status = 'withdrawn'")


def test_who_writes_over_a_draft_must_have_seen_it(conn):
    first = catalogue.draft(conn, "a", ONE, "editor")
    second = catalogue.draft(conn, "b", replace(ONE, sets=2), "editor", seen=first.drafted_at)
    with pytest.raises(Conflict):
        catalogue.draft(conn, "a", ONE, "editor", seen=first.drafted_at)
    assert catalogue.draft_of(conn, ONE.code) == second


def test_an_end_has_a_successor_and_nothing_begins_before_it(conn):
    published(conn, ONE, JULY)
    published(conn, OTHER, JULY)
    for wrong in (ONE.code, "1.999999", "x"):
        with pytest.raises(Refused):
            catalogue.abolish(conn, "head", ONE.code, JANUARY, successor=wrong)
    ended = catalogue.abolish(
        conn, "head", ONE.code, JANUARY, successor=OTHER.code, decision="1/QĐ"
    )
    assert (ended.successor, ended.end_decision, ended.valid_to) == (OTHER.code, "1/QĐ", JANUARY)
    catalogue.draft(conn, "editor", replace(ONE, sets=3), "test")
    with pytest.raises(Conflict):
        catalogue.publish(conn, "head", ONE.code, date(2025, 12, 31))
    again = catalogue.publish(conn, "head", ONE.code, JANUARY)
    assert catalogue.before(conn, again) == ended
    with pytest.raises(psycopg.errors.RaiseException), conn.transaction():
        conn.execute("UPDATE procedures.version SET successor = NULL WHERE status = 'abolished'")


def test_namesakes_are_found(conn):
    published(conn, ONE, JULY)
    mine = published(conn, replace(OTHER, name={"vi": ONE.name["vi"].upper()}), JULY)
    assert [one.code for one in catalogue.same_name(conn, mine, JULY)] == [ONE.code]
    assert catalogue.same_name(conn, mine, date(2025, 6, 1)) == []


def test_a_search_asks_all_its_words(conn):
    listed = [published(conn, one, JULY) for one in catalogued().values()]
    assert len(found(listed, Asked())) == 210
    assert len(found(listed, Asked(standing="stale"))) == 40
    assert len(found(listed, Asked(standing="abolished"))) == 4
    assert [one.code for one in found(listed, Asked(q="tiêm CHỦNG công bố"))] == ["2.000655"]
    assert found(listed, Asked(q="cong bo tiem chung", level="ministry")) == []
    assert len(found(listed, Asked(complete="yes"))) == 0


def test_rows_are_added_taken_out_and_raised():
    form = typed(described()[0].procedure)
    steps = [form[f"steps.{n}.value"] for n in range(7)]
    more = added(form, "steps")
    assert more["steps.7.name_vi"] == ""
    up = raised(form, "steps", 3)
    assert [up[f"steps.{n}.value"] for n in range(7)] == [
        *steps[:2],
        steps[3],
        steps[2],
        *steps[4:],
    ]
    assert raised(form, "steps", 0) == form
    less = removed(form, "steps", 1)
    assert "steps.1.value" not in less
    procedure, wrong = read(less, "1.000056")
    assert len(procedure.steps) == 6
    assert wrong.problems == {}
    assert len(read(more, "1.000056")[0].steps) == 7, "an empty row says nothing"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("general.name_vi", " "), ("general.uuid", "123"), ("dossier.sets", "-1"), ("limits.0.value", "mười"),
        ("limits.0.value", ""), ("limits.0.unit", "moon"), ("limits.0.unit", "immediate"),
        ("service.online", "partial"),
        ("service.related", "12"), ("decision.decided", "32/13/2026"), ("decision.number", ""),
        ("channels.0.channel", "phone"), ("steps.0.name_vi", ""), ("marks.0.part", "moon"),
        ("general.kind", "x" * 20_001),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_its_field(field, text):
    one = next(one for one in described() if one.slug == "1.000056").procedure
    _, form = read(typed(one) | {field: text}, one.code)
    named = {"service.online": "service.partial_reason", "limits.0.unit": None}.get(field, field)
    assert form.problems
    if named:
        assert list(form.problems) == [named]


def test_numbers_are_read_as_people_write_them():
    one = next(one for one in described() if one.slug == "1.003039").procedure
    for amount in ("1.500.000", "1 500 000", "1500000", "1.500.000\u00a0"):
        read_again, form = read(typed(one) | {"fees.0.amount": amount}, one.code)
        assert not form.problems
        assert read_again.manners[0].fees[0].amount == 1_500_000


def _with(**more):
    return Procedure(name={"vi": "A"}, **more)


def _limited(*limits):
    return (Manner(limits=limits),)


@pytest.mark.parametrize(
    ("procedure", "words_of_doubt"),
    [
        (_with(manners=_limited(TimeLimit(value=5, unit="working_days")),
               steps=(Step(name={"vi": "B"}, limit=TimeLimit(value=6, unit="working_days")),)), "timed steps"),
        (_with(manners=_limited(TimeLimit(value=5, unit="days"), TimeLimit(value=6, unit="days"))), "Two time limits"),
        (_with(limit_text="15 ngày"), "only as a text"),
        (_with(manners=_limited(TimeLimit(value=5, unit="days", case="X")),
               components=()), ""),
        (_with(standing="abolished"), "abolished"),
        (_with(manners=_limited(TimeLimit(value=5, unit="days"))), ""),
    ],
)  # fmt: skip
def test_doubts(procedure, words_of_doubt):
    said = [sentence for sentence, _ in doubts(procedure)]
    assert [words_of_doubt in one for one in said] == ([True] if words_of_doubt else [])
    for sentence in said:
        for language in ("vi", "fr"):
            assert sentence in words.catalogue(language)


def test_no_described_procedure_is_doubtful():
    assert {one.slug: doubts(one.procedure) for one in described() if doubts(one.procedure)} == {}


@pytest.mark.parametrize("language", ["vi", "fr"])
def test_every_label_of_the_form_is_translated(language):
    said = {section.title for section in SECTIONS} | {section.hint for section in SECTIONS}
    said |= {field.label for section in SECTIONS for field in section.fields}
    said |= {*procedures.DONE.values(), *procedure_editing.NOTES.values()} - {""}
    assert said - {""} <= set(words.catalogue(language))
