"""What somebody inside could try with a dossier: borrowed files, shifted signatures, made-up marks, strange bodies."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace

import pytest
from lxml import etree

from lienthong.access import Actor
from lienthong.api import procedures
from lienthong.dossiers import (
    acting,
    asking,
    attachments,
    doing,
    listing,
    papers,
    results,
    signed,
    worklist,
)
from lienthong.dossiers.asking import NewDossier
from lienthong.dossiers.dossier import find
from lienthong.dossiers.line import Asked, FilingLine
from lienthong.errors import Refused
from lienthong.procedures.lists.listed import read_list
from tests.dossiers.test_attachments import PDF, XML, signer  # noqa: F401 a fixture
from tests.dossiers.world import HEAD, PROCEDURE, RECEIVER, UNIT, at, filed, filing, publish
from tests.formats.test_spreadsheet import far

ALL = frozenset({"receiver", "processor", "decider"})


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


def at_work(conn) -> str:
    code = filed(conn)
    acting.move(conn, "tn", ALL, code, "receive", at=at("2026-11-02 10:00"))
    acting.move(conn, "cv", ALL, code, "start", at=at("2026-11-02 11:00"))
    return code


def settle(conn, code, **more):
    said = {"result": "Giấy phép"} | more
    return acting.move(conn, "ld", ALL, code, "settle", said, at=at("2026-11-03 10:00"))


@pytest.mark.parametrize("borrowed", ["of another dossier", "taken away", "nowhere", "no number"])
def test_a_result_holds_a_file_of_its_own_dossier_only(conn, tmp_path, borrowed):
    own, other = at_work(conn), filed(conn)
    theirs = attachments.attach(conn, "tn", other, PDF, name="a.pdf", home=tmp_path).id
    mine = attachments.attach(conn, "tn", own, PDF, name="a.pdf", home=tmp_path).id
    attachments.remove(conn, "tn", own, mine, "nhầm")
    wanted = {"of another dossier": theirs, "taken away": mine, "nowhere": 10**9, "no number": "x'"}
    with pytest.raises(Refused) as refused, conn.transaction():
        settle(conn, own, attachment=wanted[borrowed])
    assert refused.value.code == "DOSSIER-RESULT-FILE"
    good = attachments.attach(conn, "tn", own, PDF + b"2", name="b.pdf", home=tmp_path).id
    settle(conn, own, attachment=good, result_code="KQ1")
    assert results.results(conn, own)[0].attachment == good


def test_a_signature_inside_a_larger_document_signs_nothing_of_it(signer, tmp_path):  # noqa: F811
    from signxml import XMLSigner

    key, certificate = signer
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "so.pem").write_text(certificate)
    small = etree.fromstring(XML)
    small.set("Id", "that")
    one = etree.tostring(XMLSigner().sign(small, key=key, cert=[certificate], reference_uri="that"))
    assert signed.signature(one, "application/xml", tmp_path).state == "valid", "over the whole"
    around = b"<don><ten>Somebody else</ten>" + one + b"</don>"
    assert signed.signature(around, "application/xml", tmp_path).state == "invalid"


MARKS = dict.fromkeys(("vneid", "digitised", "from_store", "population"), True) | {
    "paid_online": "1",
    "technical_id": "t",
}


def test_who_files_at_a_desk_cannot_say_what_the_index_counts(conn):
    asked = NewDossier(procedure=PROCEDURE.code, applicant={"name": "Mẫu"} | MARKS)
    with pytest.raises(Refused) as refused:
        asking.filing_of(RECEIVER, asked, now=at("2026-11-20 10:00"))
    assert refused.value.code == "DOSSIER-MARKS"
    plain = asking.filing_of(
        RECEIVER, NewDossier(procedure=PROCEDURE.code, applicant={"name": "Mẫu"})
    )
    assert not set(MARKS) & set(plain.applicant)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "1926-11-22T09:00:00+07:00"])
def test_a_filing_of_another_century_is_refused(moment):
    asked = NewDossier(procedure=PROCEDURE.code, filed_at=datetime.fromisoformat(moment))
    with pytest.raises(Refused) as refused:
        asking.filing_of(RECEIVER, asked)
    assert refused.value.code == "DOSSIER-PAST"


def test_one_strange_filing_in_the_line_refuses_nobody_else(conn):
    good = [Asked(filing=filing(summary=f"hồ sơ {n}"), actor=RECEIVER.id) for n in range(3)]
    strange = Asked(filing=filing(summary="a\0b"), actor="somebody")
    line = FilingLine(SimpleNamespace(connection=lambda: nullcontext(conn)))
    answers = [Box() for _ in range(4)]
    line._write(list(zip([*good[:1], strange, *good[1:]], answers, strict=True)))
    line.close()
    assert [box.failed for box in answers] == [False, True, False, False]


class Box:
    """What a future is told."""

    failed = False

    def set_result(self, answer) -> None:
        assert answer.code

    def set_exception(self, error) -> None:
        self.failed = True


def test_an_act_says_no_more_than_an_act_says(conn):
    code = at_work(conn)
    for said in ({"reason": "x" * 200_000}, {f"k{n}": n for n in range(100)}):
        with pytest.raises(Refused) as refused, conn.transaction():
            doing.do(conn, HEAD, code, "stop", {"reason": "vì sao"} | said)
        assert refused.value.code == "DOSSIER-SAID"


@pytest.mark.parametrize(
    "said",
    [
        {"for": "lanh-dao"}, {"lapsed": "2026-11-20"}, {"file": "a.pdf"}, {"components": 5}, {"components": [5]},
        {"fees": {"code": "x"}}, {"guidance": {"vi": "x"}}, {"approved_by": ["a"]}, {"papers": 3}, {"data": "x"},
    ],
)  # fmt: skip
def test_an_act_writes_nothing_that_others_trip_over_or_only_the_program_says(conn, said):
    code = at_work(conn)
    with pytest.raises(Refused) as refused:
        doing.do(conn, HEAD, code, "stop", {"reason": "vì sao"} | said)
    assert refused.value.code == "DOSSIER-SHAPE"


@pytest.mark.parametrize(
    "due", ["9999-12-31", "9999-12-31T23:59:59-12:00", "2028-12-31", "0001-01-01"]
)
def test_no_letter_makes_a_dossier_that_is_never_late(conn, due):
    code = at_work(conn)
    with pytest.raises(Refused) as refused:
        doing.do(
            conn, HEAD, code, "extend", {"due": due, "reason": "vì sao"}, at=at("2026-11-03 10:00")
        )
    assert refused.value.code in ("DEADLINE-FAR", "DOSSIER-DAY")


@pytest.mark.parametrize(
    "text", ["9999-12-31T09:00", "0001-01-01T00:00+14:00", "9999-12-31T23:00-12:00"]
)
def test_a_moment_at_the_end_of_time_is_told_and_is_no_fault(text):
    with pytest.raises(Refused):
        procedures._moment(text)


def test_a_list_without_applicants_shows_no_words_of_a_citizen(conn):
    said = "Đề nghị cấp lại cho ông Nguyễn Văn Mẫu"
    ours = filed(conn, summary="Cấp lại giấy phép")
    theirs = filed(conn, summary=said, origin="portal")
    rows = listing.listed(conn, listing.Among(unit=UNIT)).dossiers
    rows += [
        one.row for one in worklist.lines(conn, worklist.Whose(unit=UNIT), at("2026-11-03 09:00"))
    ]
    rows += listing.search(conn, theirs)
    shown = {row.code: row.summary for row in rows}
    assert (shown[ours], shown[theirs]) == ("Cấp lại giấy phép", "")
    assert find(conn, theirs).summary == said, "it is kept, for who reads the applicant"


def test_the_paper_of_a_supplement_from_the_portal_can_be_made(conn):
    code = filed(conn)
    clerk = Actor(id="tn", kind="person", roles=("receiver",), name="Tiếp Nhận", facility=UNIT)
    acting.move(
        conn, "tn", ALL, code, "ask_supplement", {"components": ["TP01"]}, at=at("2026-11-02 10:00")
    )
    acting.move(conn, "portal", ALL, code, "supplement", {"papers": 2}, at=at("2026-11-03 10:00"))
    assert papers.make(conn, clerk, code, "receipt").number == 1


def test_a_small_list_that_opens_to_a_huge_one_is_refused():
    # Five kilobytes; the reader would make a grid of half a terabyte of them and end the whole program.
    read = read_list(far('<c r="XFD1048576"><v>1</v></c>', row='r="1048576"'), "danh-sach.xlsx")
    assert not read.entries
    assert "unpacks" in read.faults[0].sentence["en"]
