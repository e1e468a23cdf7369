"""The index: computed by hand on a small set to the last digit, unknown where nobody could measure, dated terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from lienthong.access import Permit
from lienthong.dossiers import bulk
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.history import Event
from lienthong.errors import NotFound, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Decision, Procedure
from lienthong.reports import cells, counting, editions, index766, measures, period, standing
from lienthong.reports.editions import Rule
from tests.reports import world

NOVEMBER, DECEMBER = period.month(2026, 11), period.month(2026, 12)
EDITION = editions.edition(NOVEMBER)


def test_the_groups_and_indicators_make_a_hundred():
    assert sum(group.max for group in EDITION.groups) == 100
    for group in EDITION.groups:
        own = [one.max for one in EDITION.rules if one.code.startswith(group.code + ".")]
        assert sum(own) == group.max, group.code


def test_every_term_and_reading_says_where_it_comes_from():
    declared = editions.declared()
    lines = [t for one in declared.indicators for t in one.terms] + [
        v for o in declared.options for v in o.values
    ]
    assert all(
        line.source and line.evidence in ("attested", "inferred", "recalled") for line in lines
    )
    for one in (*declared.indicators, *declared.options, *declared.groups, *declared.bands):
        assert all(one.label.values()), one


@pytest.mark.parametrize(
    ("threshold", "share", "zero", "points"),
    [
        ("4/5", (80, 100), "none", "6"), ("4/5", (90, 100), "none", "6"), ("4/5", (40, 100), "none", "3"),
        ("1", (1, 3), "none", "2"), ("1/2", (1, 8), "none", "3/2"), ("1", (0, 5), "none", "0"),
        ("1", (0, 0), "full", "6"), ("1", (0, 0), "none", "0"), ("1", (0, 0), "unknown", None),
        ("1", None, "full", None),
        ("9/10", (1, 7), "none", "20/21"),
    ],
)  # fmt: skip
def test_points_of_a_share(threshold, share, zero, points):
    rule = Rule(
        code="x", label={}, formula={}, measure="m", max=Fraction(6), threshold=Fraction(threshold), zero=zero,
        since=date(2022, 7, 1), evidence="attested", source="",
    )  # fmt: skip
    assert index766.points(rule, share) == (None if points is None else Fraction(points))


@pytest.mark.parametrize(
    ("value", "places", "said"),
    [("16/3", 2, "5.33"), ("1/8", 2, "0.13"), ("2/3", 3, "0.667"), ("-1/8", 2, "-0.13"), ("20", 0, "20"),
     ("1/200", 2, "0.01")],
)  # fmt: skip
def test_a_number_is_rounded_half_up_and_only_when_shown(value, places, said):
    assert index766.shown(Fraction(value), places) == Decimal(said)


# The small set: twelve dossiers of one unit in November 2026, procedure 1.003844, five working days of 8 hours
# (the same time of day five working days later). Judged by hand, before any program:
#
# # | channel | received | events | due | form (II.06) | 2.1
# 1 | online | Mon 02 09:00 | settled Fri 06 16:00, e-result | Mon 09 09:00 | early | on time
# 2 | direct | Mon 02 09:00 | settled Mon 09 09:00 | Mon 09 09:00 | on time | on time
# 3 | online | Mon 02 09:00 | settled Mon 09 09:01, e-result | Mon 09 09:00 | late | overdue
# 4 | post | Tue 03 09:00 | asked Wed 04 09:00, answered Fri 06 09:00 (+2 d), | Thu 12 09:00 | early | on time
#     settled Wed 11 10:00
# 5 | online | Tue 03 09:00 | asked twice (04-05, 09-10: +2 d), settled Wed 11 | Thu 12 09:00 | early | overdue
#     10:00, e-result
# 6 | online | Fri 20 09:00 | open (Tue 24/11 is a public holiday) | Mon 30 09:00 | overdue | overdue
# 7 | direct | Thu 26 09:00 | open | Thu 03/12 09:00 | within | on time
# 8 | online | Mon 16 09:00 | asked Wed 18 09:00, no answer | (Mon 23 09:00) | within | on time
# 9 | online | Mon 02 09:00 | asked Wed 11 09:00 after the deadline, no answer | (Mon 09 09:00) | within | overdue
# 10 | direct | Mon 26/10 09:00 settled Mon 02/11 08:00 | Mon 02/11 09:00 | on time | on time | carried over
# 11 | online | Mon 26/10 09:00 withdrawn Thu 05/11 09:00 | Mon 02/11 09:00 | late | overdue | carried over
# 12 | online | Mon 02 09:00 | settled Tue 03 09:00, handed over, corrected | Mon 09 09:00 | early | on time
#     Wed 25, settled again Fri 27: the first end counts
SMALL = """
online 11-02 09:00 | 11-06 16:00 settle+
direct 11-02 09:00 | 11-09 09:00 settle
online 11-02 09:00 | 11-09 09:01 settle+
post 11-03 09:00 | 11-04 09:00 ask | 11-06 09:00 answer | 11-11 10:00 settle
online 11-03 09:00 | 11-04 09:00 ask | 11-05 09:00 answer | 11-09 09:00 ask | 11-10 09:00 answer | 11-11 10:00 settle+
online 11-20 09:00
direct 11-26 09:00
online 11-16 09:00 | 11-18 09:00 ask
online 11-02 09:00 | 11-11 09:00 ask
direct 10-26 09:00 | 11-02 08:00 settle
online 10-26 09:00 | 11-05 09:00 withdraw
online 11-02 09:00 | 11-03 09:00 settle | 11-03 10:00 hand_over | 11-25 09:00 correct | 11-27 09:00 settle+
"""
"""Channel and reception, then each later act of 2026; + is an electronic result."""
ACTS = {"ask": "ask_supplement", "answer": "supplement"}
FORM = (12, 7, 3, 2, 8, 4, 2, 2, 4, 3, 1)
"""(3) 12 = (4) 7 + (5) 3 + (6) 2; (7) 8 = (8) 4 [1 4 5 12] + (9) 2 [2 10] + (10) 2 [3 11];
(11) 4 = (12) 3 [7 8 9] + (13) 1 [6]."""
BY_HAND = {
    # indicator: (numerator, denominator, points)
    "2.1": (7, 12, "35/3"),          # on time: 1 2 4 7 8 10 12; 20 x 7/12
    "3.3": (7, 10, "6"),             # read as the plain share: ten received, seven online; over one half
    "4.1": (4, 7, "24/7"),           # settled: 1 2 3 4 5 10 12; electronic: 1 3 5 12 (mended); 6 x 4/7
    "3.6": (0, 0, "0"),              # nobody was asked for a fee: an empty denominator gives none
}  # fmt: skip


@pytest.fixture(scope="module")
def small(db):
    with db.connect() as conn:
        world.publish(conn)
        given = []
        for line in SMALL.strip().splitlines():
            first, *later = line.split(" | ")
            channel, received = first.split(" ", 1)
            start = world.at(f"2026-{received}")
            events = [
                Event(act="receive", to_state="received", at=start),
                Event(act="start", to_state="processing", at=start),
            ]
            for said in later:
                moment, act = said.rsplit(" ", 1)
                about = {"file": "a", "result_code": "KQ1"} if act.endswith("+") else {}
                when = world.at(f"2026-{moment}")
                events.append(
                    Event(act=ACTS.get(act, act.rstrip("+")), to_state="", at=when, about=about)
                )
            given.append(
                (
                    Filing(procedure="1.003844", unit="G18.12", channel=channel, filed_at=start),
                    events,
                )
            )
        bulk.keep_many(conn, "test", given)
        standing.follow(conn)
        conn.commit()
    return db


@pytest.fixture
def conn(small):
    with small.connect() as opened:
        yield opened
        opened.rollback()


def points_of(measured):
    return {one.rule.code: one for one in measured.index.indicators}


def test_the_form_by_hand(conn):
    from lienthong.reports import forms

    assert forms.counted(conn, NOVEMBER, "unit")["G18.12"].columns() == FORM


def test_the_index_by_hand_to_the_last_digit(conn):
    plain = EDITION.read_as({"online_share": "plain"})
    made = measures.indices(conn, NOVEMBER, plain)[""]
    found = points_of(made)
    for code, (numerator, denominator, points) in BY_HAND.items():
        one = found[code]
        assert (one.numerator, one.denominator) == (numerator, denominator), code
        assert one.points == Fraction(points), code
    assert made.undecided == 0
    # 1.3: of four procedures no source gives all the parts: unknown. Known: 2.1 (20), 3.3 (6), 4.1 (6), 3.6 (6).
    assert found["1.3"].points is None
    assert made.counts["complete_parts"] == {"yes": 0, "no": 0, "unsaid": 4}
    assert made.index.known == 38
    assert made.index.points == Fraction(35, 3) + 6 + Fraction(24, 7)
    assert made.index.points == Fraction(443, 21)
    assert index766.shown(made.index.points, 10) == Decimal("21.0952380952")
    assert made.index.most == 100
    assert made.index.band == {}, "no word for a score that is not whole"


@pytest.mark.parametrize(
    "code", ["1.2", "1.4", "3.1", "3.5a", "4.2", "4.x", "4.4", "4.5a", "5.2", "5.3", "5.4"]
)
def test_what_nobody_could_measure_is_unknown_and_no_zero(conn, code):
    one = points_of(measures.indices(conn, NOVEMBER, EDITION)[""])[code]
    assert (one.points, one.numerator, one.denominator) == (None, None, None)


def test_an_empty_denominator_gives_what_is_declared(conn):
    one = points_of(measures.indices(conn, NOVEMBER, EDITION)[""])["1.1"]
    assert (one.points, one.numerator, one.denominator) == (None, 0, 0), (
        "nothing took effect: not said what it gives"
    )


def test_online_share_is_unknown_while_nobody_knows_what_the_portal_has(conn):
    assert points_of(measures.indices(conn, NOVEMBER, EDITION)[""])["3.3"].points is None


def test_other_readings_give_other_numbers(conn):
    def on_time(**readings):
        made = measures.indices(conn, NOVEMBER, EDITION.read_as(readings))[""]
        one = points_of(made)["2.1"]
        return one.numerator, one.denominator

    assert on_time(base="received") == (6, 10)  # without 10 and 11
    assert on_time(more_supplements="dates") == (8, 12)  # 5 as well
    with pytest.raises(NotFound):
        EDITION.read_as({"base": "everything"})


def test_what_the_portal_has_and_what_applicants_said_by_hand(conn):
    """Ten received in November, five of them on the Portal. Eight ended: three overdue (3 5 11), one disliked (1)."""
    codes = [
        code
        for (code,) in conn.execute(
            "SELECT code FROM dossiers.dossier ORDER BY last_event"
        ).fetchall()
    ]
    received = {
        line.code: line for line in counting.behind(conn, Permit("x"), NOVEMBER, "received")
    }
    own = [code for code in codes if received[code].received_at >= NOVEMBER.begins]
    for at, code in enumerate(own):
        conn.execute("INSERT INTO portal.dossier (code, created) VALUES (%s, %s)", [code, at < 5])
    early = counting.behind(conn, Permit("x"), NOVEMBER, "early")
    liked = next(line.code for line in early if line.supplements == 0)
    conn.execute(
        "INSERT INTO portal.rating (dossier, overall, criteria, rated_at, received_at)"
        " VALUES (%s, 0, '{}', now(), now())",
        [liked],
    )
    found = points_of(measures.indices(conn, NOVEMBER, EDITION)[""])
    assert (found["1.4"].numerator, found["1.4"].denominator) == (5, 10)
    assert found["1.4"].points == 3
    assert found["3.3"].share == Fraction(7, 10) * Fraction(5, 10)
    assert found["3.3"].points == Fraction(21, 5)
    assert (found["5.4"].numerator, found["5.4"].denominator) == (4, 8)
    assert found["5.4"].points == Fraction(10, 3)


@pytest.mark.parametrize(
    ("decided", "share", "points"),
    [("2026-10-01", (1, 1), 6), ("2026-10-12", (0, 1), 0), (None, (None, None), None)],
)  # fmt: skip
def test_published_on_time_by_hand(conn, decided, share, points):
    """In effect on Monday 2 November 2026: twenty working days before it is Monday 5 October."""
    told = Decision(
        number="1/QĐ-BYT",
        decided=date.fromisoformat(decided) if decided else None,
        effective=date(2026, 11, 2),
    )
    one = Procedure(code="1.009999", name={"vi": "x"}, levels=("ministry",), decision=told)
    catalogue.draft(conn, "editor", one, "test")
    catalogue.publish(conn, "head", one.code, date(2026, 11, 2))
    found = points_of(measures.indices(conn, NOVEMBER, EDITION)[""])["1.1"]
    assert (found.numerator, found.denominator, found.points) == (*share, points)


def test_the_bridge_by_hand(conn):
    found = counting.count(conn, NOVEMBER, cells.bridge(EDITION.reading))[""]
    assert found == {
        "same_good": 7, "same_bad": 3, "outside": 0, "undecided": 0, "more_supplements": 1, "asked_late": 1,
        "longest_limit": 0, "not_late": 0,
    }  # fmt: skip


def test_a_flag_that_nobody_filled_is_unknown_unless_an_official_reads_it_otherwise(conn):
    conn.execute(
        "UPDATE reports.standing SET vneid = true WHERE dossier IN"
        " (SELECT dossier FROM reports.standing WHERE received_at >= '2026-11-01' ORDER BY dossier LIMIT 4)"
    )

    def vneid(**readings):
        one = points_of(measures.indices(conn, NOVEMBER, EDITION.read_as(readings))[""])["4.5a"]
        return one.numerator, one.denominator

    assert vneid() == (None, None)
    numerator, denominator = vneid(missing_flag="apart")
    assert numerator == denominator > 0
    assert vneid(missing_flag="as_no") == (numerator, 10)


def test_a_whole_index_has_a_band():
    shares = {one.measure: (9, 10) for one in EDITION.rules}
    found = index766.index(EDITION, shares)
    assert found.known == 100
    assert found.band["vi"] == "Xuất sắc"


def test_ranks_share_and_leave_out_what_is_unknown():
    def one(share):
        return index766.index(EDITION, {"on_time": share})

    given = {"a": one((9, 10)), "b": one((1, 2)), "c": one((18, 20)), "d": one(None)}
    assert index766.ranks(given) == {"a": 1, "b": 3, "c": 1, "d": None}


OWN = """
indicators:
  - code: '3.3'
    terms: [{from: '2026-12-01', threshold: '1', source: "Công văn 1", evidence: attested}]
options:
  - code: base
    values: [{from: '2027-01-01', value: received, source: "Công văn 2", evidence: attested}]
"""


def test_a_changed_threshold_changes_later_periods_only(tmp_path):
    (tmp_path / "index766.yaml").write_text(OWN)
    known = editions.declared(tmp_path)
    shares = {"filed_online": (1, 2)}
    before, after = editions.edition(NOVEMBER, known), editions.edition(DECEMBER, known)
    assert index766.index(before, shares).points == 6
    assert index766.index(after, shares).points == 3
    assert before.definition == EDITION.definition != after.definition
    changed = next(rule for rule in after.rules if rule.code == "3.3")
    assert (changed.max, changed.since, changed.source) == (6, date(2026, 12, 1), "Công văn 1")
    assert editions.edition(period.year(2026), known).rules == after.rules, "judged by its last day"
    assert after.option("base") == "received_and_carried"
    assert editions.edition(period.month(2027, 1), known).option("base") == "received"


@pytest.mark.parametrize(
    "text",
    ["indicators: [{code: '3.3', terms: [{from: '2027-01-01', threshold: '0'}]}]", "indicators: 3", "a: [",
     "indicators: [{code: '3.3', terms: [{from: '2027-01-01', max: '1/0'}]}]"],
)  # fmt: skip
def test_an_officials_file_that_cannot_be_right_is_refused(tmp_path, text):
    (tmp_path / "index766.yaml").write_text(text)
    with pytest.raises(Refused):
        editions.declared(tmp_path)


def test_before_the_first_edition_there_is_none():
    with pytest.raises(Refused):
        editions.edition(period.year(2021))


def test_an_online_dossier_may_be_asked_for_its_electronic_result(conn):
    """Until 24 November twelve was settled on paper: filed online are 1 3 5 6 8 9 12 of nine received."""
    until = period.parse("2026-11-01..2026-11-24")

    def online(**readings):
        read = EDITION.read_as({"online_share": "plain", **readings})
        one = points_of(measures.indices(conn, until, read)[""])["3.3"]
        return one.numerator, one.denominator

    assert online() == (7, 9)
    assert online(online_counts="with_result") == (6, 9)
