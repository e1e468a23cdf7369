"""The bill of a paid fee: asked of the payment platform (GET_BILL) and kept as a file of the dossier.

A fee counts as paid without it: what goes wrong here is said beside the fee and tried again for some days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lienthong.dossiers import attachments
from lienthong.errors import Conflict, Failure, Refused
from lienthong.partners.portal import envelope, payments, sayings, times
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.payments import Payment, Terms

GIVEN_UP = timedelta(days=7)
"""A platform that has no bill after so long has none."""
MARK = b"%PDF-"


def fetch_bills(
    conn: psycopg.Connection[Any],
    client: Client,
    url: str,
    home: Path,
    now: datetime,
    *,
    check: str | None = None,
) -> int:
    """Ask for the bills that are due; returns how many came. `conn` in autocommit."""
    done = 0
    known: Terms | None = None
    for one in payments.without_bill(conn, now, GIVEN_UP):
        known = known or payments.terms(home)
        try:
            with conn.transaction():
                _keep(conn, one, _bill(client, url, one, known, now), home, check)
            done += 1
        except Failure as failure:
            payments.bill_later(conn, one, sayings.kept(failure), now)
    return done


def _bill(client: Client, url: str, one: Payment, known: Terms, now: datetime) -> bytes:
    """The PDF; raises Refused for any other answer, in the platform's own words."""
    words = client.profile.payment
    said = {
        "LoaiBanTin": "GET_BILL", "PhienBan": words["version"], "MaDoiTac": known.partner,
        "MaThamChieu": one.reference, "ThoiGianGD": times.written(now),
    }  # fmt: skip
    sealed = said | {"MaXacThuc": payments.seal("GET_BILL", said, known.secret, client.profile)}
    data = client.download(url.rstrip("/") + words["endpoints"]["bill"], sealed)
    if data.startswith(MARK):
        return data
    raise Refused(
        "portal.no-bill", "The payment platform gave no bill: %(said)s", said=_words(data)
    )


def _words(data: bytes) -> str:
    try:
        found = envelope.opened(data)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return "–"
    return str(found.get("message") or "–")[:200] if isinstance(found, Mapping) else "–"


def _keep(
    conn: psycopg.Connection[Any], one: Payment, data: bytes, home: Path, check: str | None
) -> None:
    name = f"bien-lai-{one.reference}.pdf"
    try:
        with conn.transaction():
            kept = attachments.attach(
                conn, payments.ACTOR, one.dossier, data, name=name, home=home, kind="other", check=check
            ).id  # fmt: skip
    except Conflict:  # the very file lies with the dossier: somebody attached it by hand
        found = attachments.by_content(conn, one.dossier, data)
        if found is None:
            raise
        kept = found.id
    payments.has_bill(conn, one, kept)
