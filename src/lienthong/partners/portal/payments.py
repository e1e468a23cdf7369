"""Fees through the payment platform: asked for with a reference, checked when they are called back, counted once.

A callback counts when its hash is right (compared in constant time), its reference is ours and its sum is the one we
asked for; the same one again changes nothing. What is not right is refused and stays where people see it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit
from lienthong.dossiers import acting
from lienthong.dossiers import dossier as dossiers
from lienthong.errors import Refused
from lienthong.partners.portal import times
from lienthong.partners.portal.profile import Profile, profile
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure

ACTOR = "portal"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=1)
"""When the platform is asked again about a fee that nobody has paid yet."""
SEPARATOR = "|"
"""What the seal joins its values with: inside one it would let them be shifted without breaking the seal."""


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """The account of an agency."""

    account: str
    bank: str
    holder: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """HOME/payments.yaml: who we are at the platform and where the money goes; the secret stands in another file."""

    partner: str
    secret_file: str
    ip: str = ""
    payees: dict[str, Payee] = {}
    secret: str = ""

    def payee(self, unit: str) -> Payee | None:
        """The account of a unit, or of the one above it."""
        while unit:
            if found := self.payees.get(unit):
                return found
            unit = unit.rpartition(".")[0]
        return None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One fee that was asked for."""

    reference: str
    dossier: str
    event: int
    amount: int | None
    fees: list[dict[str, Any]]
    state: str
    address: str | None = None
    transaction: str | None = None
    bank: str | None = None
    asked_at: datetime
    opened_at: datetime | None = None
    paid_at: datetime | None = None
    bill: int | None = None
    bill_failure: str | None = None
    attempts: int = 0
    failure: str | None = None


_COLUMNS = ", ".join(Payment.__struct_fields__)


def terms(home: Path | None) -> Terms:
    """The terms of the data folder; raises Refused when there are none or they cannot be read."""
    import yaml

    path = (home or Path()) / "payments.yaml"
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Terms)
        secret = (path.parent / found.secret_file).read_text("utf-8").strip()
        if not secret or not found.partner.strip():
            raise ValueError  # with an empty secret everybody could seal
    except (OSError, ValueError, yaml.YAMLError) as wrong:
        raise Refused(
            "portal.payment-terms",
            "payments.yaml of the data folder is missing or wrong (%(why)s): no fee can be asked for or checked.",
            why=type(wrong).__name__,
        ) from wrong
    return msgspec.structs.replace(found, secret=secret)


def seal(kind: str, said: Mapping[str, Any], secret: str, words: Profile) -> str:
    """MaXacThuc: SHA-256 of the values in the declared order, the secret last. Not an HMAC: the platform says so."""
    values = [str(said.get(name) or "") for name in words.payment["signed"][kind]]
    return hashlib.sha256(SEPARATOR.join([*values, secret]).encode()).hexdigest()


def collect(conn: psycopg.Connection[Any], now: datetime) -> int:
    """Make a reference for each fee that dossiers wait for, and end those that nobody waits for any more."""
    conn.execute(
        "UPDATE portal.payment p SET state = 'ended' FROM dossiers.dossier d WHERE d.code = p.dossier"
        " AND d.state <> 'payment' AND p.state IN ('blocked', 'asked', 'open')"
    )
    rows = conn.execute(
        "SELECT d.code, e.number, e.about FROM dossiers.dossier d JOIN LATERAL (SELECT number, about"
        "  FROM dossiers.event WHERE dossier = d.code AND to_state = 'payment' ORDER BY number DESC LIMIT 1) e ON true"
        " WHERE d.state = 'payment' AND NOT EXISTS (SELECT 1 FROM portal.payment p WHERE p.dossier = d.code"
        "  AND p.event = e.number) ORDER BY d.code LIMIT 500"
    ).fetchall()
    for code, number, about in rows:
        found = dossiers.find(conn, code)
        version = catalogue.version(conn, found.procedure, found.procedure_version).procedure
        fees = owed_fees(about.get("fees") or (), version, found.channel, found.case_name)
        known = bool(fees) and all(fee.get("amount") for fee in fees)
        amount = sum(int(fee["amount"]) for fee in fees) if known else None
        conn.execute(
            "INSERT INTO portal.payment (reference, dossier, event, amount, fees, state, asked_at, failure)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                reference(code, number), code, number, amount, Jsonb(fees),
                "asked" if known else "blocked", now, None if known else "SoTien",
            ],
        )  # fmt: skip
    return len(rows)


def owed_fees(named: Any, procedure: Procedure, channel: str, case: str) -> list[dict[str, Any]]:
    """The fees that were asked for, with their sums: said with the act, else as the procedure's version sets them."""
    manners = [one for one in procedure.manners if one.channel in (channel, "any")]
    set_ = [fee for one in manners for fee in one.fees or () if fee.case in ("", case)]
    out = []
    for one in [named] if isinstance(named, str | Mapping) else named:
        said = dict(one) if isinstance(one, Mapping) else {"code": str(one)}
        found = next(
            (fee for fee in set_ if said.get("code") in (fee.code, fee.name.get("vi"))), None
        )
        if found is not None:
            said = {
                "code": found.code,
                "name": found.name.get("vi", ""),
                "amount": found.amount,
            } | said
        kept = {name: said[name] for name in ("code", "name", "amount") if said.get(name)}
        out.append(kept | {"amount": _sum(kept.get("amount"))})
    return out


MOST_DIGITS = 12
"""A fee of a thousand billion đồng is a slip of the hand."""


def _sum(said: Any) -> int | None:
    """Whole đồng, or None for what is no sum: one strange fee must not stop those of others."""
    text = str(said) if isinstance(said, int | str) and not isinstance(said, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def reference(code: str, event: int) -> str:
    """What a fee is known by at the platform: the dossier's code without points, and which of its acts asked."""
    unit, _, rest = code.partition("-")
    return f"{unit.replace('.', '')}{_points(unit)}-{rest}-{event:02d}"


def _points(unit: str) -> str:
    """Parts of three digits are told: H15.501.02 and H15.50.102 are two agencies."""
    return "".join(
        f"p{at}"
        for at, part in enumerate(unit.split(".")[1:], 1)
        if part.isdigit() and len(part) == 3
    )


def called_back(
    conn: psycopg.Connection[Any], body: Mapping[str, Any], home: Path | None, now: datetime
) -> None:
    """Check a callback and let the dossier go on. Raises Refused for what is not right."""
    known, words = terms(home), profile()
    if any(SEPARATOR in str(body.get(name) or "") for name in words.payment["signed"]["CALLBACK"]):
        raise Refused("portal.payment-hash", "The payment message is not signed by the platform.")
    right = seal("CALLBACK", body, known.secret, words)
    if not hmac.compare_digest(str(body.get("MaXacThuc") or "").lower().encode(), right.encode()):
        raise Refused("portal.payment-hash", "The payment message is not signed by the platform.")
    if str(body.get("MaDoiTac") or "") != known.partner:
        raise Refused("portal.payment-partner", "The payment message is for another partner.")
    found = _locked(conn, str(body.get("MaThamChieu") or ""))
    if str(body.get("SoTien") or "") != str(found.amount):
        raise Refused(
            "portal.payment-amount",
            "Another sum was paid than the %(amount)s đồng that were asked for.",
            amount=found.amount,
        )
    if str(body.get("MaLoi") or "") not in words.payment["success"]:
        conn.execute(
            "UPDATE portal.payment SET failure = %s WHERE reference = %s AND paid_at IS NULL",
            [f"MaLoi {body.get('MaLoi')}"[:200], found.reference],
        )
        return
    _paid(
        conn,
        found,
        str(body.get("MaGiaoDich") or "")[:100],
        str(body.get("MaNganHang") or ""),
        times.read(body.get("ThoiGianGD")) or now,
        now,
    )


def _locked(conn: psycopg.Connection[Any], reference: str) -> Payment:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM portal.payment WHERE reference = %s FOR UPDATE",  # noqa: S608 our own columns
            [reference],
        ).fetchone()
    if row is None:
        raise Refused(
            "portal.payment-unknown",
            "Nobody here asked for payment %(reference)s.",
            reference=reference[:60],
        )
    return Payment(**row)


def _paid(
    conn: psycopg.Connection[Any],
    found: Payment,
    transaction: str,
    bank: str,
    at: datetime,
    now: datetime,
) -> None:
    """Money came. The same transaction again changes nothing; another one for the same fee is a payment too much."""
    if not transaction:
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="MaGiaoDich")
    if found.transaction is not None and found.transaction != transaction:
        raise Refused(
            "portal.payment-twice",
            "This fee was paid before with transaction %(transaction)s: money is to be paid back.",
            transaction=found.transaction,
        )
    if found.transaction is None:
        conn.execute(
            "UPDATE portal.payment SET state = 'paid', transaction = %s, bank = %s, paid_at = %s, failure = NULL"
            " WHERE reference = %s",
            [transaction[:100], bank[:60], at, found.reference],
        )
        audit.write(
            conn,
            ACTOR,
            "portal.paid",
            {"dossier": found.dossier, "reference": found.reference, "amount": found.amount},
        )
        go_on(conn, found.reference, now)


def settle(conn: psycopg.Connection[Any], reference: str, transaction: str, now: datetime) -> None:
    """The platform says, when asked, that a fee was paid."""
    _paid(conn, _locked(conn, reference), transaction, "", now, now)


def go_on(conn: psycopg.Connection[Any], reference: str, now: datetime) -> bool:
    """Let the dossier that was paid for go on; one that waits for nothing is shown, and nobody's money is lost."""
    found = _locked(conn, reference)
    dossier = dossiers.find(conn, found.dossier)
    if found.state != "paid":
        return False
    if dossier.state != "payment":
        conn.execute(
            "UPDATE portal.payment SET failure = %s WHERE reference = %s",
            [f"dossier is {dossier.state}", reference],
        )
        return False
    about = {
        "reference": reference,
        "transaction": found.transaction,
        "amount": found.amount,
    }
    last = dossiers.events(conn, found.dossier)[-1].at
    acting.move(
        conn, ACTOR, frozenset({"payment"}), found.dossier, "paid", about, at=max(now, last)
    )
    conn.execute(
        "UPDATE portal.payment SET state = 'settled', failure = NULL WHERE reference = %s",
        [reference],
    )
    return True


def of(conn: psycopg.Connection[Any], dossier: str) -> list[Payment]:
    """The fees of a dossier."""
    return _listed(conn, "dossier = %s ORDER BY event", [dossier])


def open_payments(conn: psycopg.Connection[Any], limit: int = 100) -> list[Payment]:
    """What is not settled: the oldest first."""
    return _listed(
        conn, "state IN ('blocked', 'asked', 'open', 'paid') ORDER BY asked_at LIMIT %s", [limit]
    )


def without_bill(
    conn: psycopg.Connection[Any], now: datetime, given_up: timedelta, limit: int = 50
) -> list[Payment]:
    """Fees that were paid lately and whose bill is to be asked for now."""
    return _listed(
        conn,
        "bill IS NULL AND transaction IS NOT NULL AND paid_at > %s AND bill_next_at <= %s ORDER BY paid_at LIMIT %s",
        [now - given_up, now, limit],
    )


def has_bill(conn: psycopg.Connection[Any], one: Payment, attachment: int) -> None:
    """The bill lies with the dossier."""
    conn.execute(
        "UPDATE portal.payment SET bill = %s, bill_failure = NULL WHERE reference = %s",
        [attachment, one.reference],
    )


def bill_later(conn: psycopg.Connection[Any], one: Payment, failure: str, now: datetime) -> None:
    """The bill did not come: it is asked for again, ever more rarely."""
    conn.execute(
        "UPDATE portal.payment SET bill_attempts = bill_attempts + 1, bill_failure = %s, bill_next_at = %s"
        " + least(%s, %s * power(2, least(bill_attempts, 10))) WHERE reference = %s",
        [failure, now, LONGEST_WAIT, FIRST_WAIT, one.reference],
    )


def due(conn: psycopg.Connection[Any], now: datetime, limit: int = 200) -> list[Payment]:
    """What the platform is to be asked for or about now."""
    return _listed(
        conn,
        "state IN ('asked', 'open', 'paid') AND next_at <= %s ORDER BY asked_at LIMIT %s",
        [now, limit],
    )


def _listed(conn: psycopg.Connection[Any], where: str, values: list[Any]) -> list[Payment]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM portal.payment WHERE {where}",  # noqa: S608 fixed conditions
            values,
        ).fetchall()
    return [Payment(**row) for row in rows]
