"""The catalogue on a page: what is in force, what nobody says, and the ministry's numbers apart from ours."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest

from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import known
from lienthong.procedures.procedure import Component, Procedure


@pytest.fixture(scope="module")
def filled(db):
    with db.connect() as conn:
        done = publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        again = publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        conn.commit()
    return done, again


def test_only_coded_rows_come_in_and_only_once(filled):
    done, again = filled
    assert (done.published, done.uncoded) == (210, 99)
    assert (again.published, again.there) == (0, 210)


def test_the_claim_stands_beside_the_count(signed_in, filled):
    page = signed_in("ministry").get("/procedures").text
    for number in ("282", "117", "165", "41,49", "210"):
        assert number in page
    first = set(re.findall(r'href="/procedures/([\d.]+)"', page))
    rest = [
        signed_in("ministry").get(f"/procedures?start={start}").text
        for start in (40, 80, 120, 160, 200)
    ]
    more = [set(re.findall(r'href="/procedures/([\d.]+)"', text)) for text in rest]
    assert [len(first), *map(len, more)] == [40, 40, 40, 40, 40, 10]
    assert len(first.union(*more)) == 210


def test_the_list_is_filtered(signed_in, filled):
    client = signed_in("province")
    page = client.get("/procedures", params={"q": "1.012279"}).text
    assert re.findall(r'href="/procedures/([\d.]+)"', page) == ["1.012279"]
    bare = client.get("/procedures", params={"q": "cap lai giay phep hoat dong kham benh"}).text
    assert "1.012279" in bare, "found as people type who are in a hurry"
    none = client.get("/procedures", params={"q": "không có thủ tục này"}).text
    assert "Không có kết quả" in none


def test_a_procedure_says_what_no_source_gives(signed_in, filled):
    page = signed_in("officer").get("/procedures/1.012279").text
    assert "20 ngày" in page
    assert "Chưa nguồn nào nêu" in page
    assert "trình tự thực hiện" in page
    assert signed_in("officer").get("/procedures/1.999999").status_code == 404


@pytest.mark.parametrize(
    ("language", "name", "mark"),
    [
        ("fr", "Autorisation d&#39;importation de dispositifs médicaux", "notre traduction"),
        ("en", "Import licence for medical devices", "our translation"),
        ("vi", "", ""),
    ],
)
def test_a_described_procedure_is_named_in_the_readers_language_beside_its_official_name(
    db, signed_in, filled, language, name, mark
):
    from lienthong.access import operator
    from lienthong.procedures.described import described
    from lienthong.procedures.importing import publish_described

    with db.connect() as conn:
        publish_described(conn, operator(), described())
        conn.commit()
    client = signed_in("officer")
    client.cookies.set("language", language)
    for address in ("/procedures/1.003844", "/procedures?q=1.003844"):
        page = client.get(address).text
        assert "Cấp giấy phép nhập khẩu thiết bị y tế" in page
        assert name in page and mark in page
        if language == "vi":
            assert "bản dịch của chúng tôi" not in page


def test_parts_are_read_in_three_languages_with_the_official_words_beside(signed_in, filled, db):
    code = "1.012279"
    with db.connect() as conn:
        publish_described(conn, "import", described())
        conn.commit()
    client = signed_in("officer")
    client.cookies.set("language", "fr")
    french = unescape(client.get(f"/procedures/{code}").text)
    for said in (
        "Preuve de l’erreur", '<span class="soft small" lang="vi">Giấy tờ chứng minh thông tin sai sót</span>',
        "Cas : Informations erronées", "Compté à partir du jour inscrit sur le récépissé", "L’établissement demandeur",
    ):  # fmt: skip
        assert said in french
    client.cookies.set("language", "en")
    with db.connect() as conn:
        made = Procedure(
            code="1.990777", name={"vi": "Thủ tục mẫu"}, components=(Component(name={"vi": "Đơn chưa dịch"}),),
            conditions="Điều kiện chưa dịch",
        )  # fmt: skip
        publish_new(conn, "import", [made], "x", date(2026, 1, 5))
        conn.commit()
    english = client.get("/procedures/1.990777").text
    assert (
        '<span lang="vi">Đơn chưa dịch</span> <span class="tag plain">in Vietnamese only' in english
    )
    assert '<span lang="vi">Điều kiện chưa dịch</span>' in english
    client.cookies.clear()
    plain = signed_in("officer").get("/procedures/1.990777").text
    assert 'lang="vi">Đơn' not in plain, "nothing to mark for who reads Vietnamese"
