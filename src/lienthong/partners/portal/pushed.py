"""One push of the Portal from its bytes to the answer: kept and committed first, taken further if that goes at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.partners.portal import inbound, payments, times
from lienthong.partners.portal.inbound import Taken
from lienthong.partners.portal.profile import profile

REFUSED = ("portal.payment-hash", "portal.payment-partner", "portal.payment-amount", "portal.payment-unknown",
           "portal.payment-twice")  # fmt: skip
"""Why the platform is told that its message was not right; it stays in the queue all the same."""


def accept(
    pool: ConnectionPool, actor: Actor, kind: str, body: bytes, home: Path
) -> tuple[Taken, str]:
    """Keep one message; what it could not be taken further for ('' when it was, or when it is tried later).

    Whatever goes wrong after it was kept is not the sender's: it stays in the queue.
    """
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.push")
        taken = inbound.take(conn, kind, body)
    try:
        with pool.connection() as conn:
            inbound.resolve_one(conn, taken.receipt, home)
            return taken, inbound.one(conn, taken.receipt).reason or ""
    except Exception:
        structlog.get_logger().exception("portal.push_left", receipt=taken.receipt)
        return taken, ""


def payment_answer(body: bytes, taken: Taken, reason: str, home: Path) -> dict[str, Any]:
    """What the payment platform is answered, signed as far as we know its secret."""
    said = inbound.readable(body)
    wrong = taken.code < 0 or reason.split(":")[0] in REFUSED
    answer = {
        "MaLoi": "-1" if wrong else "00",
        "MoTaLoi": "Bản tin không hợp lệ" if wrong else "Đã tiếp nhận bản tin",
        "MaDoiTac": _echoed(said, "MaDoiTac"),
        "MaThamChieu": _echoed(said, "MaThamChieu"),
        "ThoiGianGD": times.written(clock.now()),
    }
    try:
        secret = payments.terms(home).secret
    except Exception:
        return answer  # without its terms nothing can be signed; the message is kept
    return answer | {"MaXacThuc": payments.seal("ANSWER", answer, secret, profile())}


def _echoed(said: Mapping[str, Any], name: str) -> str:
    """A value of theirs as our answer repeats it; none that would make our own seal fit another message of theirs."""
    value = str(said.get(name) or "")
    return "" if payments.SEPARATOR in value else value


def owed(conn: psycopg.Connection[Any], dossier: str) -> dict[str, Any]:
    """What a dossier owes (dptracuuthanhtoanhs): 0 found, 1 paid already, -1 nothing is asked for."""
    found = payments.of(conn, dossier)
    open_ = [one for one in found if one.state in ("asked", "open") and one.amount]
    if open_:
        return {
            "error_code": 0, "message": "", "MaHoSo": dossier,
            "result": [
                {"MaThamChieu": one.reference, "SoTien": str(one.amount), "PhiLePhi": one.fees} for one in open_
            ],
        }  # fmt: skip
    if any(one.paid_at for one in found):
        return {"error_code": 1, "message": "Hồ sơ đã thanh toán", "MaHoSo": dossier}
    return {"error_code": -1, "message": "Hồ sơ không có khoản phải nộp", "MaHoSo": dossier}
