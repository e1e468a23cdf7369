"""Reports that were sent: frozen with their numbers, the event they were counted up to and who sent them.

What is computed later never changes them; what differs is shown beside. When a report is due stands in
declared/reports.yaml, which an official changes: no public text was found that says it for today's owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import NotFound
from lienthong.findings import Text
from lienthong.reports import period as periods
from lienthong.reports.cells import Among
from lienthong.reports.documents.sheet import Sheet
from lienthong.reports.period import Period


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One report as it went out.

    `cells` are the numbers of dossiers that were kept with it, None when it was sent before they were kept.
    """

    id: int
    what: str
    scope: str
    first: date
    last: date
    position: int
    definition: str
    content: dict[str, Any]
    sha256: str
    sent_by: str
    sent_at: datetime
    cells: tuple[str, ...] | None = None
    about: dict[str, Any] | None = None

    @property
    def period(self) -> Period:
        """Of which period."""
        return Period(self.first, self.last)

    @property
    def among(self) -> Among:
        """Whose dossiers it counted."""
        parts = (part.partition(":") for part in self.scope.split() if ":" in part)
        return Among(**{name: value for name, _, value in parts})


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is owed: of which kind of period, and how many days after its end."""

    what: str
    kind: str
    days: int
    evidence: str
    source: str
    vi: str
    en: str
    fr: str

    @property
    def label(self) -> Text:
        """What it is called."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A report of a period that ended: due on a day, sent or not."""

    duty: Duty
    period: Period
    due: date
    sent: Sent | None
    late: bool


@lru_cache(maxsize=1)
def duties() -> tuple[Duty, ...]:
    """The declared duties."""
    import yaml

    text = resources.files("lienthong").joinpath("declared", "reports.yaml").read_text("utf-8")
    return tuple(msgspec.convert(yaml.safe_load(text)["duties"], list[Duty]))


def owed(conn: psycopg.Connection[Any], today: date) -> Iterator[Owed]:
    """The reports of the periods that ended last before a day, for the nation."""
    for duty in duties():
        when = periods.running(today, duty.kind).before()
        due = when.last + timedelta(days=duty.days)
        found = newest(conn, duty.what, "nation", when)
        yield Owed(duty=duty, period=when, due=due, sent=found, late=found is None and due < today)


def number(conn: psycopg.Connection[Any]) -> int:
    """The number that the next report will have."""
    row = conn.execute("SELECT nextval(pg_get_serial_sequence('reports.sent', 'id'))").fetchone()
    assert row
    return int(row[0])


def send(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    sheet: Sheet,
    *,
    number: int,
    what: str,
    scope: str,
    period: Period,
    position: int,
    definition: str,
    cells: tuple[str, ...],
    about: dict[str, Any] | None,
) -> Sent:
    """Freeze a report as it goes out, in the caller's transaction; it is audited."""
    content = msgspec.to_builtins(sheet, builtin_types=(), str_keys=True)
    digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
    conn.execute(
        "INSERT INTO reports.sent (id, what, scope, first, last, position, definition, content, sha256, sent_by,"
        " sent_at, cells, about) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            number, what, scope, period.first, period.last, position, definition, Jsonb(content), digest,
            actor if isinstance(actor, str) else actor.id, clock.now(), list(cells),
            None if about is None else Jsonb(about),
        ],
    )  # fmt: skip
    said = {"report": what, "scope": scope, "period": period.code, "sha256": digest}
    audit.write(conn, actor, "report.sent", said)
    return find(conn, number)


_SELECT = (
    "SELECT id, what, scope, first, last, position, definition, content, sha256, sent_by, sent_at, cells, about"
    " FROM reports.sent "
)


def find(conn: psycopg.Connection[Any], number: int) -> Sent:
    """One report; raises NotFound."""
    with conn.cursor(row_factory=class_row(Sent)) as cursor:
        found = cursor.execute(_SELECT + "WHERE id = %s", [number]).fetchone()
    if found is None:
        raise NotFound("REPORT-NOT-FOUND", "There is no report %(number)s.", number=number)
    return found


def newest(conn: psycopg.Connection[Any], what: str, scope: str, period: Period) -> Sent | None:
    """The report of a period that was sent last; None when none was."""
    with conn.cursor(row_factory=class_row(Sent)) as cursor:
        return cursor.execute(
            _SELECT
            + "WHERE what = %s AND scope = %s AND first = %s AND last = %s ORDER BY id DESC LIMIT 1",
            [what, scope, period.first, period.last],
        ).fetchone()


def latest(
    conn: psycopg.Connection[Any],
    limit: int = 20,
    *,
    before: int | None = None,
    what: str = "",
    period: Period | None = None,
) -> list[Sent]:
    """The reports that were sent last, those before a number, of one kind or one period."""
    with conn.cursor(row_factory=class_row(Sent)) as cursor:
        return cursor.execute(
            _SELECT
            + "WHERE (%(before)s::bigint IS NULL OR id < %(before)s) AND %(what)s IN ('', what)"
            " AND (%(first)s::date IS NULL OR (first, last) = (%(first)s, %(last)s)) ORDER BY id DESC LIMIT %(limit)s",
            {
                "before": before,
                "what": what,
                "first": period and period.first,
                "last": period and period.last,
                "limit": limit,
            },
        ).fetchall()


def sheet_of(one: Sent) -> Sheet:
    """The sheet as it went out."""
    return msgspec.convert(one.content, Sheet)


def differs(one: Sent, now: Sheet) -> bool:
    """Whether the numbers of a report that was sent are no longer those that are counted now."""
    then = sheet_of(one)
    return (then.lines, then.total) != (now.lines, now.total)
