"""The demonstration: a small country goes through the real receiving, and a second run only finds it."""

from __future__ import annotations

from collections import Counter

import pytest

from lienthong.access import accounts
from lienthong.contracts.reading import read_contract
from lienthong.demo import State, demo
from lienthong.records.store.counts import counted, recompute
from lienthong.synthetic.files import LIST, read_list
from lienthong.synthetic.nation import ORDER


@pytest.mark.slow
def test_a_first_run_loads_and_a_second_finds_it(fresh_db, home, monkeypatch, capsys):
    import msgspec

    monkeypatch.setenv("LIENTHONG_DATABASE_URL", fresh_db.url)
    small = {
        "serve": False,
        "files": None,
        "citizens": 350,
        "days": 6,
        "seed": 7,
    }
    rest = {"until": None, "clean": False, "port": None}
    demo(**small, **rest)
    first = capsys.readouterr().out
    demo(**small, **rest)
    assert capsys.readouterr().out == first

    state = msgspec.json.decode((home / "demo" / "demo.json").read_bytes(), type=State)
    assert (home / "demo" / "demo.json").stat().st_mode & 0o077 == 0
    assert state.done
    with fresh_db.connect() as conn:
        states = conn.execute(
            "SELECT state, sum(received - kept - unchanged - quarantined) FROM records.submission GROUP BY 1"
        )
        assert dict(states.fetchall()) == {"done": 0}
        listed = Counter(one.contract for one in read_list(home / "demo" / LIST))
        sent = conn.execute("SELECT contract, count(*) FROM records.submission GROUP BY 1")
        assert dict(sent.fetchall()) == listed
        assert set(listed) <= set(ORDER)
        for name in listed:
            contract = read_contract(name)
            assert counted(conn, contract) == recompute(conn, contract) != {}
        for person in state.people:
            assert (
                accounts.authenticate(conn, person.id, person.password, address="127.0.0.1").id
                == person.id
            )
            assert person.password in first
