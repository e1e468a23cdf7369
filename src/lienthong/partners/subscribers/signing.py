"""Signatures of messages to subscribers, as the open specification Standard Webhooks 1.0 has them.

HMAC-SHA256 over "id.timestamp.body"; while a secret is being changed a message carries two signatures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from lienthong.errors import NotAllowed

PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds by which the moment of a message may differ from the receiver's clock."""


def new_secret() -> str:
    """A secret of 32 random bytes; shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(id: str, moment: datetime, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """The three headers of a message, with one signature for each secret."""
    stamp = str(int(moment.timestamp()))
    signatures = " ".join("v1," + _signature(key, id, stamp, body) for key in keys)
    return {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signatures}


def verify(given: Mapping[str, str], body: bytes, key: str, now: datetime) -> None:
    """What a receiver does before it believes a message. Raises NotAllowed."""
    try:
        id, stamp, said = (
            given["webhook-id"], given["webhook-timestamp"], given["webhook-signature"],
        )  # fmt: skip
        late = abs(now.timestamp() - int(stamp)) > TOLERANCE
    except (KeyError, ValueError):
        late, id, stamp, said = True, "", "", ""
    wanted = _signature(key, id, stamp, body)
    signed = any(
        hmac.compare_digest(one.removeprefix("v1,"), wanted)
        for one in said.split()
        if one.startswith("v1,")
    )
    if late or not signed:
        raise NotAllowed("webhook.signature", "The message is not signed with this secret.")


def _signature(key: str, id: str, stamp: str, body: bytes) -> str:
    try:
        raw = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not a secret of a subscription") from error
    said = hmac.new(raw, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(said).decode()
