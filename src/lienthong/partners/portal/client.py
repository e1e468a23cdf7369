"""Calls to the Portal: one session for all who call, renewed once when it is over; never judged by a word alone.

An answer is one of three: it was taken, it was refused, or nobody knows (the line broke, the time ran out, the
answer was unreadable). What nobody knows is raised as Unavailable; only the ledger may decide what to do then.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal import envelope
from lienthong.partners.portal.envelope import Answer
from lienthong.partners.portal.profile import profile


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where the Portal is and who we are there. `relay` is the query a provincial relay asks for."""

    url: str
    unit: str
    username: str
    password: str
    destination: str = ""
    profile: str = "adapter-v1"
    timeout: float | None = None
    relay: dict[str, str] = {}


class Client:
    """The Portal as its profile speaks; safe for several threads."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None) -> None:
        self.access, self.profile = access, profile(access.profile)
        seconds = access.timeout or self.profile.timeout_seconds
        self._http = httpx.Client(
            base_url=access.url.rstrip("/"),
            timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
            headers={
                "accept": "application/json",
                "content-type": "application/json",
                "charset": "utf-8",
            }
            | ({"dstcode": access.destination} if access.destination else {}),
            transport=transport,
        )
        self._session, self._lock = "", threading.Lock()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    # -- services

    def dossier(self, fields: Mapping[str, Any], *, update: bool) -> Answer:
        """DongBoHoSoMC: make or change one dossier."""
        return self.call("dossier", {"isUpdating": update, "data": [fields]})

    def progress(self, steps: Sequence[Mapping[str, Any]]) -> Answer:
        """CapNhatTienDoHoSoMC: append steps, not more at once than a chunk."""
        return self.call("progress", {"data": list(steps)})

    def look_up(self, code: str) -> Mapping[str, Any] | None:
        """TraCuuHoSo: what the Portal has under a code, or None."""
        answer = self.call("look_up", {"mahoso": code})
        found = [item for item in answer.result if isinstance(item, Mapping)]
        return found[0] if found else ({} if answer.result else None)

    def listed(self, service: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """The lines of a catalogue service (agencies, fields, procedures …)."""
        answer = self.call(service, parameters)
        return [item for item in answer.result if isinstance(item, Mapping)]

    # -- the wire

    def call(self, service: str, parameters: Mapping[str, Any]) -> Answer:
        """One call; raises Refused when the Portal refuses and Unavailable when nobody knows what it did."""
        session = self._logged_in(None)
        answer = self._ask(service, session, parameters)
        if self.profile.expired(answer.code, answer.message):
            answer = self._ask(service, self._logged_in(session), parameters)
        if self.profile.is_accepted(answer.code):
            return answer
        if answer.code is None:
            raise Unavailable(
                "portal.odd",
                "The Portal answered without a code: %(said)s",
                said=answer.message[:200],
            )
        raise Refused(
            "portal.refused",
            "The Portal refused %(service)s (%(number)s): %(said)s",
            service=self.profile.services[service].name,
            number=answer.code,
            said=answer.message[:200],
        )

    def _logged_in(self, over: str | None) -> str:
        """The session; a new one when there is none or when `over` is still the present one (one login for all)."""
        with self._lock:
            if self._session and self._session != over:
                return self._session
            body = msgspec.json.encode(
                {"username": self.access.username, "password": self.access.password}
            )
            answer = envelope.read(self._post(self.profile.endpoints["auth"], body))
            if not self.profile.is_accepted(answer.code) or not answer.session:
                self._session = ""
                raise Unavailable(
                    "portal.login",
                    "The Portal did not let us in: %(said)s",
                    said=answer.message[:200],
                )
            self._session = answer.session
            return self._session

    def _ask(self, service: str, session: str, parameters: Mapping[str, Any]) -> Answer:
        about = self.profile.services[service]
        body = envelope.write(about.name, session, self.access.unit, parameters)
        return envelope.read(self._post(self.profile.endpoints[about.endpoint], body))

    def _post(self, path: str, body: bytes) -> bytes:
        try:
            answer = self._http.post(path, content=body, params=self.access.relay or None)
        except httpx.HTTPError as error:
            raise Unavailable(
                "portal.silent", "The Portal does not answer (%(why)s).", why=type(error).__name__
            ) from error
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise Unavailable(
                "portal.ill", "The Portal answers with %(status)s.", status=answer.status_code
            )
        return answer.content
