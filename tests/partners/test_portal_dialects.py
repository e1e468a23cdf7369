"""Portals and relays that write otherwise: other capitals, numbers for texts, other moments, codes nobody foresaw.

Tolerant in reading must also mean: a step that the other side has is known again however it is written, because a
step that is taken for missing is sent a second time and doubles over there.
"""

from __future__ import annotations

import itertools
from datetime import timedelta

import httpx
import msgspec
import pytest

from lienthong.errors import Refused
from lienthong.partners.portal import catalogues, envelope, inbound, outer, reconciling, times
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.sending import Sending
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.portal_world import World, at_rest

UNITS = (f"G18.{number}" for number in itertools.count(700))


class Dialect:
    """A Portal of its own making: keeps what it is given and says it as `spell` writes it."""

    def __init__(self, spell) -> None:
        self.spell, self.dossiers, self.steps = spell, {}, []
        self.drop_progress = 0
        self.answers: list[bytes | int | str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        if self.answers and body.get("service"):
            said = self.answers.pop(0)
            if isinstance(said, int):
                return httpx.Response(said, headers={"location": "/dang-nhap"}, content=b"")
            return httpx.Response(200, content=said)
        if "username" in body:
            return self._json({"error_code": "0", "session": f"s{len(self.steps)}"})
        if body["service"] == "DongBoHoSoMC":
            for one in body["data"]:
                if body["isUpdating"] == "False" and one["MaHoSo"] in self.dossiers:
                    return self._json(
                        {"error_code": -1, "message": "Mã hồ sơ đã tồn tại trên hệ thống"}
                    )
                self.dossiers[one["MaHoSo"]] = one
        elif body["service"] == "CapNhatTienDoHoSoMC":
            self.steps += body["data"]
            if self.drop_progress:
                self.drop_progress -= 1
                raise httpx.ReadTimeout("answered to nobody")
        elif body["service"] == "TraCuuHoSo":
            return self._found(body["mahoso"])
        return self._json({"error_code": "0", "message": "Thành công"})

    def _found(self, code: str) -> httpx.Response:
        if code not in self.dossiers:
            return self._json({"error_code": "-1", "message": "Không tìm thấy hồ sơ"})
        own = [one for one in self.steps if one["MaHoSo"] == code]
        return self._json({"error_code": 0, "result": self.spell(self.dossiers[code], own)})

    def _json(self, said) -> httpx.Response:
        return httpx.Response(200, content=b"\xef\xbb\xbf" + msgspec.json.encode(said))


def _plainly(found, steps):
    return [found | {"TienDo": steps}]


def _lower(found, steps):
    low = [{name[0].lower() + name[1:]: value for name, value in one.items()} for one in steps]
    return {name[0].lower() + name[1:]: value for name, value in found.items()} | {"tienDo": low}


def _numbers(found, steps):
    return [found | {"TrangThaiHoSo": int(found["TrangThaiHoSo"]),
                     "TienDo": [one | {"TrangThai": int(one["TrangThai"])} for one in steps]}]  # fmt: skip


def _moments(form):
    def spell(found, steps):
        return [found | {"TienDo": [
            one | {"ThoiDiemXuLy": f"{times.read(one['ThoiDiemXuLy']):{form}}"} for one in steps
        ]}]  # fmt: skip

    return spell


def _as_text(found, steps):
    inner = [{name: value for name, value in one.items() if name != "MaHoSo"} for one in steps]
    return msgspec.json.encode([found | {"TienDo": msgspec.json.encode(inner).decode()}]).decode()


SPELLINGS = {
    "ours": _plainly,
    "other capitals, an object": _lower,
    "numbers": _numbers,
    "ISO": _moments("%Y-%m-%dT%H:%M:%S"),
    "with an offset": _moments("%Y-%m-%dT%H:%M:%S%z"),
    "day first": _moments("%d/%m/%Y %H:%M:%S"),
    "twice encoded, steps without the code": _as_text,
}


@pytest.fixture
def world(ready):
    at_rest(ready)
    with StandIn() as standin:
        made = World(ready, standin, unit=next(UNITS))
        yield made
        made.client.close()


def speaks(world, dialect) -> Client:
    """The world's sender talks to this Portal from now on."""
    access = Access(url="http://portal.test", unit="G18", username="byt", password="x", timeout=5)
    world.client.close()
    world.client = Client(access, httpx.MockTransport(dialect))
    world.sending = Sending(world.client, now=lambda: world.now, chance=lambda: 1.0)
    return world.client


def rounds(world, count=4):
    for _ in range(count):
        world.send()
        world.now += timedelta(hours=2)


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_step_that_they_have_is_never_sent_again(world, spell):
    dialect = Dialect(spell)
    speaks(world, dialect)
    dialect.drop_progress = 1
    code = world.way(0, 0, 4)
    rounds(world)
    moments = [(one["MaHoSo"], one["ThoiDiemXuLy"], one["TrangThai"]) for one in dialect.steps]
    assert len(moments) == 3
    assert len(set(moments)) == 3
    with world.db.connect(autocommit=True) as conn:
        left = reconciling.reconcile(conn, world.client, [code], now=world.now)
    assert left == []


def test_a_step_at_a_moment_nobody_can_place_is_not_sent_again(world):
    """They keep minutes only: our step is there, but as another one. Silence is better than a double."""

    def minutes(found, steps):
        return [
            found | {"TienDo": [one | {"ThoiDiemXuLy": one["ThoiDiemXuLy"][:12]} for one in steps]}
        ]

    dialect = Dialect(minutes)
    speaks(world, dialect)
    dialect.drop_progress = 1
    world.now += timedelta(seconds=33)
    code = world.way(0, 0)
    rounds(world)
    assert len(dialect.steps) == 2
    with world.db.connect() as conn:
        said = conn.execute(
            "SELECT last_answer FROM portal.dossier WHERE code = %s", [code]
        ).fetchone()
    assert "strange-step" in said[0]


def test_one_that_is_there_already_is_changed_whatever_the_code(world):
    dialect = Dialect(_plainly)
    speaks(world, dialect)
    code = world.way(0)
    dialect.dossiers[code] = {"MaHoSo": code}
    rounds(world, 2)
    assert dialect.dossiers[code]["TrangThaiHoSo"] == "2"
    assert len(dialect.steps) == 1


def test_absence_said_as_an_error_is_absence(world):
    dialect = Dialect(_plainly)
    client = speaks(world, dialect)
    assert client.look_up("G18.12-261120-180001") is None
    dialect.answers = [msgspec.json.encode({"error_code": -1, "message": "Lỗi hệ thống"})]
    with pytest.raises(Refused):
        client.look_up("G18.12-261120-180001")


def test_an_answer_about_another_dossier_is_none_about_this_one(world):
    client = speaks(
        world, Dialect(lambda found, steps: [found | {"MaHoSo": "G18.12-261120-189999"}])
    )
    code = world.way(0)
    world.send()
    with pytest.raises(Refused, match=r"another dossier|portal\.other"):
        client.look_up(code)


def test_one_refused_look_up_stops_no_other_comparison(world):
    dialect = Dialect(_plainly)
    client = speaks(world, dialect)
    first, second = world.way(0), world.way(0)
    rounds(world, 1)
    dialect.dossiers[second]["TrangThaiHoSo"] = "4"
    dialect.answers = [msgspec.json.encode({"error_code": -9, "message": "Lỗi dữ liệu"})]
    with world.db.connect(autocommit=True) as conn:
        found = reconciling.reconcile(conn, client, [first, second], now=world.now)
    assert [(one.dossier, one.kind) for one in found] == [(second, "state")]


@pytest.mark.parametrize(
    "away",
    [
        b"<!DOCTYPE html><html><title>\xc4\x90\xc4\x83ng nh\xe1\xba\xadp</title></html>",
        302,
        401,
        msgspec.json.encode(
            {
                "error_code": "-99",
                "message": "Phie\u0302n la\u0300m vie\u0323\u0302c he\u0301t ha\u0323n",
            }
        ),
    ],
    ids=["a page", "sent away", "401", "accents apart"],
)
def test_a_session_that_is_over_is_renewed_however_they_say_it(world, away):
    dialect = Dialect(_plainly)
    speaks(world, dialect)
    code = world.way(0)
    dialect.answers = [away]
    world.send()
    assert dialect.dossiers[code]["TrangThaiHoSo"] == "2"
    assert len(dialect.steps) == 1


@pytest.mark.parametrize(
    "content",
    [
        b'{"error_code": "0.0", "message": ""}',
        b'{"Error_Code": 0.0}',
        b'\xef\xbb\xbf{"ERRORCODE": "00"}',
    ],
)
def test_a_code_is_read_however_it_is_written(content):
    assert envelope.read(content).code == 0


def test_a_catalogue_in_other_capitals_is_the_same_catalogue(world):
    said = {"error_code": "0", "result": [{"maDonVi": "G18.99", "tenDonVi": "Cục mẫu"}]}
    dialect = Dialect(_plainly)
    client = speaks(world, dialect)
    dialect.answers = [msgspec.json.encode(said)]
    with world.db.connect() as conn:
        changes = catalogues.keep(conn, "agencies", client.listed("agencies"), world.now)
        conn.rollback()
    assert "G18.99" in changes.new


MESSAGE = {
    "MaHoSo": "G18.12-261120-18{:04d}",
    "MaTTHC": "1.003844",
    "BieuMau": {"maHoSo": "as typed"},
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda said: {"data": said, "requestId": "a1"},
        lambda said: {"service": "DongBoHoSoDVC", "data": [said]},
        lambda said: [said],
        lambda said: {"message": msgspec.json.encode(said).decode()},
        lambda said: {"Body": {"payload": said}},
        lambda said: {name[0].lower() + name[1:]: value for name, value in said.items()},
        lambda said: msgspec.json.encode(said).decode(),
    ],
    ids=["data", "list in data", "bare list", "text", "two layers", "capitals", "text alone"],
)
def test_a_pushed_message_is_known_whatever_is_around_it(ready, wrap):
    said = MESSAGE | {"MaHoSo": f"G18.12-261120-18{next(NUMBERS):04d}"}
    with ready.connect() as conn:
        first = inbound.take(conn, "dossier", b"\xef\xbb\xbf" + msgspec.json.encode(wrap(said)))
        assert first.code == 0
        assert inbound.one(conn, first.receipt).code == said["MaHoSo"]
        assert inbound.one(conn, first.receipt).procedure == "1.003844"
        assert inbound.content(conn, first.receipt)["BieuMau"] == {"maHoSo": "as typed"}
        again = inbound.take(conn, "dossier", said)
        assert (again.code, again.receipt) == (1, first.receipt), "the wrapping is not the message"
        conn.rollback()


NUMBERS = itertools.count(5000)


def test_two_messages_in_one_are_kept_and_not_guessed_at(ready):
    with ready.connect() as conn:
        both = [{"MaHoSo": "G18.12-261120-188001"}, {"MaHoSo": "G18.12-261120-188002"}]
        taken = inbound.take(conn, "dossier", msgspec.json.encode({"data": both}))
        assert taken.code == -1
        assert inbound.content(conn, taken.receipt)["data"] == both
        conn.rollback()


def test_two_spellings_of_one_name_are_left_as_they_are():
    said = {"MaHoSo": "G18.12-261120-188003", "mahoso": "G18.12-261120-188004"}
    assert outer.read(said) == said
