"""Laws of the catalogue: what is written is read again, equal versions do not differ, a day has one version."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.errors import Conflict, NotFound
from lienthong.procedures import catalogue
from lienthong.procedures.comparing import compare
from lienthong.procedures.procedure import (
    MARKED,
    Competence,
    Component,
    Decision,
    Fee,
    Manner,
    Mark,
    Procedure,
    Result,
    Step,
    Supplement,
    TimeLimit,
)
from lienthong.procedures.proposing import over
from lienthong.web.procedure_reading import read
from lienthong.web.procedure_typed import typed

WORDS = st.text(
    st.characters(categories=("L", "N", "P"), max_codepoint=0x1EFF), min_size=1, max_size=8
)
MAYBE = st.just("") | WORDS
CODES = st.from_regex(r"\A[123]\.\d{6}\Z")
COUNTS = st.none() | st.integers(0, 99)
DAYS = st.none() | st.dates(date(2020, 1, 1), date(2030, 12, 31))
LEVELS = ("ministry", "province", "commune", "facility", "social_insurance")
LEVEL = st.sampled_from(LEVELS)


def tuples(one, most=3):
    return st.lists(one, max_size=most).map(tuple)


NAMES = st.fixed_dictionaries({"vi": WORDS}, optional={"en": WORDS, "fr": WORDS})


def spans(**more):
    working = st.builds(
        TimeLimit,
        value=st.sampled_from([0.5, 1, 1.5, 10, 12.5]),
        unit=st.just("working_days"),
        **more,
    )
    calendar = st.builds(
        TimeLimit,
        value=st.integers(1, 400).map(float),
        unit=st.sampled_from(["days", "months"]),
        **more,
    )
    return working | calendar | st.builds(TimeLimit, unit=st.just("immediate"), **more)


LIMITS = spans(case=MAYBE, stage=MAYBE, clock=st.sampled_from(["normal", "urgent"]), basis=MAYBE)
FEES = st.builds(
    Fee, amount=st.integers(0, 10**9), code=MAYBE, name=st.just({}) | NAMES, case=MAYBE, basis=MAYBE
)
MANNERS = st.lists(
    st.builds(
        Manner, channel=st.sampled_from(["any", "direct", "online", "post"]), where=MAYBE, limits=tuples(LIMITS),
        fees=st.none() | tuples(FEES, 2),
    ),
    max_size=4, unique_by=lambda one: one.channel,
).map(tuple)  # fmt: skip


def supplements(**more):
    part = st.none() | spans()
    return st.builds(
        Supplement,
        ask_within=part,
        answer_within=part,
        then=part,
        rounds=COUNTS,
        basis=WORDS,
        **more,
    )


PROCEDURES = st.builds(
    Procedure,
    name=NAMES, code=CODES, field=MAYBE, field_code=MAYBE, subfield=MAYBE, kind=MAYBE, publisher=MAYBE,
    levels=st.lists(LEVEL, unique=True).map(
        lambda found: tuple(one for one in LEVELS if one in found)
    ),
    authority=MAYBE, delegated=tuples(WORDS), coordinating=tuples(WORDS), subjects=tuples(WORDS), receiving=MAYBE,
    competent=tuples(st.builds(Competence, agency=WORDS, code=MAYBE, level=st.none() | LEVEL, applies=MAYBE)),
    manners=MANNERS, start=MAYBE, sets=COUNTS,
    components=tuples(st.builds(
        Component, name=NAMES, code=MAYBE, case=MAYBE, originals=COUNTS, copies=COUNTS, form=MAYBE, data=MAYBE,
        required=st.none() | st.booleans(), data_basis=MAYBE, result_code=MAYBE,
    )),
    supplement=st.none() | supplements(),
    own_supplements=tuples(supplements(case=WORDS, clock=st.sampled_from(["normal", "urgent"])), 2),
    steps=tuples(st.builds(
        Step, name=NAMES, role=MAYBE, text=MAYBE, case=MAYBE, forms=tuples(WORDS, 2), limit=st.none() | spans(),
    )),
    results=tuples(st.builds(
        Result, name=NAMES, code=MAYBE, kind=st.sampled_from(["paper", "publication"]), valid=MAYBE,
    )),
    conditions=MAYBE, legal_basis=tuples(WORDS), online=st.sampled_from(["full", "information", "unknown"]),
    decision=st.none() | st.builds(Decision, number=WORDS, decided=DAYS, effective=DAYS, agency=MAYBE),
    decentralised=st.none() | st.booleans(), decentralised_basis=MAYBE, limit_text=MAYBE, fee_text=MAYBE,
    related=tuples(CODES), chained=tuples(CODES), keywords=MAYBE, successor=MAYBE, evidence=tuples(WORDS),
    marks=st.dictionaries(
        st.sampled_from(MARKED),
        st.builds(Mark, evidence=st.sampled_from(["attested", "inferred", "recalled"]), source=MAYBE), max_size=3,
    ),
    sources=tuples(WORDS),
)  # fmt: skip


@settings(max_examples=150)
@given(PROCEDURES)
def test_what_is_written_is_read_again(one):
    assert msgspec.json.decode(msgspec.json.encode(one), type=Procedure) == one
    assert msgspec.convert(msgspec.to_builtins(one), Procedure) == one


@settings(max_examples=150)
@given(PROCEDURES)
def test_the_form_loses_nothing(one):
    again, form = read(typed(one), one.code)
    assert form.problems == {}
    assert again == one


@settings(max_examples=100)
@given(PROCEDURES, PROCEDURES)
def test_versions_differ_exactly_in_the_parts_that_differ(one, other):
    assert compare(one, one) == ()
    found = compare(one, other)
    assert bool(found) == (one != other)
    for difference in found:
        assert getattr(one, difference.part) == difference.before
        assert getattr(other, difference.part) == difference.after
        came = [row.after for row in difference.rows if row.after is not None]
        went = [row.before for row in difference.rows if row.before is not None]
        if difference.rows:
            assert sorted(map(repr, came)) == sorted(map(repr, difference.after))
            assert sorted(map(repr, went)) == sorted(map(repr, difference.before))


@settings(max_examples=100)
@given(PROCEDURES, PROCEDURES)
def test_what_another_side_does_not_say_stays(ours, told):
    assert over(ours, Procedure(name={})) == ours
    laid = over(ours, told)
    for part in ("conditions", "field", "authority", "subjects", "legal_basis"):
        assert getattr(laid, part) == (getattr(told, part) or getattr(ours, part))
    assert laid.sources == (told.sources or ours.sources)


ACTS = st.lists(
    st.tuples(st.sampled_from(["publish", "abolish"]), st.integers(-30, 400)),
    min_size=1,
    max_size=6,
)
CODE, FIRST = "1.999996", date(2025, 7, 1)


@settings(max_examples=40)
@given(acts=ACTS, asked=st.integers(-60, 900))
def test_a_day_has_at_most_one_version_whatever_is_published_and_abolished(db, acts, asked):
    with db.connect() as conn:
        for what, offset in acts:
            day = FIRST + timedelta(days=offset)
            try:
                with conn.transaction():
                    if what == "publish":
                        catalogue.draft(conn, "e", Procedure(code=CODE, name={"vi": str(day)}), "t")
                        catalogue.publish(conn, "e", CODE, day)
                    else:
                        catalogue.abolish(conn, "e", CODE, day)
            except (Conflict, NotFound):
                continue
        on = FIRST + timedelta(days=asked)
        holding = [one for one in catalogue.versions(conn, CODE) if one.holds(on)]
        assert len(holding) <= 1
        if holding:
            assert catalogue.in_force(conn, CODE, on).version == holding[0].version
        conn.rollback()
