"""Rules across databases through the real intake: whatever arrives first, the same findings and counts remain."""

from __future__ import annotations

import uuid

import pytest

from lienthong.records.intake import few
from tests.records.crossed import Town

LICENCES = "NR,SINCE,UNTIL\nL1,20200101,\nL2,20200101,20251231\n"
DEATHS = "NR,PERSON,DAY\nD1,p2,20260105\n"
VISITS = "ID,DOC,PERSON,DAY\nv1,L1,p1,20260110\nv2,L2,p1,20260110\nv3,L1,p2,20260110\nv4,L9,p3,20260111\n"
ACTS = {
    "licences": ("registers", "LICENCE.csv", LICENCES, "01000"),
    "deaths": ("registers", "DEATH.csv", DEATHS, "01000"),
    "visits": ("wards", "VISIT.csv", VISITS, "01999"),
    "elsewhere": (
        "wards",
        "VISIT.csv",
        "ID,DOC,PERSON,DAY\nx1,L1,p9,20260111\nx2,L9,p8,20260111\n",
        "79001",
    ),
}
FOUND = {
    ("T-LIC", "01999", "v2", ("LICENCE L2",)),
    ("T-LIC", "01999", "v4", ()),
    ("T-LIC", "79001", "x2", ()),
    ("T-DEAD", "01999", "v3", ("DEATH D1",)),
    ("T-TWO", "01999", "v4", ("VISIT x2",)),
    ("T-TWO", "79001", "x2", ("VISIT v4",)),
}


@pytest.fixture
def town(cluster, template, tmp_path, monkeypatch):
    from tests.conftest import _create, _drop

    made = []

    def build(number=0):
        home = tmp_path / f"home{number}"
        home.mkdir()
        monkeypatch.setenv("LIENTHONG_HOME", str(home))
        name = f"test_{uuid.uuid4().hex[:12]}"
        made.append((Town(_create(cluster, name, template), home), name))
        return made[-1][0]

    yield build
    for one, name in made:
        one.conn.close()
        _drop(cluster, name)


def play(town, order):
    for act in order:
        contract, name, text, sender = ACTS[act]
        done = town.send(contract, name, text, sender)
        assert done.state == "done", done
        town.holds()
    town.again()
    town.holds()


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_the_order_of_arrival_does_not_matter(town, monkeypatch, largest):
    outcomes = []
    for number, order in enumerate(
        (
            ["licences", "deaths", "visits", "elsewhere"],
            ["visits", "elsewhere", "deaths", "licences"],
            ["elsewhere", "licences", "visits", "deaths"],
        )
    ):
        one = town(number)
        monkeypatch.setattr(few, "BYTES", largest)
        play(one, order)
        assert one.found() == FOUND
        outcomes.append(one.counted())
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0]["wards", "T-LIC|DOC"] == (6, 3, 0)
