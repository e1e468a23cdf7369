"""Which fields of Decree 102/2025 have a database: unknown names stay unknown, every claim says whose it is."""

from __future__ import annotations

import re

from lienthong.quality.coverage import health_data_fields
from tests.journeys.hospital import envelope


def lines(site, token):
    answer = site.get("/api/v1/coverage", headers={"authorization": f"Bearer {token}"})
    return {line["number"]: line for line in answer.json()}


def test_each_of_the_24_fields_stands_with_what_covers_it(site, token, send):
    send(envelope(71, 2), "hoso.xml", "care", "01999")
    found = lines(site, token)
    assert list(found) == list(range(1, 25))
    care = [one for one in found[3]["databases"] if one["contract"] == "care"]
    assert care[0]["rows"] > 0
    assert care[0]["since"]
    assert care[0]["owner"]["vi"]
    assert found[3]["state"] == "living"
    assert found[7]["state"] == "none", "no database covers cosmetics"
    assert {found[number]["state"] for number in range(16, 25)} == {"unknown"}
    assert all(not found[number]["label"] for number in range(16, 25))


def test_the_page_says_what_is_not_known(signed_in):
    page = signed_in("ministry").get("/coverage").text
    assert page.count("không tự đặt") == 9
    assert re.search(r"Dược</th>", page)
    assert "suy luận" in page


def test_the_declared_fields_are_those_that_could_be_read():
    declared = health_data_fields()
    assert [field.number for field in declared.fields if field.label] == list(range(1, 16))
    assert all(field.en and field.fr for field in declared.fields if field.vi)
