"""Who must send to a database, who has been silent, and for how long.

The list of facilities decides when it is loaded (list `facilities`, `parent` = province); else the number that the
contract declares is the denominator for the nation, and nobody can say for a province.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.quality.criteria import criteria

LIST = "facilities"


class Known(msgspec.Struct, frozen=True):
    """A facility on the list: its name and today's province."""

    name: str
    province: str


class Expected:
    """The senders each contract expects, as of one day."""

    def __init__(
        self, facilities: Mapping[str, Known], counts: Mapping[str, int], periods: Mapping[str, str]
    ) -> None:
        self.facilities = dict(facilities)
        self._counts = dict(counts)
        self._periods = dict(periods)
        self._by_province = Counter(known.province for known in self.facilities.values())

    @classmethod
    def load(cls, codes: Codes, contracts: Iterable[Contract], day: date) -> Expected:
        """From the code list of facilities (when it is complete) and what contracts declare under `expected`."""
        facilities: dict[str, Known] = {}
        if codes.has(LIST):
            at = f"{day:%Y%m%d}"
            for code in codes.codes(LIST):
                if code.holds(at):
                    facilities[code.code] = Known(code.label.get("vi") or code.code, code.parent)
        contracts = list(contracts)
        return cls(
            facilities,
            {contract.name: int(contract.expected.get("count") or 0) for contract in contracts},
            {
                contract.name: str(contract.expected.get("period") or "month")
                for contract in contracts
            },
        )

    def count(self, contract: str, province: str | None = None, sender: str | None = None) -> int:
        """How many senders are expected; 0 when nobody can say."""
        if sender is not None:
            return int(not self.facilities or sender in self.facilities)
        if self.facilities:
            return (
                self._by_province.get(province, 0) if province is not None else len(self.facilities)
            )
        return self._counts.get(contract, 0) if province is None else 0

    def senders(self, province: str | None = None) -> dict[str, Known]:
        """The expected senders of a province, or all."""
        if province is None:
            return self.facilities
        return {
            code: known for code, known in self.facilities.items() if known.province == province
        }

    def fresh_days(self, contract: str) -> int:
        """How old the newest data of a sender may be, by the period in which the contract expects it."""
        return criteria().fresh_days.get(self._periods.get(contract, "month"), 40)

    def heard(
        self,
        conn: psycopg.Connection[Any],
        *,
        contract: str | None,
        province: str | None,
        sender: str | None,
        today: date,
        each: bool,
    ) -> list[Heard]:
        """Expected senders that were heard of, by contract and province (`each`: by sender too)."""
        window = today - timedelta(days=criteria().window_days)
        fresh = {name: today - timedelta(days=self.fresh_days(name)) for name in self._periods}
        rows = conn.execute(
            "SELECT s.contract, s.province, CASE WHEN %(each)s THEN s.sender ELSE '' END,"
            " count(*) FILTER (WHERE s.newest > %(window)s),"
            " count(*) FILTER (WHERE s.newest >= coalesce(f.since, %(window)s))"
            " FROM quality.sender s LEFT JOIN unnest(%(names)s::text[], %(since)s::date[]) f(name, since)"
            " ON f.name = s.contract"
            " WHERE s.newest IS NOT NULL AND (%(contract)s::text IS NULL OR s.contract = %(contract)s)"
            " AND (%(province)s::text IS NULL OR s.province = %(province)s)"
            " AND (%(sender)s::text IS NULL OR s.sender = %(sender)s)"
            " AND (%(open)s OR s.sender IN (SELECT unnest(%(known)s::text[])))"
            " GROUP BY 1, 2, 3",
            {
                "each": each,
                "window": window,
                "names": list(fresh),
                "since": list(fresh.values()),
                "contract": contract,
                "province": province,
                "sender": sender,
                "open": not self.facilities,
                "known": list(self.facilities),
            },  # fmt: skip
        )
        return [Heard(*row) for row in rows]


class Heard(msgspec.Struct, frozen=True):
    """Of the expected senders of one contract and province: how many sent lately, how many are fresh."""

    contract: str
    province: str
    sender: str
    heard: int
    fresh: int


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """An expected sender that has not been heard of lately. `days` is None when it never sent."""

    sender: str
    name: str
    province: str
    newest: date | None
    days: int | None
    contact: str = ""


def silent(
    conn: psycopg.Connection[Any],
    contract: str,
    expected: Expected,
    *,
    today: date,
    province: str | None = None,
    limit: int = 50,
) -> list[Silent]:
    """Expected senders whose newest data are older than the contract's period allows, the longest silent first."""
    newest: dict[str, date] = dict(
        conn.execute(
            "SELECT sender, max(newest) FROM quality.sender WHERE contract = %s AND newest IS NOT NULL"
            " GROUP BY sender",
            [contract],
        ).fetchall()
    )
    late = []
    for code, known in expected.senders(province).items():
        day = newest.get(code)
        if day is None or (today - day).days > expected.fresh_days(contract):
            days = None if day is None else (today - day).days
            late.append(
                Silent(sender=code, name=known.name, province=known.province, newest=day, days=days)
            )
    late.sort(key=lambda line: (line.days is not None, -(line.days or 0), line.sender))
    chosen = late[:limit]
    numbers = contacts(conn, [line.sender for line in chosen])
    return [msgspec.structs.replace(line, contact=numbers.get(line.sender, "")) for line in chosen]


def contacts(conn: psycopg.Connection[Any], senders: list[str]) -> dict[str, str]:
    """Whom to ask: telephone and address in the register of facilities (`practice`), when it is kept here."""
    there = conn.execute("SELECT to_regclass('practice.facilities')").fetchone()
    if not senders or there is None or there[0] is None:
        return {}
    rows = conn.execute(
        'SELECT DISTINCT ON ("MA_CSKCB") "MA_CSKCB", concat_ws(\', \', "DIEN_THOAI", "DIA_CHI")'
        ' FROM practice.facilities WHERE "MA_CSKCB" = ANY(%s) ORDER BY "MA_CSKCB", "TU_NGAY" DESC',
        [senders],
    )
    return dict(rows.fetchall())
