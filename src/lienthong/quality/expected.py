"""Who must send to a database, who has been silent, and for how long.

The list of facilities decides when it is loaded (list `facilities`, `parent` = province); else the number that the
contract declares is the denominator for the nation, and nobody can say for a province.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.quality.criteria import criteria

if TYPE_CHECKING:
    from lienthong.quality.score import Senders

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

    def count(self, contract: str, province: str | None = None) -> int:
        """How many senders are expected; 0 when nobody can say."""
        if self.facilities:
            return len(self.senders(province))
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

    def senders_by(
        self,
        newest: Iterable[Sequence[Any]],
        groups: Sequence[str],
        *,
        slice_province: str | None,
        slice_sender: str | None,
        today: date,
    ) -> dict[tuple[Any, ...], Senders]:
        """Heard, fresh and expected senders per group; `newest` = contract, province, sender, newest day."""
        from lienthong.quality.score import Senders

        window = today - timedelta(days=criteria().window_days)
        heard: dict[tuple[Any, ...], set[tuple[str, str]]] = {}
        fresh: dict[tuple[Any, ...], set[tuple[str, str]]] = {}
        contracts: dict[tuple[Any, ...], set[str]] = {}
        for contract, province, sender, day in newest:
            values = {"contract": contract, "province": province, "sender": sender}
            key = tuple(values[name] for name in groups)
            contracts.setdefault(key, set()).add(contract)
            if self.facilities and sender not in self.facilities:
                continue
            if day > window:
                heard.setdefault(key, set()).add((contract, sender))
            if (today - day).days <= self.fresh_days(contract):
                fresh.setdefault(key, set()).add((contract, sender))
        answer = {}
        for key, those in contracts.items():
            values = dict(zip(groups, key, strict=True))
            province = values.get("province", slice_province)
            sender = values.get("sender", slice_sender)
            expected = (
                len(those & set(self._counts))
                * int(not self.facilities or sender in self.facilities)
                if sender is not None
                else sum(self.count(contract, province) for contract in those)
            )
            answer[key] = Senders(len(heard.get(key, ())), len(fresh.get(key, ())), expected)
        return answer


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
            "SELECT sender, max(day) FROM records.count WHERE contract = %s AND rule = '*' AND checked > 0"
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
    contacts = _contacts(conn, [line.sender for line in chosen])
    return [msgspec.structs.replace(line, contact=contacts.get(line.sender, "")) for line in chosen]


def _contacts(conn: psycopg.Connection[Any], senders: list[str]) -> dict[str, str]:
    """Whom to ask, from the register of facilities when it is kept here and holds a telephone or an address."""
    columns = {
        row[0]
        for row in conn.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'practice'"
            " AND table_name = 'facilities'"
        )
    }
    wanted = [name for name in ("phone", "email", "address") if name in columns]
    if not wanted or "facility_code" not in columns:
        return {}
    from psycopg import sql

    rows = conn.execute(
        sql.SQL(
            "SELECT facility_code, concat_ws(', ', {}) FROM practice.facilities WHERE facility_code = ANY(%s)"
        ).format(sql.SQL(", ").join(map(sql.Identifier, wanted))),
        [senders],
    )
    return dict(rows.fetchall())
