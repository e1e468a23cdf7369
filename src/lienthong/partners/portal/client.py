"""Calls to the Portal: one session for all who call, renewed once when it is over; never judged by a word alone.

An answer is one of three: it was taken, it was refused, or nobody knows (the line broke, the time ran out, the
answer was unreadable). What nobody knows is raised as Unavailable; only the ledger may decide what to do then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal import envelope, reading_back
from lienthong.partners.portal.envelope import Answer
from lienthong.partners.portal.profile import profile
from lienthong.partners.portal.sessions import Alone, Sessions

MOST_CONNECTIONS = 64
MOST_BYTES = 64 * 1024 * 1024


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where the Portal is and who we are there. `relay` is what a provincial relay wants in every query."""

    url: str
    unit: str
    username: str
    password: str
    destination: str = ""
    profile: str = "adapter-v1"
    timeout: float | None = None
    relay: dict[str, str] = {}


class Client:
    """The Portal as its profile speaks; safe for several threads. `sessions` keeps the session for all who share it."""

    def __init__(
        self,
        access: Access,
        transport: httpx.BaseTransport | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.access, self.profile = access, profile(access.profile)
        seconds = access.timeout or self.profile.timeout_seconds
        self._http = httpx.Client(
            base_url=access.url.rstrip("/"),
            timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
            limits=httpx.Limits(
                max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS
            ),
            headers={
                "accept": "application/json",
                "content-type": "application/json",
                "charset": "utf-8",
            }
            | ({"dstcode": access.destination} if access.destination else {}),
            transport=transport,
        )
        self._sessions = sessions or Alone()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    # -- services

    def dossier(self, fields: Mapping[str, Any], *, update: bool) -> Answer:
        """DongBoHoSoMC: make or change one dossier; one that is there already is no refusal to make it."""
        answer = self._answered("dossier", {"isUpdating": update, "data": [fields]})
        if not update and self.profile.exists(answer.message):
            return answer  # with whatever code: the dossier is there, and is changed next
        return self._judged("dossier", answer)

    def progress(self, steps: Sequence[Mapping[str, Any]]) -> Answer:
        """CapNhatTienDoHoSoMC: append steps, not more at once than a chunk."""
        return self.call("progress", {"data": list(steps)})

    def look_up(self, code: str) -> Mapping[str, Any] | None:
        """TraCuuHoSo: what the Portal has under a code, or None."""
        answer = self._answered("look_up", {"mahoso": code})
        refused = answer.code is not None and not self.profile.is_accepted(answer.code)
        if refused and self.profile.absent(answer.message):
            return None
        return reading_back.one_of(self._judged("look_up", answer).result, code)

    def technical_id(self, number: str) -> str | None:
        """TraCuuTechID: the Portal's own id of a person, by their number; None when it knows nobody."""
        found = self.listed("technical_id", provider="wso2is", mstorcmnd=number)
        return next((str(one["TECHNICALID"]) for one in found if one.get("TECHNICALID")), None)

    def listed(self, service: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """The lines of a catalogue service (agencies, fields, procedures …), with the names of members in capitals."""
        answer = self.call(service, parameters)
        return [
            {str(name).upper(): value for name, value in item.items()}
            for item in answer.result
            if isinstance(item, Mapping)
        ]

    # -- the wire

    def call(self, service: str, parameters: Mapping[str, Any]) -> Answer:
        """One call; raises Refused when the Portal refuses and Unavailable when nobody knows what it did."""
        return self._judged(service, self._answered(service, parameters))

    def _answered(self, service: str, parameters: Mapping[str, Any]) -> Answer:
        """What the Portal answered, in a session that holds."""
        if service not in self.profile.services:
            raise Refused(
                "portal.no-service",
                "This profile of the Portal has no service %(service)s.",
                service=service,
            )
        if self.profile.envelope == "bare":
            answer = self._ask(service, "", parameters)
        else:
            session = self._sessions.current(self._log_in, None)
            answer = self._ask(service, session, parameters)
            if self.profile.expired(answer.code, answer.message):
                session = self._sessions.current(self._log_in, session)
                answer = self._ask(service, session, parameters)
        return answer

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A message that has no envelope (the payment platform), answered by one; numbers travel as text."""
        answer = envelope.opened(self._send("POST", path, envelope.plain(body), {}))
        if not isinstance(answer, Mapping):
            raise Unavailable(
                "portal.odd", "The Portal answered without a code: %(said)s", said=str(answer)[:200]
            )
        return answer

    def download(self, path: str, body: Mapping[str, Any], most: int = MOST_BYTES) -> bytes:
        """What is answered to a message without an envelope, as it comes, of at most so many bytes."""
        return self._streamed("POST", path, most, envelope.plain(body))

    def fetch(self, address: str, most: int = MOST_BYTES) -> bytes:
        """A file of the Portal, of at most so many bytes. Raises Refused for an address that is not the Portal's."""
        try:
            wanted, own = httpx.URL(address), httpx.URL(self.access.url)
        except (httpx.InvalidURL, ValueError):
            raise Refused(
                "portal.no-address",
                "The link of a paper is no address: %(link)s",
                link=ascii(address[:60]),
            ) from None
        if wanted.is_absolute_url and (wanted.scheme, wanted.host, wanted.port) != (
            own.scheme,
            own.host,
            own.port,
        ):
            raise Refused(
                "portal.elsewhere",
                "A paper lies at %(host)s, which is not the Portal: it is not fetched.",
                host=wanted.host[:100],
            )
        return self._streamed("GET", address, most)

    def _streamed(self, method: str, address: str, most: int, body: bytes | None = None) -> bytes:
        try:
            with self._http.stream(method, address, content=body, follow_redirects=False) as answer:
                if answer.status_code != 200:
                    raise Unavailable(
                        "portal.ill",
                        "The Portal answers with %(status)s.",
                        status=answer.status_code,
                    )
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > most:
                        raise Refused(
                            "portal.paper-large", "A paper of the Portal is larger than allowed."
                        )
        except httpx.HTTPError as error:
            raise Unavailable(
                "portal.silent", "The Portal does not answer (%(why)s).", why=type(error).__name__
            ) from error
        return bytes(data)

    def _judged(self, service: str, answer: Answer) -> Answer:
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

    def _log_in(self) -> str:
        body = msgspec.json.encode(
            {"username": self.access.username, "password": self.access.password}
        )
        answer = envelope.read(self._send("POST", self.profile.endpoints["auth"], body, {}))
        if not self.profile.is_accepted(answer.code) or not answer.session:
            raise Unavailable(
                "portal.login", "The Portal did not let us in: %(said)s", said=answer.message[:200]
            )
        return answer.session

    def _ask(self, service: str, session: str, parameters: Mapping[str, Any]) -> Answer:
        about = self.profile.services[service]
        path = self.profile.endpoints[about.endpoint]
        if self.profile.envelope == "bare":
            query = {name: self._value(source, parameters) for name, source in about.query.items()}
            body = b"" if about.method == "GET" else envelope.bare(parameters.get("data", {}))
            return envelope.read(self._send(about.method, path, body, query))
        body = envelope.write(about.name, session, self.access.unit, parameters)
        return envelope.read(self._send("POST", path, body, {}))

    def _value(self, source: str, parameters: Mapping[str, Any]) -> str:
        if source.startswith("="):
            return source[1:]
        value = self.access.unit if source == "unit" else parameters.get(source, "")
        return ("True" if value else "False") if isinstance(value, bool) else str(value)

    def _send(self, method: str, path: str, body: bytes, query: Mapping[str, str]) -> bytes:
        try:
            answer = self._http.request(
                method, path, content=body or None, params={**self.access.relay, **query} or None
            )
        except httpx.HTTPError as error:
            raise Unavailable(
                "portal.silent", "The Portal does not answer (%(why)s).", why=type(error).__name__
            ) from error
        if answer.status_code in (401, 403) or self._login_page(answer):
            return b'{"error_code": -401, "message": "session: HTTP status 401, 403 or a page to log in"}'
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise Unavailable(
                "portal.ill", "The Portal answers with %(status)s.", status=answer.status_code
            )
        return answer.content

    def _login_page(self, answer: httpx.Response) -> bool:
        """Whether we are sent to a page that asks people to log in: so servers tell that a session is over."""
        if self.profile.envelope != "session":
            return False
        if answer.is_redirect:
            return True
        head = answer.content[:4000].lstrip()
        return head.startswith(b"<") and self.profile.expired(None, head.decode("utf-8", "replace"))
