"""Plants faults in the parcels of the country: those of care and of registers, and those that any contract can have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lienthong.synthetic import faults, register_faults
from lienthong.synthetic.chance import chance
from lienthong.synthetic.country import Country, Sending
from lienthong.synthetic.databases.care import together
from lienthong.synthetic.facilities import facility
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.parcels import Parcel

if TYPE_CHECKING:
    from lienthong.synthetic.nation import Nation

OFTEN = 0.15


def plant(nation: Nation, parcel: Parcel) -> list[Fault]:
    """Plant faults in a parcel (changed in place) and give their lines of the ledger."""
    if parcel.contract == "care":
        planted = _in_visits(nation, parcel)
    else:
        random = chance(nation.seed, f"register faults/{parcel.name}")
        share = OFTEN if nation.kinds else 0.02 * parcel.factor
        planted = register_faults.plant(
            parcel.contract, parcel.name, parcel.tables, random, share, nation.kinds
        )
    return [replace(fault, database=parcel.contract) for fault in planted]


def _in_visits(nation: Nation, parcel: Parcel) -> list[Fault]:
    """At most one fault in each visit; the tables of the parcel are put together again from the visits."""
    visits = parcel.facts["visits"]
    assert isinstance(visits, list)
    country = Country(seed=nation.seed, visits=0, until=nation.until, kinds=nation.kinds)
    sending = Sending(
        name=parcel.name, facility=facility(nation.seed, parcel.sender), sent=parcel.sent,
        first=visits[0].number, count=len(visits), late=parcel.late,
    )  # fmt: skip
    rows: Counter[str] = Counter()
    planted: list[Fault] = []
    for visit in visits:
        planted += faults.plant_in(visit, sending, country, rows)
        rows.update({name: len(table) for name, table in visit.tables.items()})
    parcel.tables.clear()
    parcel.tables.update(together(visits))
    return planted
