"""A database of which nothing is known but its contract: rows about people of the catchment, right by its rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lienthong.contracts.contract import Contract
from lienthong.records.store import layout
from lienthong.synthetic.anything import Around, Filler, filler_of, order
from lienthong.synthetic.chance import chance
from lienthong.synthetic.lines import Row
from lienthong.synthetic.lives import moment_in
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene

UNITS = 6
CHILDREN = (1, 2)


def emit(scene: Scene, name: str, source: str | Path) -> Iterator[Parcel]:
    """Each unit of acceptance is posted by the hospital in the days of the country."""
    hospital = scene.hospital
    if hospital.silent or not scene.lives.people:
        return
    filler = filler_of(source)
    kept: dict[str, list[Row]] = {}
    for table in order(filler.contract):
        if table.root not in (None, table.name):
            continue
        for at in range(UNITS):
            number = scene.lives.catchment.place * 1000 + at
            random = chance(scene.seed, f"{name}/{table.name}", number)
            worker = random.choice(hospital.staff)
            around = Around(
                random=random, at=moment_in(scene.span, random), who=random.choice(scene.lives.people)[1],
                facility=hospital.code, worker=worker.licence, worker_name=worker.person.name, number=number,
                kept=kept,
            )  # fmt: skip
            made = _unit(filler, table.name, around)
            if made:
                for one, rows in made.items():
                    kept.setdefault(one, []).extend(rows)
                yield scene.parcel(name, hospital, made, around.at, posted=True)


def _unit(filler: Filler, root: str, around: Around) -> dict[str, list[Row]]:
    """One row of a table with the rows that hang on it, mended; nothing when it cannot be right."""
    contract: Contract = filler.contract
    table = contract.table(root)
    assert table is not None
    first = filler.row(table, around)
    made: dict[str, list[Row]] = {root: [first]}
    for member in layout.members(contract, table):
        if member.name == root:
            continue
        count = around.random.randint(*CHILDREN)
        made[member.name] = []
        for at in range(count):
            around.number = around.number + at
            link = {member.link: first.get(member.link, "")} if member.link else {}
            made[member.name].append(filler.row(member, around, link))
    made = filler.mended(made, around, around.at, around.facility)
    return made if made.get(root) else {}
