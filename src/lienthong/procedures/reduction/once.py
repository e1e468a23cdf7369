"""Papers asked for although a database holds them: found from components and contracts, decided by officials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from lienthong import audit, clock
from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.findings import Text
from lienthong.procedures.lists.rules import folded
from lienthong.procedures.procedure import Component, Procedure
from lienthong.procedures.reduction.cost import Costs, costs


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a paper and the place that holds what it says."""

    words: tuple[str, ...]
    place: str


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/reduction/once.yaml."""

    said_now: tuple[str, ...]
    least_words: int
    unusual: tuple[str, ...]
    pairs: tuple[Pair, ...]


@lru_cache(maxsize=1)
def matching() -> Matching:
    """The pairs as declared."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "procedures", "reduction", "once.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Matching, strict=False)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One paper of one procedure and the place that replaces it.

    `how`: resolution (the law replaces it already), result (another procedure issues it), words (declared pair),
    label (the name of a table or field stands in the name of the paper), form (a field of the procedure's form that
    says itself where it is known). `matched` is what was found in it.
    """

    code: str
    procedure: str
    component: str
    place: str
    how: str
    matched: str
    label: Text
    evidence: str


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a contract with its name: what a database holds."""

    place: str
    label: Text
    words: str


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What the Office said of a proposal."""

    code: str
    component: str
    place: str
    state: str
    reason: str
    decided_by: str
    decided_at: datetime


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What one paper less would have saved last year: dossiers, hours and working days of applicants, dong."""

    papers: int
    dossiers: int
    hours: Decimal
    days: Decimal
    money: Decimal


def holdings(contracts: Mapping[str, Contract]) -> list[Holding]:
    """What the databases hold under a name of enough words: tables and fields, by place."""
    known = matching()
    found: list[Holding] = []
    for contract in contracts.values():
        for table in contract.tables:
            places = [
                (table.name, table.label),
                *((f"{table.name}.{f.name}", f.label) for f in table.fields),
            ]
            for name, label in places:
                words = folded(label.get("vi", ""))
                if len(words.split()) >= known.least_words and words not in known.unusual:
                    found.append(Holding(place=f"{contract.name}.{name}", label=label, words=words))
    return sorted(found, key=lambda one: (-len(one.words), one.place))


def proposals(procedures: Iterable[Procedure], contracts: Mapping[str, Contract]) -> list[Proposal]:
    """All papers that data already replace, by procedure; the strongest reason of each paper only."""
    listed = list(procedures)
    held = holdings(contracts)
    issued = {result.code: one for one in listed for result in one.results if result.code}
    found = []
    for one in listed:
        seen: set[str] = set()
        for component in one.components:
            name = component.name.get("vi", "")
            if folded(name) in seen:
                continue
            seen.add(folded(name))
            found.extend(list(_of(one, component, contracts, held, issued))[:1])
    return found


def _of(
    one: Procedure,
    component: Component,
    contracts: Mapping[str, Contract],
    held: list[Holding],
    issued: Mapping[str, Procedure],
) -> Iterator[Proposal]:
    name = component.name.get("vi", "")
    words = folded(name)

    def made(place: str, how: str, matched: str, label: Text, evidence: str) -> Proposal:
        return Proposal(
            code=one.code, procedure=one.name.get("vi", ""), component=name, place=place, how=how,
            matched=matched, label=label, evidence=evidence,
        )  # fmt: skip

    if component.data:
        yield made(component.data, "resolution", component.data, {"vi": component.data}, "attested")
    other = issued.get(component.result_code)
    if other is not None and component.result_code and other.code != one.code:
        yield made(other.code, "result", component.result_code, other.name, "inferred")
    if not words or any(
        words == start or words.startswith(f"{start} ") for start in matching().said_now
    ):
        return
    for pair in matching().pairs:
        hit = next((said for said in pair.words if f" {said} " in f" {words} "), None)
        label = label_of(pair.place, contracts)
        if hit and label is not None:
            yield made(pair.place, "words", hit, label, "inferred")
    for holding in held:
        if f" {holding.words} " in f" {words} ":
            yield made(holding.place, "label", holding.words, holding.label, "inferred")


def asked_again(
    forms: Mapping[str, Contract], names: Mapping[str, str], contracts: Mapping[str, Contract]
) -> list[Proposal]:
    """Fields of forms, by procedure code, that a database knows: what the form declares, where the place exists."""
    found = []
    for code, form in sorted(forms.items()):
        for field in (field for table in form.tables for field in table.fields):
            for place in field.properties.get("prefill") or ():
                label = label_of(str(place), contracts)
                if label is not None:
                    found.append(
                        Proposal(
                            code=code, procedure=names.get(code, ""), component=field.label.get("vi", field.name),
                            place=str(place), how="form", matched=field.name, label=label,
                            evidence=field.evidence or "inferred",
                        )
                    )  # fmt: skip
                    break
    return found


def label_of(place: str, contracts: Mapping[str, Contract]) -> Text | None:
    """The name of contract.table.field; None when there is no such place."""
    name, _, rest = place.partition(".")
    table_name, _, field_name = rest.partition(".")
    contract = contracts.get(name)
    table = contract.table(table_name) if contract else None
    if table is None or (field_name and table.field(field_name) is None):
        return None
    field = table.field(field_name) if field_name else None
    languages = ("vi", "en", "fr")
    return {
        one: " · ".join(
            part
            for part in (
                table.label.get(one, table.name),
                field.label.get(one, "") if field else "",
            )
            if part
        )
        for one in languages
    }


def worth(
    those: Iterable[Proposal], dossiers: Mapping[str, int], data: Costs | None = None
) -> Worth:
    """What these papers cost last year's applicants, by the declared worth of one paper; a field of a form is none."""
    known = data or costs()
    listed = [one for one in those if one.how != "form"]
    times = sum(dossiers.get(one.code, 0) for one in listed)
    hours = known.paper.hours * times
    return Worth(
        papers=len(listed),
        dossiers=sum(dossiers.get(code, 0) for code in {one.code for one in listed}),
        hours=hours,
        days=hours / known.hours_per_day,
        money=hours * known.wage.dong_per_hour + known.paper.outlay * times,
    )


def decided(conn: psycopg.Connection[Any]) -> dict[tuple[str, str, str], Decided]:
    """What the Office said, by code, component and place."""
    with conn.cursor(row_factory=class_row(Decided)) as cursor:
        rows = cursor.execute(
            "SELECT code, component, place, state, reason, decided_by, decided_at FROM office.once"
        ).fetchall()
    return {(one.code, one.component, one.place): one for one in rows}


def decide(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    given: Proposal,
    state: str,
    reason: str,
) -> None:
    """Accept or refuse a proposal, with a reason; a later word replaces it. Raises Refused."""
    if state not in ("accepted", "refused"):
        raise Refused("ONCE-STATE", "Choose one of: %(states)s.", states="accepted, refused")
    if len(reason.strip()) < 5:
        raise Refused("ONCE-REASON", "Say in a sentence why it is decided so.")
    conn.execute(
        "INSERT INTO office.once (code, component, place, state, reason, decided_by, decided_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (code, component, place) DO UPDATE SET"
        " state = excluded.state, reason = excluded.reason, decided_by = excluded.decided_by,"
        " decided_at = excluded.decided_at",
        [
            given.code,
            given.component,
            given.place,
            state,
            reason.strip()[:1000],
            _id(actor),
            clock.now(),
        ],
    )
    audit.write(
        conn,
        actor,
        "office.once_decided",
        {"code": given.code, "place": given.place, "state": state},
    )


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
