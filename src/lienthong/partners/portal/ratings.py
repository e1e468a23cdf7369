"""What citizens say of a dossier that has ended: eleven criteria and one whole, kept once for each dossier."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit
from lienthong.dossiers import dossier as dossiers
from lienthong.errors import Refused
from lienthong.partners.portal import times

SCALE = {"0": 0, "1": 1, "2": 2, "không hài lòng": 0, "hài lòng": 1, "rất hài lòng": 2}
"""0 not satisfied, 1 satisfied, 2 very satisfied (the scale of Decree 61/2018, still in use); in numbers or words."""
ENDED = ("settled", "returned", "not_received", "stopped", "withdrawn")


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """How many said what of how many dossiers that have ended."""

    very: int = 0
    satisfied: int = 0
    dissatisfied: int = 0
    unsaid: int = 0


def keep(conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], now: datetime) -> None:
    """Keep a rating; a later one of the same dossier takes its place.

    Raises Refused for a word off the scale, or before the dossier has ended: then it waits.
    """
    found = dossiers.find(conn, code)
    if found.state not in ENDED:
        raise Refused(
            "portal.early",
            "The dossier has not ended yet; it is in state %(state)s.",
            state=found.state,
        )
    said = body.get("MucDoHaiLong")
    overall = None if said in (None, "") else _on_scale(said)
    criteria = {
        str(name)[:10]: _on_scale(value) for name, value in (body.get("TieuChi") or {}).items()
    }
    if (said not in (None, "") and overall is None) or None in criteria.values():
        raise Refused("portal.scale", "A rating is 0, 1 or 2.")
    # One dated in the future would take the place of every rating that comes later.
    rated = min(times.read(body.get("NgayDanhGia")) or now, now)
    conn.execute(
        "INSERT INTO portal.rating AS r (dossier, overall, criteria, rated_at, received_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (dossier) DO UPDATE SET overall = excluded.overall, criteria = excluded.criteria,"
        " rated_at = excluded.rated_at, received_at = excluded.received_at WHERE r.rated_at <= excluded.rated_at",
        [code, overall, Jsonb(criteria), rated, now],
    )
    audit.write(conn, "portal", "portal.rated", {"dossier": code})


def _on_scale(said: Any) -> int | None:
    return SCALE.get(unicodedata.normalize("NFC", str(said)).strip().lower())


def of(conn: psycopg.Connection[Any], code: str) -> dict[str, Any] | None:
    """The rating of a dossier: overall, criteria and when."""
    row = conn.execute(
        "SELECT overall, criteria, rated_at FROM portal.rating WHERE dossier = %s", [code]
    ).fetchone()
    return None if row is None else {"overall": row[0], "criteria": row[1], "rated_at": row[2]}


def satisfaction(conn: psycopg.Connection[Any]) -> Satisfaction:
    """The sums over the dossiers that this reader may see."""
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE r.overall = 2), count(*) FILTER (WHERE r.overall = 1),"
        " count(*) FILTER (WHERE r.overall = 0), count(*) FILTER (WHERE r.overall IS NULL)"
        " FROM portal.rating r JOIN dossiers.dossier d ON d.code = r.dossier"
    ).fetchone()
    assert row
    return Satisfaction(very=row[0], satisfied=row[1], dissatisfied=row[2], unsaid=row[3])
