"""Unseen small sets judged by separate arithmetic: midnight, mergers, empty periods, every indicator to the last digit.

Nothing here asks the program what is right: each expected number is written out beside the events it comes from.
"""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pypdf
import pytest
from psycopg.types.json import Jsonb
from python_calamine import CalamineWorkbook

from lienthong.procedures.agencies import Agencies, Agency
from lienthong.reports import (
    cells,
    counting,
    editions,
    forms,
    making,
    measures,
    opening,
    period,
)
from lienthong.reports.cells import Among
from lienthong.reports.succession import Following, following
from tests.reports import world
from tests.reports.hand_world import QUARTER, filled


@pytest.fixture(scope="module")
def country(db):
    return filled(db)


@pytest.fixture
def conn(country):
    with country.connect() as opened:
        yield opened
        opened.rollback()


def row(conn, text, **whose):
    return forms.counted(conn, period.parse(text), "", among=Among(**whose))[""].columns()


def test_the_form_by_hand_for_every_kind_of_period(conn):
    """Columns (3)-(13). The minute before midnight in Viet Nam is another quarter, in UTC it would be the same."""
    assert row(conn, "2026-09", province="66") == (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0)
    assert row(conn, "2026-Q3", province="66") == (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0)
    # October: carried 1; online 2, other 1. Ended: 1st early, 2nd early, 3rd late, 4th early (twice asked, +4 days).
    assert row(conn, "2026-10", province="66") == (4, 2, 1, 1, 4, 3, 0, 1, 0, 0, 0)
    # November: two received at the desk; one withdrawn early, one open since 2 November: overdue from the 12th.
    assert row(conn, "2026-11", province="66") == (2, 0, 2, 0, 1, 1, 0, 0, 1, 0, 1)
    # December: one carried over and still overdue, one of 31 December 23:59 within time.
    assert row(conn, "2026-12", province="66") == (2, 0, 1, 1, 0, 0, 0, 0, 2, 1, 1)
    quarter = (7, 2, 4, 1, 5, 4, 0, 1, 2, 1, 1)
    assert row(conn, "2026-Q4", province="66") == quarter
    assert (
        row(conn, "2026-H2", province="66")
        == row(conn, "2026", province="66")
        == (7, 3, 4, 0, 5, 4, 0, 1, 2, 1, 1)
    )
    assert row(conn, "2026-Q4", unit="H15.50") == (3, 2, 0, 1, 3, 2, 0, 1, 0, 0, 0)
    assert row(conn, "2026-Q4", unit="H15.51") == (4, 0, 4, 0, 2, 2, 0, 0, 2, 1, 1)
    # January: the two open ones are carried over, one more came at midnight of the new year; all overdue by its end.
    assert row(conn, "2027-01", province="66") == (3, 0, 1, 2, 0, 0, 0, 0, 3, 0, 3)
    assert row(conn, "2026-H1") == row(conn, "2025") == (0,) * 11


def test_a_sector_without_a_name_opens_to_its_own(conn):
    asked = making.Asked(period=QUARTER, among=Among(province="66"))
    lines = {
        (o.level, o.line): o.row for o in making.form(conn, "II.06b", asked).lines if not o.heading
    }
    assert {key: one.received for key, one in lines.items()} == {
        ("province", ""): 2,
        ("province", "Dược"): 5,
    }
    nowhere = Among(province="66", field=cells.NOWHERE, level="province")
    counted = counting.count(conn, QUARTER, {"received": "true"}, among=nowhere)
    assert counted[""]["received"] == 2


BY_HAND = {
    # code: (numerator, denominator, points) of province 66 in the fourth quarter, exact
    "1.1": (2, 3, Fraction(6) * Fraction(2, 3)),
    "1.3": None,                                          # nobody says it of 1.200003
    "1.4": (4, 6, Fraction(6) * Fraction(4, 6)),          # four of six are on the Portal
    "2.1": (4, 7, Fraction(20) * Fraction(4, 7)),         # not: the third, the fourth (asked twice), the seventh
    "3.1": (2, 3, Fraction(2) * Fraction(2, 3) / Fraction(4, 5)),
    "3.2": (1, 2, Fraction(2)),
    "3.3": (2 * 4, 6 * 6, Fraction(6) * Fraction(8, 36) / Fraction(1, 2)),
    "3.5a": (2, 2, Fraction(2)),
    "3.5b": (1, 2, Fraction(5, 2) * Fraction(1, 2)),
    "3.6": (1, 6, Fraction(6) * Fraction(1, 6)),          # all six say yes or no
    "4.1": (3, 4, Fraction(6) * Fraction(3, 4)),          # settled: 1 2 3 4; electronic: 1 2 4
    "4.2": None,                                          # nobody says whether the papers of the first are digitised
    "4.3": (4, 6, Fraction(2) * Fraction(4, 6) / Fraction(4, 5)),
    "4.4": (1, 6, Fraction(4) * Fraction(1, 6)),
    "4.5a": (5, 6, Fraction(2) * Fraction(5, 6)),
    "4.5b": (1, 6, Fraction(2) * Fraction(1, 6)),
    "5.4": (2, 5, Fraction(6) * Fraction(2, 5) / Fraction(9, 10)),  # ended 1 2 3 4 6; overdue 3 4; disliked 1
    "1.2": None, "4.x": None, "5.1": None, "5.2": None, "5.3": None,
}  # fmt: skip


def outside(conn):
    """The Portal has 2 3 4 6; 1.200001 was paid online (2), 1.200002 offered (4); somebody dislikes 1."""

    def code(where):
        found = conn.execute(
            f"SELECT DISTINCT dossier FROM reports.standing WHERE {where}"
        ).fetchall()
        assert len(found) == 1, where
        return found[0][0]

    first, second, third = (
        code(f"unit = 'H15.50' AND received_at = '{moment}+07'")
        for moment in ("2026-09-30 23:59", "2026-10-01 00:00", "2026-10-05 09:00")
    )
    twice, withdrawn = code("supplements > 1"), code("outcome = 'withdrawn'")
    for one in (second, third, twice, withdrawn):
        conn.execute("INSERT INTO portal.dossier (code, created) VALUES (%s, true)", [one])
    for code, paid in ((second, world.at("2026-10-02 08:00")), (twice, None)):
        conn.execute(
            "INSERT INTO portal.payment (reference, dossier, event, amount, fees, state, asked_at, opened_at, paid_at)"
            " VALUES (%s, %s, 1, 1, %s, %s, '2026-10-01', '2026-10-06', %s)",
            [code, code, Jsonb([]), "paid" if paid else "open", paid],
        )
    conn.execute(
        "INSERT INTO portal.rating (dossier, overall, criteria, rated_at, received_at)"
        " VALUES (%s, 0, '{}', now(), now())",
        [first],
    )


def indexed(conn, when=QUARTER, declared=None, **readings):
    edition = editions.edition(when, declared).read_as(readings)
    made = measures.indices(conn, when, edition, among=Among(province="66"))[""]
    return made, {one.rule.code: one for one in made.index.indicators}


def test_the_whole_index_by_hand_to_the_last_digit(conn):
    outside(conn)
    made, found = indexed(conn)
    assert set(found) == set(BY_HAND)
    for code, wanted in BY_HAND.items():
        one = found[code]
        said = None if one.points is None else (one.numerator, one.denominator, one.points)
        assert said == wanted, code
    known = [wanted for wanted in BY_HAND.values() if wanted]
    assert made.index.points == sum(points for *_, points in known)
    # 100 less 1.2 (4), 1.3 (2), 4.2 (4), 4.x (2), 5.2 (6), 5.3 (6)
    assert made.index.known == 100 - 24
    groups = {group.code: group.points for group in made.index.groups()}
    assert groups["1"] == 4 + 4
    assert groups["2"] == Fraction(80, 7)
    assert groups["3"] == Fraction(5, 3) + 2 + Fraction(8, 3) + 2 + Fraction(5, 4) + 1
    assert groups["4"] == Fraction(9, 2) + Fraction(5, 3) + Fraction(2, 3) + Fraction(
        5, 3
    ) + Fraction(1, 3)
    assert groups["5"] == Fraction(8, 3)
    assert made.index.points == 8 + Fraction(80, 7) + Fraction(127, 12) + Fraction(
        53, 6
    ) + Fraction(8, 3)


def test_the_nation_counted_with_its_provinces_is_the_nation_counted_alone(conn):
    outside(conn)
    for when in (QUARTER, period.month(2026, 11), period.quarter(2026, 1)):
        asked = making.Asked(period=when)
        nation, provinces = making.side_by_side(conn, asked)
        assert nation == making.index(conn, asked)
        assert provinces == making.compared(conn, asked)
    asked = making.Asked(period=QUARTER)
    nation, provinces = making.side_by_side(conn, asked)
    assert nation.dossiers == 8
    assert set(provinces) == {"66", "ministry"}
    # 3.1 of the nation: of four procedures nobody says how far the ministry's own is online
    assert nation.counts["provided_online"] == {"yes": 2, "no": 1, "unsaid": 1}
    assert provinces["ministry"].counts["provided_online"] == {"yes": 0, "no": 0, "unsaid": 1}


@pytest.mark.parametrize(
    ("readings", "code", "wanted"),
    [
        ({"base": "received"}, "2.1", (3, 6)),
        ({"more_supplements": "dates"}, "2.1", (5, 7)),
        ({"online_share": "plain"}, "3.3", (2, 6)),
        ({"online_share": "plain", "online_counts": "with_result"}, "3.3", (1, 6)),
        ({"online_scope": "full"}, "3.2", (1, 1)),
        ({"payment_unit": "received"}, "3.6", (1, 6)),
        ({"satisfaction": "disliked"}, "5.4", (4, 5)),
        ({"unsaid_parts": "as_no"}, "1.3", (2, 3)),
        ({"missing_flag": "apart"}, "4.2", (1, 3)),
        ({"missing_flag": "as_no"}, "4.2", (1, 4)),
        ({"without_limit": "overdue"}, "2.1", (4, 7)),
    ],
)  # fmt: skip
def test_every_reading_by_hand(conn, readings, code, wanted):
    outside(conn)
    one = indexed(conn, **readings)[1][code]
    assert (one.numerator, one.denominator) == wanted


def test_what_the_portal_counts_is_divided_by_when_it_is_more(conn, tmp_path):
    outside(conn)
    own = "received_there: [{{period: 2026-Q4, province: '66', received: {0}, source: 'Cổng'}}]"
    for received, wanted in ((5, (4, 6)), (9, (4, 9))):
        (tmp_path / "index766.yaml").write_text(own.format(received))
        found = indexed(conn, declared=editions.parse(_ours(), own.format(received)))[1]
        assert (found["1.4"].numerator, found["1.4"].denominator) == wanted
        assert found["3.3"].share == Fraction(2, 6) * Fraction(*wanted)
    other = indexed(conn, period.month(2026, 10), editions.parse(_ours(), own.format(9)))[1]
    assert other["1.4"].denominator == 3, "the Portal's number is that of its own period"


def _ours():
    from importlib import resources

    return resources.files("lienthong").joinpath("declared", "index766.yaml").read_text("utf-8")


def test_a_threshold_changed_on_a_day_changes_later_periods_only(conn):
    outside(conn)
    changed = editions.parse(
        _ours(),
        "indicators: [{code: '4.5a', terms: [{from: '2026-12-31', threshold: '0.5', max: 3, source: x}]}]",
    )
    november = indexed(conn, period.month(2026, 11), changed)[1]["4.5a"]
    assert (november.numerator, november.denominator, november.points) == (2, 2, 2)
    before = indexed(conn, period.parse("2026-10-01..2026-12-30"), changed)[1]["4.5a"]
    after = indexed(conn, QUARTER, changed)[1]["4.5a"]
    assert (before.numerator, before.denominator, before.points) == (5, 5, 2)
    assert (after.numerator, after.denominator, after.points) == (5, 6, 3)


def test_an_empty_period_gives_what_each_indicator_declares(conn):
    outside(conn)
    found = indexed(conn, period.quarter(2026, 1))[1]
    empty = {code: (one.numerator, one.denominator, one.points) for code, one in found.items()}
    for code in ("2.1", "3.3", "4.1", "4.3", "4.4"):
        assert empty[code] == (0, 0, None), code
    for code in ("1.4", "3.6", "5.4"):
        assert empty[code] == (0, 0, 0), code
    assert empty["3.2"] == (0, 2, 0)
    assert empty["1.1"] == (0, 0, None)


def test_the_bridge_by_hand(conn):
    asked = making.Asked(period=QUARTER, among=Among(province="66"))
    found = opening.bridge(conn, asked)
    assert found["groups"] == {
        "same_good": 4, "same_bad": 2, "outside": 0, "undecided": 0, "more_supplements": 1, "asked_late": 0,
        "longest_limit": 0, "not_late": 0,
    }  # fmt: skip
    assert found["sums"] == {"arrived": 6, "late_by_forms": 2}


MERGED = Agencies(
    [
        Agency(code="H15.50", vi="A", successor="H15.52", until=date(2026, 10, 31)),
        Agency(code="H15.51", vi="B", successor="H15.52", until=date(2026, 12, 31)),
        Agency(
            code="H15.52",
            vi="C",
            successor="H15.53",
            since=date(2026, 11, 1),
            until=date(2027, 6, 30),
        ),
        Agency(code="H15.53", vi="D", since=date(2027, 7, 1)),
    ]
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-10", {"H15.50": 3, "H15.51": 1}), ("2026-11", {"H15.51": 2}), ("2026-Q4", {"H15.52": 3, "H15.51": 4}),
        ("2027-01", {"H15.52": 3}), ("2027-Q3", {"H15.53": 3}),
    ],
)  # fmt: skip
def test_mergers_one_after_another_by_hand(conn, text, wanted):
    when = period.parse(text)
    followed = following(None, when.last, MERGED)
    lines = forms.counted(conn, when, "unit", follows=followed, among=Among(province="66"))
    assert {unit: one.received for unit, one in lines.items()} == wanted


def test_forms_of_procedures_by_hand(conn):
    found = making.competence(conn, _with_provinces(QUARTER))
    assert found["66"].columns() == (3, 3, 0, 0, None, None, None, None, 3, 3, 0, None)
    assert found["ministry"].columns() == (1, 0, 0, 0, None, None, None, None, 1, None, 0, None)
    for cell, count in (
        ("total", 3),
        ("province", 3),
        ("processes", 3),
        ("ministry", 1),
        ("commune", 0),
    ):
        assert len(opening.procedures(conn, _with_provinces(QUARTER), cell)) == count, cell
    assert making.competence(conn, _with_provinces(period.year(2023)))["66"].columns()[0] == 0


class _Provinces(making.Asked, frozen=True, kw_only=True):
    @property
    def follows(self):
        return Following(province_names={"66": {"vi": "Đắk Lắk"}})


def _with_provinces(when):
    return _Provinces(period=when)


def test_files_hold_every_number_of_the_page(conn):
    """Workbook and PDF opened again and held against what was counted, line by line and number by number."""
    outside(conn)
    for what in ("II.06a", "II.06b", "II.07b", "766"):
        asked = _Provinces(period=QUARTER, among=Among(province="66"))
        sheet = making.sheet(conn, what, asked)
        data = making.written(sheet, "xlsx", world.at("2027-01-05 08:00"))
        read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
        lines = [*sheet.lines, *([sheet.total] if sheet.total else [])]
        body = [line for line in read if line[1] and any(line[1] == one[1] for one in lines)]
        assert len(body) == len(lines)
        said = "\n".join(
            page.extract_text()
            for page in pypdf.PdfReader(io.BytesIO(making.written(sheet, "pdf", world.at("2027-01-05 08:00")))).pages
        )  # fmt: skip
        for line, kept in zip(lines, body, strict=True):
            for cell, there in zip(line, kept, strict=False):
                wanted = "–" if cell is None else cell
                assert (
                    (Decimal(str(there)) == cell)
                    if isinstance(cell, int | Decimal)
                    else there == wanted
                )
                if isinstance(cell, Decimal):
                    assert f"{cell:.2f}".replace(".", ",") in said
    whole_index = making.sheet(conn, "766", _Provinces(period=QUARTER, among=Among(province="66")))
    shown = {line[0]: line for line in whole_index.lines}
    assert shown["3.3"][3:6] == (2, 6, Decimal("2.67"))
    assert shown["2.1"][3:6] == (4, 7, Decimal("11.43"))
    assert shown["5.4"][3:6] == (2, 5, Decimal("2.67"))
    assert shown["1.3"][3:6] == (None, None, None)
    assert whole_index.total[5] == Decimal("41.51")
    assert any("nhân tỷ lệ đồng bộ (1.4) 66,67" in note for note in whole_index.notes)
