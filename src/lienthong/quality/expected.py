"""Who must send to a database, who has been silent, and for how long.

A database expects the senders of its own kinds (`expected: kinds`, else `senderKinds`) when an official keeps the list
`senders`; one that names the list `facilities` expects those when that is all there is. Else the number that the
contract declares is the denominator for the nation, and nobody can say for a province.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg

from lienthong.contracts import senders as kinds_of_senders
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.quality.criteria import criteria
from lienthong.records.intake.provinces import home_province

LIST = "facilities"


class Known(msgspec.Struct, frozen=True):
    """A facility or agency on a list: its name and today's province ("": its code does not tell)."""

    name: str
    province: str


class Expected:
    """The senders each contract expects, as of one day. `lists`: those of a contract of which they are known."""

    def __init__(
        self,
        lists: Mapping[str, Mapping[str, Known]],
        counts: Mapping[str, int],
        periods: Mapping[str, str],
        known: Mapping[str, Known] | None = None,
    ) -> None:
        self._lists = dict(lists)
        self._counts = dict(counts)
        self._periods = dict(periods)
        self._known = dict(known or {})
        self._by_province = {
            id(listed): Counter(one.province for one in listed.values())
            for listed in lists.values()
        }

    @classmethod
    def load(cls, codes: Codes, contracts: Iterable[Contract], day: date) -> Expected:
        """From the lists of senders and of facilities (when they are complete) and what contracts declare."""
        facilities = _facilities(codes, day)
        by_kind = _by_kind(codes, facilities, day)
        lists: dict[str, Mapping[str, Known]] = {}
        made: dict[
            tuple[str, ...], Mapping[str, Known]
        ] = {}  # contracts of the same kinds share one
        contracts = list(contracts)
        for contract in contracts:
            kinds = _kinds(codes, contract)
            if kinds not in made:
                made[kinds] = {
                    code: one for kind in kinds for code, one in by_kind.get(kind, {}).items()
                }
            if made[kinds]:
                lists[contract.name] = made[kinds]
            elif facilities and contract.expected.get("list") == LIST and not by_kind:
                lists[contract.name] = facilities
        return cls(
            lists,
            {contract.name: int(contract.expected.get("count") or 0) for contract in contracts},
            {
                contract.name: str(contract.expected.get("period") or "month")
                for contract in contracts
            },
            {**facilities, **{c: one for those in by_kind.values() for c, one in those.items()}},
        )

    @property
    def known(self) -> bool:
        """Whether any list says who must send."""
        return bool(self._lists)

    def name(self, sender: str) -> str:
        """The name of a sender that stands on any list, else its code."""
        return self._known[sender].name if sender in self._known else sender

    def count(self, contract: str, province: str | None = None, sender: str | None = None) -> int:
        """How many senders are expected; 0 when nobody can say."""
        listed = self._lists.get(contract)
        if sender is not None:
            return int(listed is None or sender in listed)
        if listed is not None:
            return self._by_province[id(listed)][province] if province is not None else len(listed)
        return self._counts.get(contract, 0) if province is None else 0

    def senders(self, contract: str, province: str | None = None) -> dict[str, Known]:
        """The senders that a contract expects, in a province or all; none when nobody can say."""
        return {
            code: known
            for code, known in self._lists.get(contract, {}).items()
            if province is None or known.province == province
        }

    def fresh_days(self, contract: str) -> int:
        """How old the newest data of a sender may be, by the period in which the contract expects it."""
        return criteria().fresh_days.get(self._periods.get(contract, "month"), 40)

    def sent_days(self, contract: str) -> int:
        """Days in which a sender must have sent anything: who reports by the quarter lacks nothing after a month."""
        return max(criteria().window_days, self.fresh_days(contract))

    def heard(
        self,
        conn: psycopg.Connection[Any],
        *,
        contract: str | None,
        province: str | None,
        sender: str | None,
        today: date,
        each: bool,
        apart: bool = True,
    ) -> list[Heard]:
        """Expected senders that were heard of, by contract and province (`each`: by sender too).

        A sender counts once, in the province that the list says it is of, wherever those live of whom it tells;
        where no list says so, `apart` tells whether it counts in each province of its records.
        """
        window = today - timedelta(days=criteria().window_days)
        asked = [name for name in self._periods if contract in (None, name)]
        lists = {id(self._lists[name]): self._lists[name] for name in asked if name in self._lists}
        number = {one: at for at, one in enumerate(lists)}
        known = [
            (number[one], code, about.province)
            for one, listed in lists.items()
            for code, about in listed.items()
        ]
        rows = conn.execute(
            "SELECT contract, province, CASE WHEN %(each)s THEN sender ELSE '' END,"
            " count(*) FILTER (WHERE newest > lately), count(*) FILTER (WHERE newest >= since) FROM ("
            "SELECT s.contract, coalesce(k.province, CASE WHEN %(apart)s THEN s.province ELSE '' END) AS province,"
            " s.sender, max(s.newest) AS newest, max(coalesce(f.since, %(window)s)) AS since,"
            " max(coalesce(f.lately, %(window)s)) AS lately FROM quality.sender s"
            " LEFT JOIN unnest(%(names)s::text[], %(since)s::date[], %(lately)s::date[], %(lists)s::int[])"
            " f(name, since, lately, list) ON f.name = s.contract"
            " LEFT JOIN unnest(%(of)s::int[], %(known)s::text[], %(homes)s::text[]) k(list, code, province)"
            " ON k.list = f.list AND k.code = s.sender"
            " WHERE s.newest IS NOT NULL AND (%(contract)s::text IS NULL OR s.contract = %(contract)s)"
            " AND (%(province)s::text IS NULL OR coalesce(k.province, s.province) = %(province)s)"
            " AND (%(sender)s::text IS NULL OR s.sender = %(sender)s)"
            " AND (f.list IS NULL OR k.code IS NOT NULL)"
            " GROUP BY 1, 2, 3) h GROUP BY 1, 2, 3",
            {
                "each": each,
                "apart": apart,
                "window": window,
                "names": asked,
                "since": [today - timedelta(days=self.fresh_days(name)) for name in asked],
                "lately": [today - timedelta(days=self.sent_days(name)) for name in asked],
                "lists": [number.get(id(self._lists.get(name))) for name in asked],
                "of": [at for at, _, _ in known],
                "known": [code for _, code, _ in known],
                "homes": [home for _, _, home in known],
                "contract": contract,
                "province": province,
                "sender": sender,
            },  # fmt: skip
        )
        return [Heard(*row) for row in rows]


def _facilities(codes: Codes, day: date) -> dict[str, Known]:
    if not codes.has(LIST):
        return {}
    at = f"{day:%Y%m%d}"
    return {
        code.code: Known(code.label.get("vi") or code.code, code.parent)
        for code in codes.codes(LIST)
        if code.holds(at)
    }


def _by_kind(
    codes: Codes, facilities: Mapping[str, Known], day: date
) -> dict[str, dict[str, Known]]:
    """The official's list of senders of a day, by kind."""
    found: dict[str, dict[str, Known]] = {}
    if not codes.has(kinds_of_senders.LIST):
        return found
    at = f"{day:%Y%m%d}"
    for code in codes.codes(kinds_of_senders.LIST):
        if code.holds(at) and code.parent:
            known = facilities.get(code.code) or Known(
                code.label.get("vi") or code.code, home_province(code.code)
            )
            found.setdefault(code.parent, {})[code.code] = known
    return found


def _kinds(codes: Codes, contract: Contract) -> tuple[str, ...]:
    """The kinds that are expected to send: those that the contract expects, else all that may."""
    may = kinds_of_senders.kinds_for(codes, contract) or ()
    expected = contract.expected.get("kinds")
    return tuple(kind for kind in may if expected is None or kind in expected)


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
    for code, known in expected.senders(contract, province).items():
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
