"""Exchanges with the Portal as long as the program runs: sends, takes what came in further, compares both sides.

Nothing runs without an address. Each kind of work has a thread and a connection of its own: a long comparison holds up
no sending. Everything may be killed at any moment; what was under way is asked about, not repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import psycopg
import structlog

from lienthong import clock
from lienthong.database import Database
from lienthong.errors import Failure, Refused, Unavailable
from lienthong.partners.portal import inbound, jobs, line, papers
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.daily import Daily
from lienthong.partners.portal.gathering import Gathering
from lienthong.partners.portal.links import Links
from lienthong.partners.portal.profile import profiles
from lienthong.partners.portal.sending import Sending
from lienthong.partners.portal.sessions import Shared
from lienthong.settings import Settings

OFTEN = timedelta(minutes=1)
"""Work that comes back sooner is told only when it did something."""
PAUSE = 5.0
"""Seconds of rest when the database does not answer."""


def access(settings: Settings) -> Access:
    """Where the Portal is and who we are there; raises Refused when the settings leave it open."""
    if not settings.portal_url:
        raise Refused("portal.nowhere", "LIENTHONG_PORTAL_URL is not set: nothing is exchanged.")
    if settings.portal_profile not in profiles():
        raise Refused(
            "portal.profile",
            "There is no profile %(name)s of the Portal; there are: %(names)s.",
            name=settings.portal_profile,
            names=", ".join(profiles()),
        )
    _keep_invented_here(settings)
    password = ""
    if settings.portal_secret_file is not None:
        try:
            text = settings.portal_secret_file.read_text("utf-8")
        except OSError as wrong:
            raise Refused(
                "portal.secret",
                "LIENTHONG_PORTAL_SECRET_FILE cannot be read (%(why)s).",
                why=type(wrong).__name__,
            ) from wrong
        password = text.splitlines()[0].strip() if text.strip() else ""
    return Access(
        url=settings.portal_url,
        unit=settings.portal_unit,
        username=settings.portal_account,
        password=password,
        destination=settings.portal_destination,
        profile=settings.portal_profile,
    )


def _keep_invented_here(settings: Settings) -> None:
    """A data folder in which the demonstration was made speaks to this machine only: nothing invented leaves it."""
    if not (settings.home / "demo").exists():
        return
    for address in filter(None, (settings.portal_url, settings.portal_payment_url)):
        host = urlsplit(address).hostname or ""
        if not _is_here(host):
            raise Refused(
                "portal.invented",
                "This data folder holds the invented dossiers of the demonstration: nothing is sent to %(host)s.",
                host=host,
            )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def client(database: Database, settings: Settings) -> Client:
    """The client of these settings, with the session that all programs share."""
    asked = access(settings)
    return Client(asked, sessions=Shared(database, settings.home, f"{asked.username}@{asked.url}"))


class Running:
    """Exchanges for one database in threads of its own until it is stopped."""

    def __init__(
        self, database: Database, settings: Settings, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._database, self._settings, self._now = database, settings, now
        self._stopped = threading.Event()
        self._alarms = 0
        self._log = structlog.get_logger()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; a wrong setting is said once in the log and on the page."""
        try:
            spoken = client(self._database, self._settings)
        except (Failure, OSError) as wrong:
            self._log.error("portal.settings", why=getattr(wrong, "code", type(wrong).__name__))
            return
        links = Links(self._settings.home, self._settings.public_url)
        sending = Sending(
            spoken,
            now=self._now,
            side_by_side=self._settings.portal_lines,
            gather=Gathering(self._settings.home, links.paper),
        )
        works: dict[str, Callable[[psycopg.Connection[Any]], bool]] = {
            "send": lambda conn: self._send(conn, sending),
            "resolve": lambda conn: self._resolve(conn, spoken),
            "jobs": lambda conn: self._jobs(conn, spoken),
        }
        threads = [
            threading.Thread(target=self._repeat, args=[name, does], name=f"portal-{name}")
            for name, does in works.items()
        ]
        for thread in threads:
            thread.daemon = True
            thread.start()
        for thread in threads:
            thread.join()
        sending.close()
        spoken.close()

    def _repeat(self, name: str, does: Callable[[psycopg.Connection[Any]], bool]) -> None:
        while not self._stopped.is_set():
            try:
                with self._database.connect(autocommit=True) as conn:
                    while not self._stopped.is_set():
                        if not does(conn):
                            self._stopped.wait(self._settings.portal_seconds)
            except (psycopg.OperationalError, Unavailable) as silent:
                self._log.warning("portal.waits", work=name, why=type(silent).__name__)
                self._stopped.wait(PAUSE)
            except Exception:
                self._log.exception("portal.failed", work=name)
                self._stopped.wait(PAUSE)

    # -- each kind of work returns whether there may be more at once

    def _send(self, conn: psycopg.Connection[Any], sending: Sending) -> bool:
        done = sending.round(conn)
        if done.dossiers or done.waiting or done.blocked:
            self._log.info(
                "portal.sent", dossiers=done.dossiers, steps=done.steps, waiting=done.waiting,
                blocked=done.blocked, stopped=done.stopped,
            )  # fmt: skip
        return done.dossiers > 0 and not done.stopped

    def _resolve(self, conn: psycopg.Connection[Any], spoken: Client) -> bool:
        done = inbound.resolve(conn, self._settings.home, now=self._now(), client=spoken)
        fetched = papers.fetch_due(
            conn, spoken, self._settings.home, self._now(), check=self._settings.attachment_check
        )
        if done or fetched:
            self._log.info("portal.resolved", messages=done, papers=fetched)
        return done > 0

    def _watch(self, conn: psycopg.Connection[Any]) -> None:
        """Say in the log when messages begin to wait too long: whoever is called at night reads it there first."""
        alarms = inbound.alarms(conn, self._now())
        if alarms > self._alarms:
            self._log.error("portal.waiting_too_long", messages=alarms)
        self._alarms = alarms

    def _jobs(self, conn: psycopg.Connection[Any], spoken: Client) -> bool:
        self._watch(conn)
        if line.line(conn).standing(self._now()) == "open":
            return False
        works = Daily(conn, spoken, self._settings, self._now).works()
        for name, does in works.items():
            if self._stopped.is_set():
                break
            try:
                if jobs.run(conn, name, self._now, does):
                    done = jobs.jobs(conn)[name].done
                    if done or jobs.EVERY[name] > OFTEN:
                        self._log.info("portal.job", job=name, done=done)
            except psycopg.OperationalError:
                raise
            except Failure as failure:
                self._log.warning("portal.job_failed", job=name, why=failure.code)
            except Exception:
                self._log.exception("portal.job_failed", job=name)
        return False
