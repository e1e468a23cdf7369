"""What each job with the Portal does, for the clock and for whoever asks on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from lienthong.partners.portal import catalogues, jobs, questions, reconciling
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.paying import Platform
from lienthong.settings import Settings

FRESH = timedelta(hours=20)
"""What was compared so lately is not compared again by the clock."""


class Daily:
    """The works of one link, each returning how many things it did."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        client: Client,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._conn, self._client, self._settings, self._now = conn, client, settings, now

    def works(self) -> dict[jobs.Name, Callable[[], int]]:
        """All of them by name."""
        return {
            "catalogues": self.catalogues,
            "reconcile": self.reconcile,
            "sample": self.sample,
            "questions": self.questions,
            "payments": self.payments,
        }

    def catalogues(self) -> int:
        """Catalogues of the Portal, and procedures that are new or changed in full."""
        return catalogues.fetch_all(self._conn, self._client, self._now())

    def reconcile(self) -> int:
        """What may differ; when somebody asked, everything that was not looked at since they did."""
        now = self._now()
        asked = jobs.jobs(self._conn)["reconcile"].asked_at
        since = asked if asked and asked > now - FRESH else now - FRESH
        return reconciling.all_due(
            self._conn,
            self._client,
            since,
            now=self._now,
            side_by_side=self._settings.portal_lines,
        )

    def sample(self) -> int:
        """Some of what was sent lately, read back."""
        return reconciling.sample(self._conn, self._client, now=self._now())

    def questions(self) -> int:
        """New questions, and the answers that wait."""
        names = dict(self._conn.execute("SELECT id, name FROM app.account").fetchall())
        new = questions.fetch(self._conn, self._client, self._now())
        return new + questions.send(self._conn, self._client, self._now(), names)

    def payments(self) -> int:
        """Fees that are asked for, and those that nobody called back about; nothing without a platform."""
        if not self._settings.portal_payment_url:
            return 0
        home = self._settings.home
        check = self._settings.attachment_check
        return Platform(self._client, self._settings.portal_payment_url, home, check).round(
            self._conn, self._now()
        )
