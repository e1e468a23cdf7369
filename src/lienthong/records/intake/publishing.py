"""What was kept goes to the feed of changes, with how long it took, in the transaction that keeps it.

Written last before the counts: readers of the feed wait for whoever is between his first change and his commit.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import psycopg

from lienthong import clock
from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.python_casts import caster
from lienthong.records.feed import bundles
from lienthong.records.feed.delays import Delays, between, class_of, class_sql
from lienthong.records.feed.events import event_field, event_of, event_sql
from lienthong.records.intake.keeping import Arrival
from lienthong.records.intake.single.settling import Place
from lienthong.records.intake.units import Batch, Group
from lienthong.records.intake.verdicts import verdict
from lienthong.records.intake.withholding import withheld


def publish_batch(conn: psycopg.Connection[Any], batch: Batch, arrival: Arrival) -> None:
    """The records of a batch that are new or changed."""
    made, now = Delays(), clock.now()
    for group in batch.groups:
        if group.root in group.tables:
            _publish_group(conn, batch, group, arrival, now, made)
    made.write(conn)


def _publish_group(
    conn: psycopg.Connection[Any],
    batch: Batch,
    group: Group,
    arrival: Arrival,
    now: datetime,
    made: Delays,
) -> None:
    root, con, received = group.root, batch.con, arrival.waiting_since or arrival.received
    changes = quoted(f"change_{root.name}")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {changes} AS SELECT r._root, r._key AS key, r._province AS province,"
        f" v._version AS version, {event_sql(root, 't')} AS event FROM {group.record} r"
        f" JOIN {verdict(group)} v ON v._root = r._root AND v.state <> 'unchanged'"
        f" JOIN {quoted('typed_' + root.name)} t ON t._row = r._root"
        f" WHERE r._root NOT IN (SELECT _root FROM {withheld(group)})"
    )
    came = bundles.Came(
        contract=batch.contract.name,
        table=root.name,
        sender=arrival.sender,
        receipt=arrival.receipt,
        received=received,
        kept=now,
    )
    bundles.copy_bundles(conn, con, f"SELECT * FROM {changes}", came)
    waited = class_sql(f"{bundles.microseconds(received)} - event")
    counted = con.execute(
        f"SELECT province, CASE WHEN event IS NOT NULL THEN {waited} END AS at, count(*) FROM {changes} GROUP BY 1, 2"
    ).fetchall()
    for province, at, number in counted:
        _add(made, came, province, at, number)


def _add(
    made: Delays, came: bundles.Came, province: str, waited: int | None, number: int = 1
) -> None:
    received = clock.local(came.received).date()
    kept = clock.local(came.kept).date()
    whose = came.contract, came.sender, province
    if waited is not None:
        made.add(*whose, received, "received", waited, number)
    made.add(*whose, kept, "kept", class_of(between(came.received, came.kept)), number)


def publish_places(conn: psycopg.Connection[Any], places: list[Place]) -> None:
    """The records among units in memory that are new or changed, whatever their receipts and contracts."""
    made, now = Delays(), clock.now()
    by_receipt: dict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for place in places:
        if place.state in ("new", "changed") and not place.withheld:
            unit = place.unit
            by_receipt[place.receipt, unit.contract.name, unit.root.name].append(place)
    singles = []
    for those in by_receipt.values():
        came = _came(those[0], now)
        lines = [_line(place) for place in those]
        for (province, _, _, event), place in zip(lines, those, strict=True):
            waited = None
            if event is not None:
                waited = class_of(bundles.microseconds(place.unit.received) - event)
            _add(made, came, province, waited)
        if len(lines) == 1:
            province, key, version, event = lines[0]
            singles.append(
                bundles.Single(came=came, province=province, key=key, version=version, event=event)
            )
        else:
            bundles.insert_several(conn, came, lines)
    bundles.insert_singles(conn, singles)
    made.write(conn)


def _came(place: Place, now: datetime) -> bundles.Came:
    unit = place.unit
    return bundles.Came(
        contract=unit.contract.name,
        table=unit.root.name,
        sender=unit.sender,
        receipt=place.receipt,
        received=unit.received,
        kept=now,
    )


def _line(place: Place) -> tuple[str, str, int, int | None]:
    unit = place.unit
    own = unit.rows.get(unit.root.name, [])
    event = _event(unit.root, own[0]) if own else None
    return unit.province, unit.key or "", place.version, event


def _event(root: Table, row: dict[str, str | None]) -> int | None:
    field = event_field(root)
    text = row.get(field.name) if field is not None else None
    if field is None or text is None:
        return None
    read = caster(field.type, field.format)
    return event_of(field, read(text) if read is not None else text)
