"""One call of ours as it meets the stand-in Portal: the mood it draws, what is done, and what comes back if at all."""

from __future__ import annotations

from typing import Any

import msgspec

from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Mood, Moods
from lienthong.partners.stand_ins.portal.services import Services

LARGEST = 16 * 1024 * 1024
SAID = {"code_3": 3, "code_minus_3": -3}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back; `hang_up`: the line breaks instead; `after`: seconds that it takes."""

    content: bytes = b""
    status: int = 200
    hang_up: bool = False
    after: float = 0.0


class Wire:
    """The endpoint of the exchange axis: bytes in, a reply out."""

    def __init__(self, memory: Memory, moods: Moods) -> None:
        self.memory, self.moods, self.services = memory, moods, Services(memory)

    def take(self, content: bytes) -> Reply:
        """One call, in the mood it draws."""
        mood = self.moods.draw()
        body = _read(content)
        reply, answer = self._in(mood, body)
        said = "" if answer is None else f"{answer.get('error_code')} {answer.get('message', '')}"
        name = (
            "login"
            if body is not None and "service" not in body
            else str((body or {}).get("service"))
        )
        self.memory.saw("in", name, _code(body), mood, said)
        if mood != "well":
            self.memory.count(f"mood {mood}")
        return reply

    def _in(self, mood: Mood, body: dict[str, Any] | None) -> tuple[Reply, dict[str, Any] | None]:
        if mood == "drop_before":
            return Reply(hang_up=True), None
        if mood == "error_500":
            return Reply(status=500, content=b"<html>Internal Server Error</html>"), None
        if mood == "expire":
            self.services.expire()
        if body is None:
            answer = {"error_code": -1, "message": "JSON"}
            return Reply(content=msgspec.json.encode(answer)), answer
        if mood == "late" and "service" in body:
            self.services.later(body, self.moods.rates.late_seconds)
            return Reply(hang_up=True), None
        answer = self._done(mood, body)
        return self._back(mood, answer), answer

    def _done(self, mood: Mood, body: dict[str, Any]) -> dict[str, Any]:
        if mood == "busy":
            return {"error_code": "-1", "message": "Hệ thống đang bận, vui lòng thử lại sau"}
        if "service" not in body:
            return self.services.log_in(body)
        upto = max(1, len(body.get("data") or ()) // 2) if mood == "part" else None
        answer = self.services.answer(body, upto=upto)
        if mood in SAID and str(answer["error_code"]) == "0":
            answer["error_code"] = SAID[mood]
        return answer

    def _back(self, mood: Mood, answer: dict[str, Any]) -> Reply:
        if mood in ("drop_after", "late"):
            return Reply(hang_up=True)
        if mood == "garbage":
            return Reply(content=b"<html>Bad gateway")
        wait = self.moods.rates.slow_seconds if mood == "slow" else 0.0
        return Reply(content=msgspec.json.encode(answer), after=wait)


def _read(content: bytes) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None


def _code(body: dict[str, Any] | None) -> str:
    """The dossier that a call is about."""
    said = body or {}
    data = said.get("data")
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    return str(said.get("mahoso") or first.get("MaHoSo") or "")
