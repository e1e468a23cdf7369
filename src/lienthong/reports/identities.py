"""The identities of the forms, asked of everything that is kept: of every agency, sector and province in a period."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.codes import Codes
from lienthong.reports import counting, forms
from lienthong.reports.forms import Row
from lienthong.reports.period import Period
from lienthong.reports.succession import following


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that does not hold: which one, for whom, the two numbers."""

    identity: str
    by: str
    line: str
    left: int
    right: int


BY: tuple[counting.By, ...] = ("", "unit", "field", "province")


def broken(
    conn: psycopg.Connection[Any],
    period: Period,
    codes: Codes | None = None,
    position: int | None = None,
) -> Iterator[Broken]:
    """What does not hold in a period. Codes are followed as on its last day, also in the period before."""
    follows = following(codes, period.last)
    for by in BY:
        now = forms.counted(conn, period, by, follows=follows, position=position)
        before = forms.counted(conn, period.before(), by, follows=follows, position=position)
        for line in sorted(now.keys() | before.keys()):
            yield from _of(by, line, now.get(line, Row()), before.get(line, Row()))
        if by:
            whole = forms.counted(conn, period, "", follows=follows, position=position)[""]
            for name in forms.COLUMNS:
                left, right = getattr(forms.total(now.values()), name), getattr(whole, name)
                if left != right:
                    yield Broken(identity=f"sum {name}", by=by, line="", left=left, right=right)


def _of(by: str, line: str, now: Row, before: Row) -> Iterator[Broken]:
    pairs = {
        "(3) = (7) + (11)": (now.received, now.resolved + now.in_process),
        "(6) = (11) of the period before": (now.carried_over, before.in_process),
    }
    for identity, (left, right) in pairs.items():
        if left != right:
            yield Broken(identity=identity, by=by, line=line, left=left, right=right)
