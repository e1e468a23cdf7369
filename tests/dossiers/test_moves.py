"""The table of moves: the Portal's ten states, a careful graph, a role for each move, and clear refusals."""

from __future__ import annotations

from importlib import resources

import pytest

from lienthong.dossiers.moves import moves, moves_of, parse_moves
from lienthong.errors import Conflict, NotAllowed, Refused

TABLE = moves()
DECLARED = resources.files("lienthong") / "declared" / "dossiers"
GRAPH = {  # the reading of the sheet, plus 10 -> 4 for a result that is corrected
    1: {2, 3, 5, 7}, 2: {4, 5, 6, 7, 8}, 4: {5, 6, 7, 8, 9}, 5: {2, 4, 7, 8}, 6: {4, 7, 8}, 9: {10}, 10: {4},
}  # fmt: skip


def test_states_are_those_of_the_portal():
    assert sorted(state.code for state in TABLE.states.values()) == list(range(1, 11))
    assert TABLE.of_code(2) == "received", "new is 1 and received 2: a trap that others fell into"


def test_moves_are_exactly_the_graph():
    found: dict[int, set[int]] = {}
    for move in TABLE.moves:
        found.setdefault(TABLE.states[move.from_].code, set()).add(TABLE.states[move.to].code)
    assert found == GRAPH


def test_every_state_is_reached_and_every_move_has_somebody():
    reached = {"new"} | {move.to for move in TABLE.moves}
    assert reached == set(TABLE.states)
    assert all(move.by and move.vi and move.en and move.fr for move in TABLE.moves)


def test_a_wrong_act_names_the_possible_ones():
    with pytest.raises(Conflict) as refused:
        TABLE.find("hand_over", "new", frozenset({"receiver"}))
    assert "Ask for a supplement, Receive, Refuse to receive, Withdraw" in str(
        refused.value.details
    )


def test_only_its_role_makes_a_move():
    assert TABLE.find("settle", "processing", frozenset({"decider"})).to == "settled"
    with pytest.raises(NotAllowed):
        TABLE.find("settle", "processing", frozenset({"receiver"}))


def test_an_act_with_two_ends_is_told_apart():
    first = TABLE.find("supplement", "supplement", frozenset({"receiver"}), to="received")
    again = TABLE.find("supplement", "supplement", frozenset({"receiver"}), to="processing")
    assert (first.to, again.to) == ("received", "processing")


def test_an_officials_own_table_comes_first_and_is_checked(tmp_path):
    folder = tmp_path / "dossiers"
    folder.mkdir()
    (folder / "moves.yaml").write_text(
        "states: {a: {code: 1, clock: before, vi: A, en: A, fr: A}}\n"
        "moves: [{act: go, from: a, to: b, by: [x], vi: v, en: e, fr: f}]\n"
    )
    with pytest.raises(Refused, match="moves"):
        moves_of(tmp_path)
    with pytest.raises(Refused):
        parse_moves("states: 3\nmoves: []\n")


def test_the_program_works_by_the_officials_own_table(tmp_path, monkeypatch):
    """An edition of the table in the data folder is what acts go by, not only what can be read."""
    text = (DECLARED / "moves.yaml").read_text("utf-8")
    assert "act: refuse_reception" in text
    (tmp_path / "dossiers").mkdir()
    (tmp_path / "dossiers" / "moves.yaml").write_text(
        text.replace("act: refuse_reception", "act: send_away"), "utf-8"
    )
    monkeypatch.setenv("LIENTHONG_HOME", str(tmp_path))
    moves.cache_clear()
    try:
        assert moves().find("send_away", "new", frozenset({"receiver"})).to == "not_received"
        with pytest.raises(Conflict):
            moves().find("refuse_reception", "new", frozenset({"receiver"}))
    finally:
        moves.cache_clear()
