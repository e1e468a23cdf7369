"""Drafted, published from a day on, replaced, never edited; the past is asked with its day."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import Decision

JULY, JANUARY = date(2025, 7, 1), date(2026, 1, 1)
PROCEDURE = catalogued()["1.012279"]


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        yield connection
        connection.rollback()


def named(text):
    return replace(PROCEDURE, name={"vi": text})


def published(conn, text, day):
    catalogue.draft(conn, "editor", named(text), "test")
    return catalogue.publish(conn, "head", PROCEDURE.code, day)


def test_a_draft_is_written_over_until_it_is_published(conn):
    first = catalogue.draft(conn, "editor", named("một"), "test")
    second = catalogue.draft(conn, "editor", named("hai"), "test")
    assert (first.version, second.version, second.status) == (1, 1, "draft")
    assert second.procedure.name == {"vi": "hai"}
    with pytest.raises(NotFound):
        catalogue.in_force(conn, PROCEDURE.code, JULY)


def test_the_version_of_a_day_is_the_one_in_force_then(conn):
    published(conn, "cũ", JULY)
    published(conn, "mới", JANUARY)
    before = catalogue.in_force(conn, PROCEDURE.code, date(2025, 12, 31))
    after = catalogue.in_force(conn, PROCEDURE.code, JANUARY)
    assert (before.version, before.valid_to) == (1, JANUARY)
    assert (after.version, after.procedure.name["vi"]) == (2, "mới")
    assert [one.version for one in catalogue.versions(conn, PROCEDURE.code)] == [2, 1]
    with pytest.raises(NotFound):
        catalogue.in_force(conn, PROCEDURE.code, date(2025, 6, 30))


def test_a_version_cannot_begin_before_the_last_one(conn):
    published(conn, "mới", JANUARY)
    catalogue.draft(conn, "editor", named("lùi"), "test")
    with pytest.raises(Conflict):
        catalogue.publish(conn, "head", PROCEDURE.code, JULY)


def test_nothing_published_is_edited_or_deleted(conn):
    published(conn, "một", JULY)
    for statement in (
        "UPDATE procedures.version SET document = '{}'",
        "UPDATE procedures.version SET status = 'draft', valid_from = NULL",
        "DELETE FROM procedures.version",
    ):
        with pytest.raises(psycopg.errors.RaiseException), conn.transaction():
            conn.execute(statement)


def test_an_abolished_procedure_holds_until_its_day(conn):
    published(conn, "một", JULY)
    catalogue.abolish(conn, "head", PROCEDURE.code, JANUARY)
    assert catalogue.in_force(conn, PROCEDURE.code, date(2025, 12, 31)).status == "abolished"
    with pytest.raises(NotFound):
        catalogue.in_force(conn, PROCEDURE.code, JANUARY)
    with pytest.raises(NotFound):
        catalogue.abolish(conn, "head", PROCEDURE.code, JANUARY)


def test_publishing_without_a_draft_or_a_code_is_refused(conn):
    with pytest.raises(NotFound):
        catalogue.publish(conn, "head", PROCEDURE.code, JULY)
    with pytest.raises(Refused):
        catalogue.draft(conn, "editor", replace(PROCEDURE, code=""), "test")


def test_every_act_is_in_the_trail(conn):
    catalogue.draft(conn, "editor", PROCEDURE, "known.csv")
    decision = Decision(number="1330/QĐ-BYT", agency="Bộ Y tế")
    made = catalogue.publish(conn, "head", PROCEDURE.code, JULY, decision)
    assert made.procedure.decision == decision
    acts = conn.execute(
        "SELECT actor, act FROM app.audit WHERE act LIKE 'procedure.%' ORDER BY at"
    ).fetchall()
    assert {("editor", "procedure.drafted"), ("head", "procedure.published")} <= set(acts)


def test_all_coded_rows_can_be_published(conn):
    for procedure in catalogued().values():
        catalogue.draft(conn, "import", procedure, "known.csv")
        catalogue.publish(conn, "import", procedure.code, JULY)
    found = catalogue.all_in_force(conn, JANUARY)
    assert {one.code: one.procedure for one in found} == catalogued()


@given(gaps=st.lists(st.integers(1, 400), min_size=1, max_size=5), asked=st.integers(-50, 2_000))
def test_at_most_one_version_holds_on_any_day(db, gaps, asked):
    with db.connect() as conn:
        day, starts = JULY, []
        for gap in gaps:
            published(conn, str(day), day)
            starts.append(day)
            day += timedelta(days=gap)
        on = JULY + timedelta(days=asked)
        expected = [start for start in starts if start <= on]
        found = [one for one in catalogue.versions(conn, PROCEDURE.code) if one.valid_from <= on
                 and (one.valid_to is None or one.valid_to > on)]  # fmt: skip
        assert [one.valid_from for one in found] == expected[-1:]
        conn.rollback()
