"""An agency that wrote papers of its own goes back to those that come with the program."""

from __future__ import annotations

import pytest

from lienthong.dossiers.papers import kept
from lienthong.errors import NotFound
from tests.dossiers import desk, test_papers

conn = test_papers.conn


def test_an_agency_goes_back_to_what_comes_with_the_program(conn):
    kept.save(conn, desk.HEAD, "H15", "stop", "symbol: X\n---\n# CỦA TỈNH\n")
    kept.use(conn, desk.HEAD, "H15", "stop", 1)
    assert "CỦA TỈNH" in kept.in_use(conn, desk.UNIT, "stop").text
    kept.use(conn, desk.HEAD, desk.UNIT, "stop", 0)
    held = kept.in_use(conn, desk.UNIT, "stop")
    assert (held.text, held.used_by) == (kept.declared("stop").text, "head")
    assert kept.versions(conn, desk.UNIT, "stop") == []
    kept.save(conn, desk.HEAD, desk.UNIT, "stop", "symbol: X\n---\n# CỦA MÌNH\n")
    kept.use(conn, desk.HEAD, desk.UNIT, "stop", 1)
    assert "CỦA MÌNH" in kept.in_use(conn, desk.UNIT, "stop").text
    with pytest.raises(NotFound):
        kept.use(conn, desk.HEAD, desk.UNIT, "stop", -1)
    usual = kept.head_in_use(conn, desk.UNIT, None, desk.at("2026-11-20 09:00").date())
    kept.save(conn, desk.HEAD, desk.UNIT, "letterhead", "name: SỞ Y TẾ\n")
    kept.use(conn, desk.HEAD, desk.UNIT, "letterhead", 1)
    kept.use(conn, desk.HEAD, desk.UNIT, "letterhead", 0)
    assert kept.head_in_use(conn, desk.UNIT, None, desk.at("2026-11-20 09:00").date()) == usual
