"""What the stand-in Portal holds, as a list of changes: each is applied once, and kept in a file when there is one.

The file has one change a line and is read again at the start, so the stand-in may be killed at any moment, as the
real Portal may fall over and come back.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from lienthong import clock

SESSION_LIFE = timedelta(minutes=30)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call that came in or went out, for the page that watches."""

    at: datetime
    direction: str
    service: str
    dossier: str
    mood: str
    answer: str


class Memory:
    """The other side's own state. Safe for several threads: whoever reads or changes several things holds `lock`."""

    def __init__(
        self,
        username: str = "byt",
        password: str = "practise",  # noqa: S107 no secret: a stand-in
        *,
        file: Path | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.username, self.password = username, password
        self.lock = threading.RLock()
        self.dossiers: dict[str, dict[str, Any]] = {}
        self.steps: dict[str, list[dict[str, Any]]] = {}
        self.history: dict[str, list[str]] = {}
        self.filings: dict[str, dict[str, Any]] = {}
        self.papers: dict[str, dict[str, Any]] = {}
        self.fetched: dict[str, dict[str, Any]] = {}
        self.links: dict[str, str] = {}
        self.ratings: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.questions: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.pushes: dict[str, dict[str, Any]] = {}
        self.procedures: dict[str, dict[str, Any]] = {}
        self.agencies: list[dict[str, Any]] = []
        self.serials: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.days: Counter[tuple[str, str]] = Counter()
        self.calls: deque[Call] = deque(maxlen=200)
        self.offset = timedelta()
        self.sessions: dict[str, datetime] = {}
        self.clock = now
        self._file: BinaryIO | None = None
        if file is not None:
            self._resume(file)

    # -- its clock

    def now(self) -> datetime:
        """The stand-in's moment: the real one, moved by what somebody chose on its page."""
        return self.clock() + self.offset

    def today(self) -> str:
        """The day on Vietnam's calendar by its own clock, as yyyy-mm-dd."""
        return clock.local(self.now()).date().isoformat()

    # -- changes

    def change(self, kind: str, **said: Any) -> None:
        """One change of what it holds: written down first, then applied."""
        with self.lock:
            if self._file is not None:
                self._file.write(msgspec.json.encode({"kind": kind, **said}) + b"\n")
                self._file.flush()
            self._apply(kind, said)

    def count(self, what: str, number: int = 1) -> None:
        """Count something of today; what is counted is not kept over a restart."""
        self.counts[what] += number
        self.days[self.today(), what] += number

    def saw(self, direction: str, service: str, dossier: str, mood: str, answer: str) -> None:
        """Remember a call for the page that watches."""
        self.calls.appendleft(
            Call(
                at=self.now(), direction=direction, service=service, dossier=dossier, mood=mood,
                answer=answer[:160],
            )
        )  # fmt: skip

    def forget(self) -> None:
        """Empty everything but the catalogue, the file too."""
        with self.lock:
            for held in (
                self.dossiers, self.steps, self.history, self.filings, self.papers, self.fetched, self.links,
                self.ratings, self.payments, self.questions, self.answers, self.pushes, self.serials, self.counts,
                self.days, self.calls, self.sessions,
            ):  # fmt: skip
                held.clear()
            if self._file is not None:
                self._file.truncate(0)
            self.change("procedures", all=list(self.procedures.values()))
            self.change("agencies", all=self.agencies)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _apply(self, kind: str, said: Mapping[str, Any]) -> None:
        if kind in KEYED:
            held = getattr(self, KEYED[kind])
            held[said["key"]] = held.get(said["key"], {}) | dict(said["fields"])
            if kind == "fetched" and said["fields"].get("content"):
                self.links.pop(said["key"], None)
        elif kind == "dossier":
            self._apply_dossier(dict(said["fields"]))
        elif kind == "step":
            step = dict(said["step"])
            self.steps.setdefault(str(step["MaHoSo"]), []).append(step)
        elif kind == "serial":
            self.serials[said["of"]] = said["last"]
        elif kind == "offset":
            self.offset = timedelta(seconds=said["seconds"])
        else:
            self._apply_catalogue(kind, said)

    def _apply_dossier(self, fields: dict[str, Any]) -> None:
        code = str(fields["MaHoSo"])
        self.dossiers[code] = fields
        self.history.setdefault(code, []).append(str(fields.get("TrangThaiHoSo")))
        for result in fields.get("DanhSachGiayToKetQua") or ():
            link = str(result.get("DuongDanTepTinKetQua") or "")
            if link and not self.fetched.get(link, {}).get("content"):
                self.links[link] = code

    def _apply_catalogue(self, kind: str, said: Mapping[str, Any]) -> None:
        if kind == "procedures":
            self.procedures = {one["MATTHC"]: dict(one) for one in said["all"]}
        elif kind == "procedure":
            self.procedures[said["fields"]["MATTHC"]] = dict(said["fields"])
        elif kind == "withdrawn":
            self.procedures.pop(said["code"], None)
        elif kind == "agencies":
            self.agencies = [dict(one) for one in said["all"]]
        else:
            raise ValueError(kind)

    def _resume(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            whole = 0
            with file.open("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break  # killed while writing: what was not written whole never happened
                    said = msgspec.json.decode(line)
                    self._apply(said.pop("kind"), said)
                    whole += len(line)
            if whole < file.stat().st_size:
                with file.open("r+b") as held:
                    held.truncate(whole)
        self._file = file.open("ab")


KEYED = {
    "filing": "filings", "paper": "papers", "fetched": "fetched", "rating": "ratings", "payment": "payments",
    "question": "questions", "answer": "answers", "push": "pushes",
}  # fmt: skip
"""Changes that add fields to one thing known by a key, and where such things are held."""


def moment(text: str | None) -> datetime | None:
    """A moment that was kept as text."""
    return None if not text else datetime.fromisoformat(text).astimezone(UTC)
