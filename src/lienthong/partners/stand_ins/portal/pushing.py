"""What the Portal sends to us by itself, from dossiers and withdrawals to ratings; tried until it is taken.

Messages go out in their order, some are repeated on purpose, some are held back so that later ones come first.
Files that our messages link to are fetched here too.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from lienthong.partners.stand_ins.portal.catalogue import UNMAPPED
from lienthong.partners.stand_ins.portal.memory import Memory, moment
from lienthong.partners.stand_ins.portal.moods import Moods
from lienthong.partners.stand_ins.portal.services import kept_bytes

PATHS = {
    "dossier": "/api/v1/portal/dossiers",
    "supplement": "/api/v1/portal/supplements",
    "withdrawal": "/api/v1/portal/withdrawals",
    "payment": "/api/v1/portal/payments",
    "question": "/api/v1/portal/questions",
    "rating": "/api/v1/portal/ratings",
}
TAKEN = (0, 1)
"""Codes after which a message is not sent again: taken, and taken before."""
FIRST_WAIT, LONGEST_WAIT, HELD_BACK = 2.0, 300.0, 20.0
LARGEST = 20 * 1024 * 1024

Deliver = Callable[[str, Mapping[str, Any]], tuple[int | None, str]]
"""Sends one message of a kind; the code and words of the answer. None: nobody knows what was done."""


class Site:
    """Our system as the Portal reaches it: an address and the token with which it may push."""

    def __init__(self, url: str, token: str, timeout: float = 15.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url, timeout=timeout, headers={"authorization": f"Bearer {token}"}
        )

    def __call__(self, kind: str, body: Mapping[str, Any]) -> tuple[int | None, str]:
        """Send one message."""
        try:
            answer = self._http.post(
                PATHS[kind],
                content=msgspec.json.encode(body),
                headers={"content-type": "application/json"},
            )
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return None, type(error).__name__
        if answer.status_code >= 400 or not isinstance(said, dict):
            return None, f"HTTP {answer.status_code}"
        code = str(said.get("error_code", said.get("MaLoi", ""))).strip()
        words = str(said.get("message") or said.get("MoTaLoi") or "")
        return (int(code) if code.lstrip("-").isdigit() else None), words

    def fetch(self, address: str) -> bytes:
        """The file behind a link of ours; only our own system is asked."""
        link = httpx.URL(self.url + "/").join(address)
        if not str(link).startswith(self.url + "/"):
            raise httpx.UnsupportedProtocol("not a link of the connected system")
        # The link itself is what lets the Portal in, so no token goes with it.
        answer = httpx.get(link, timeout=15.0)
        answer.raise_for_status()
        return answer.content[:LARGEST]


class Pushing:
    """Sends what waits. `deliver` is how a message reaches our system; None: nobody is connected yet."""

    def __init__(self, memory: Memory, moods: Moods, deliver: Deliver | None = None) -> None:
        self.memory, self.moods, self.deliver = memory, moods, deliver
        self._one_at_a_time = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    # -- what is to be sent

    def add(self, kind: str, dossier: str, body: Mapping[str, Any]) -> str:
        """Queue a message, with the faults it draws; its number."""
        faults = self.moods.draw_push()
        memory = self.memory
        with memory.lock:
            number = f"p{memory.serials['push'] + 1:06d}"
            memory.change("serial", of="push", last=memory.serials["push"] + 1)
            wait = HELD_BACK if "held_back" in faults else 0.0
            memory.change("push", key=number, fields={
                "kind": kind, "dossier": dossier, "body": spoilt(body, faults), "tries": 0,
                "made_at": memory.now().isoformat(), "accepted_at": "", "answer": "", "faults": sorted(faults),
                "next_at": (memory.now() + timedelta(seconds=wait)).isoformat(),
            })  # fmt: skip
        self._wake.set()
        return number

    def again(self, number: str) -> None:
        """Send a message once more although it was taken."""
        self.memory.change(
            "push", key=number, fields={"accepted_at": "", "next_at": self.memory.now().isoformat()}
        )
        self._wake.set()

    def waiting(self) -> list[str]:
        """The numbers of messages that were not taken yet."""
        with self.memory.lock:
            return [number for number, one in self.memory.pushes.items() if not one["accepted_at"]]

    # -- sending

    def round(self) -> int:
        """Try everything that is due once; how many messages were taken."""
        with self._one_at_a_time:
            if self.deliver is None or self.moods.down:
                return 0
            now, taken = self.memory.now(), 0
            for number in self.waiting():
                due = moment(self.memory.pushes[number]["next_at"])
                if due is None or due <= now:
                    taken += self._send(number)
            self._fetch_links()
            return taken

    def _send(self, number: str) -> bool:
        one = self.memory.pushes[number]
        code, words = self._say(one)
        taken = code in TAKEN
        if taken and "repeat" in one["faults"]:
            code, words = self._say(one)
        tries = one["tries"] + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries, 10))
        now = self.memory.now()
        self.memory.change("push", key=number, fields={
            "tries": tries, "answer": f"{'–' if code is None else code} {words}"[:200],
            "accepted_at": now.isoformat() if taken else "",
            "next_at": (now + timedelta(seconds=wait)).isoformat(),
        })  # fmt: skip
        return taken

    def _say(self, one: Mapping[str, Any]) -> tuple[int | None, str]:
        assert self.deliver is not None
        code, words = self.deliver(one["kind"], one["body"])
        self.memory.count(f"pushed {one['kind']}")
        faults = ", ".join(one["faults"]) or "well"
        said = f"{'–' if code is None else code} {words}"
        self.memory.saw("out", f"push {one['kind']}", one["dossier"], faults, said)
        return code, words

    def _fetch_links(self) -> None:
        """Fetch the results that our messages link to, each once; what fails is tried again."""
        fetch = getattr(self.deliver, "fetch", None)
        if fetch is None:
            return
        now = self.memory.now()
        with self.memory.lock:
            links = list(self.memory.links.items())
        for address, code in links:
            held = self.memory.fetched.get(address, {})
            due = moment(held.get("next_at"))
            if due is None or due <= now:
                self._fetch(fetch, code, address, int(held.get("tries", 0)) + 1)

    def _fetch(self, fetch: Callable[[str], bytes], code: str, address: str, tries: int) -> None:
        now = self.memory.now()
        wait = timedelta(seconds=min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries, 10)))
        failure = ""
        said: dict[str, Any]
        try:
            content = fetch(address)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = {
                "tries": tries,
                "next_at": (now + wait).isoformat(),
                "failure": str(error)[:200],
            }
        else:
            said = {
                "tries": tries, "content": kept_bytes(content), "failure": "", "at": now.isoformat(),
                "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
            }  # fmt: skip
        self.memory.change("fetched", key=address, fields=said | {"dossier": code})
        self.memory.saw("out", "file", code, "well", failure or "200")

    # -- by itself

    def begin(self, every: float = 0.5) -> None:
        """Send from a thread of its own, at once when something is new."""

        def run() -> None:
            while not self._stop.is_set():
                self._wake.wait(every)
                self._wake.clear()
                self.round()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop after the round at hand."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(30)


def spoilt(body: Mapping[str, Any], faults: frozenset[str]) -> dict[str, Any]:
    """The message with the faults that were drawn for it."""
    said = msgspec.json.decode(msgspec.json.encode(body))
    if "unmapped" in faults and "MaTTHC" in said:
        said["MaTTHC"] = UNMAPPED
    if "no_technical_id" in faults:
        said.get("NguoiNop", {}).pop("TechID", None)
    if "old_agency" in faults and "MaDonViTiepNhan" in said:
        said["MaDonViTiepNhan"] = (
            "000.00.00.G18" if said["MaDonViTiepNhan"].startswith("G18") else "H22"
        )
    if "bad_signature" in faults:
        for paper in said.get("TaiLieuNop") or said.get("data", {}).get("TaiLieuNop") or ():
            paper["ChuKySo"] = "khong-doc-duoc"
    if "wrong_hash" in faults and "MaXacThuc" in said:
        said["MaXacThuc"] = "0" * 64
    if "wrong_amount" in faults and "SoTien" in said:
        said["SoTien"] = str(int(said["SoTien"]) - 1000)
    return said
