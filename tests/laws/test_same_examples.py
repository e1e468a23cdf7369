"""The laws are asked of the same examples on every machine and after whatever else this process ran."""

from __future__ import annotations

import sys
import types

from hypothesis import given, settings
from hypothesis import strategies as st


def drawn() -> list[int]:
    """The examples of a law that takes any number."""
    found: list[int] = []

    @settings(max_examples=200)
    @given(st.integers())
    def law(number: int) -> None:
        found.append(number)

    law()
    return found


def test_what_was_imported_meanwhile_changes_no_example(tmp_path, monkeypatch):
    before = drawn()
    module = types.ModuleType("imported_meanwhile")
    file = tmp_path / "imported_meanwhile.py"
    file.write_text(f"NUMBERS = {list(range(7_000_001, 7_000_200))}\n")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "imported_meanwhile", module)
    assert drawn() == before


def test_nothing_is_remembered_and_nothing_is_timed():
    assert (settings.default.derandomize, settings.default.deadline) == (True, None)
    assert settings.default.database is None
