"""What tests push through our door, and what they find behind it."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from lienthong.dossiers import acting, dossier
from lienthong.partners.portal import inbound
from tests.partners.portal_world import ALL, SAID


def push(client, portal, kind, body):
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = client.post(f"/api/v1/portal/{kind}", content=content, headers=portal)
    assert answer.status_code == 200, answer.text
    return answer.json()


def waits(db, code):
    with db.connect() as conn:
        return [one for one in inbound.waiting(conn) if one.code == code]


def at_work(db, code, *acts):
    """The dossier of a code, moved on."""
    with db.connect() as conn:
        for act in acts:
            last = dossier.events(conn, code)[-1].at
            at = last + timedelta(minutes=5)
            acting.move(conn, "canbo", ALL, code, act, SAID | {"fees": FEES}, at=at)


FEES = [{"code": "PLP01", "name": "Phí thẩm định", "amount": 430000}]
