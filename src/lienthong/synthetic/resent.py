"""What of a submission tells of records that its sender told of before: the newer version takes their place."""

from __future__ import annotations

from collections import Counter, defaultdict

from lienthong.contracts.contract import Contract
from lienthong.records.store import layout
from lienthong.synthetic.parcels import Parcel, Tables


class Resent:
    """The records that were sent so far."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, ...], Counter[str]] = {}

    def of(self, parcel: Parcel, contract: Contract) -> dict[str, int]:
        """Rows by table of earlier records that this parcel replaces; it is remembered in their place.

        What stands twice in one parcel replaces nothing: nobody knows which of both holds.
        """
        replaced: Counter[str] = Counter()
        now: dict[tuple[str, ...], Counter[str]] = {}
        for root in layout.roots(contract):
            members = layout.members(contract, root)
            below = {
                table.name: _by_link(parcel.tables, table.name, table.link)
                for table in members
                if table is not root and table.link
            }
            for row in parcel.tables.get(root.name, ()):
                key = (
                    parcel.contract,
                    parcel.sender,
                    root.name,
                    *(row.get(name) or "" for name in root.key),
                )
                rows = Counter({root.name: 1})
                for table in members:
                    if table.name in below and table.link:
                        rows[table.name] = below[table.name][row.get(table.link) or ""]
                now[key] = +rows
        for key, rows in now.items():
            replaced.update(self._sent.get(key, {}))
            self._sent[key] = rows
        return dict(replaced)


def _by_link(tables: Tables, name: str, link: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in tables.get(name, ()):
        found[row.get(link) or ""] += 1
    return found
