"""Answers of the Portal that no profile foresees: one dossier's poison stops no other, and nothing goes out twice."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from lienthong.partners.portal import envelope, reconciling, seen
from tests.partners.test_portal_dialects import Dialect, rounds, speaks, world  # noqa: F401

DEEP = "[" * 5_000 + "]" * 5_000


def _steps(**change):
    return lambda found, steps: [found | {"TienDo": [one | change for one in steps]}]


def _head(**change):
    return lambda found, steps: [found | {"TienDo": steps} | change]


POISONS = {
    "a state that is no number": _head(TrangThaiHoSo="NaN"),
    "a state without end": _head(TrangThaiHoSo="1e999"),
    "NUL in the state": _head(TrangThaiHoSo="2\0"),
    "NUL in the deadline": _head(NgayHenTra="2026\0"),
    "NUL in the moment of a step": _steps(ThoiDiemXuLy="2026\0"),
    "NUL in text that is JSON again": lambda found, steps: msgspec.json.encode([
        found | {"TienDo": msgspec.json.encode([one | {"ThoiDiemXuLy": "\0"} for one in steps]).decode()}
    ]).decode(),
    "steps nested deeper than anybody means": _head(TienDo=DEEP),
    "a state of a step that is a list": _steps(TrangThai=["4", {}]),
    "a state of a step that is not finite": _steps(TrangThai="-Infinity"),
    "a name that is an object": _head(MaHoSo={"a": [1]}),
    "an answer nested deeper than anybody means": None,
}  # fmt: skip


class Poisoned(Dialect):
    """Answers about one dossier with poison, about the others plainly."""

    def __init__(self, poison) -> None:
        super().__init__(lambda found, steps: [found | {"TienDo": steps}])
        self.poison, self.bad = poison, ""

    def _found(self, code: str) -> httpx.Response:
        if code != self.bad or code not in self.dossiers:
            return super()._found(code)
        if self.poison is None:
            return httpx.Response(200, content=DEEP.encode() * 20)
        own = [one for one in self.steps if one["MaHoSo"] == code]
        return self._json({"error_code": 0, "result": self.poison(self.dossiers[code], own)})


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())
def test_one_poisoned_answer_stops_no_other_dossier(world, poison):  # noqa: F811
    dialect = Poisoned(poison)
    client = speaks(world, dialect)
    dialect.bad, good = world.filed("receive"), world.filed("receive")
    rounds(world, 1)
    with world.db.connect(autocommit=True) as conn:
        reconciling.reconcile(conn, client, [dialect.bad, good], now=world.now)
        both = seen.seen(conn, good)
        assert both.looked_at == world.now and both.differences == []
    later = world.filed("receive")
    dialect.drop_progress = 1  # the step of whichever goes first is in doubt
    rounds(world, 3)
    codes = [one["MaHoSo"] for one in dialect.steps]
    assert codes.count(dialect.bad) == codes.count(good) == 1
    assert codes.count(later) == 1, "asked about, found there, not sent again"


@pytest.mark.parametrize(
    "poison", [one for one in POISONS.values() if one], ids=[n for n, p in POISONS.items() if p]
)
def test_a_poisoned_dossier_in_doubt_is_kept_back_and_the_others_go_on(world, poison):  # noqa: F811
    dialect = Poisoned(poison)
    speaks(world, dialect)
    dialect.drop_progress = 1
    dialect.bad = world.filed("receive")
    good = world.filed("receive")
    rounds(world, 4)
    codes = [one["MaHoSo"] for one in dialect.steps]
    assert codes.count(dialect.bad) == 1, "what cannot be judged is not sent twice"
    assert codes.count(good) == 1
    with world.db.connect(autocommit=True) as conn:
        assert [one.ledger for one in seen.seen(conn, good).steps] == ["accepted"]
        seen.seen(conn, dialect.bad)


def test_an_id_of_a_person_that_cannot_be_kept_stops_no_batch(world):  # noqa: F811
    dialect = Dialect(lambda found, steps: [found | {"TienDo": steps}])
    plain = dialect.__call__

    def answers(request):
        body = msgspec.json.decode(request.content)
        if body.get("service") == "TraCuuTechID":
            return httpx.Response(
                200, content=b'{"error_code": 0, "result": [{"TECHNICALID": "t\\u0000-9"}]}'
            )
        return plain(request)

    speaks(world, answers)
    nameless = world.filed("receive", applicant={"technical_id": None})
    good = world.filed("receive")
    rounds(world, 3)
    codes = [one["MaHoSo"] for one in dialect.steps]
    assert (codes.count(nameless), codes.count(good)) == (1, 1)
    assert dialect.dossiers[nameless]["MaDoiTuong"] == "t-9"


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (b'{"error_code": 0, "result": ["a\\u0000b"]}', ("ab",)),
        (b'{"error_code": 0, "result": "[{\\"x\\": \\"\\\\u0000y\\"}]"}', ({"x": "y"},)),
        (rb'{"error_code": 0, "result": ["typed \\u0000"]}', (r"typed \u0000",)),
    ],
)
def test_what_no_column_takes_is_left_out_and_what_was_typed_is_not(content, result):
    assert envelope.read(content).result == result
