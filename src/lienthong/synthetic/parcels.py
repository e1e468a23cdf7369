"""What somebody sends at one moment under one contract: a file, or one record that is posted by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lienthong.synthetic.lines import Row

Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Parcel:
    """Rows by table that `sender` (of `province`, code of today) sends at `sent` (Vietnam local time, naive).

    `posted`: one unit of acceptance by the interface for single records; else a file of that `form`.
    """

    contract: str
    sender: str
    province: str
    sent: datetime
    tables: Tables
    posted: bool = False
    form: str = "xlsx"
    factor: float = 0.6
    late: timedelta = timedelta(0)
    about: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    name: str = ""

    @property
    def rows(self) -> dict[str, int]:
        """How many rows by table."""
        return {name: len(rows) for name, rows in self.tables.items() if rows}


def numbered(parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """The parcels of one catchment with names of their own."""
    seen: dict[tuple[str, str], int] = {}
    for one in parcels:
        key = (one.contract, one.sender)
        seen[key] = seen.get(key, -1) + 1
        ending = "json" if one.posted else one.form
        name = f"{one.contract}-{one.sent:%Y%m%d}-{one.sender}-{seen[key]:05d}.{ending}"
        yield replace(one, name=name)
