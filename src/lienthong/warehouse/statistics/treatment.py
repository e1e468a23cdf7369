"""What becomes of each field in a reading for statistics: left out, renamed, made coarser or kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from lienthong.contracts.contract import Field, Table
from lienthong.contracts.rules.casts import literal, quoted

Kind = Literal["drop", "pseudonym", "year_band", "month", "keep"]
DECLARED = Path(str(resources.files("lienthong") / "declared" / "deidentification.yaml"))
DATED = ("date", "timestamp")
CODE = r"[0-9\p{L}][0-9\p{L}.,;:+*/_†|-]{0,63}"
NUMBER = r"(^|[^0-9])0[0-9]{9}([0-9]{2})?($|[^0-9])|[0-9]{13}"
"""What codes look like, and what numbers of persons, telephones and insurance cards look like."""
_DATE_FORMATS = ("date8", "datetime12", "birth", "iso", "dd/", "yyyy", "%")


class Policy(msgspec.Struct, frozen=True):
    """`deidentification.yaml`."""

    version: str
    least_group: int
    most_suppressed: float
    band_years: int
    evidence: str
    roles: dict[str, list[str]]
    quasi_identifiers: list[str]
    places: list[str]
    persons: list[str]
    sensitivity: dict[str, str]


class Treated(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a release: what was done, and whether others may know its value of a person (`quasi`)."""

    field: str
    treatment: Kind
    quasi: bool = False
    person: bool = False
    why: str = ""


@cache
def policy(path: Path = DECLARED) -> Policy:
    """The declared policy."""
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Policy)


def treat(table: Table, using: Policy, *, drop: frozenset[str] = frozenset()) -> list[Treated]:
    """The treatment of every field of a table; `drop` are fields left out besides."""
    treated = [_treat(field, using, field.name in drop) for field in table.fields]
    if not _about_persons(table, using):
        return treated
    return [
        msgspec.structs.replace(one, quasi=True)
        if one.treatment != "drop" and (field.identity_role or "") in using.places
        else one
        for field, one in zip(table.fields, treated, strict=True)
    ]


def _about_persons(table: Table, using: Policy) -> bool:
    return any(
        field.sensitivity in ("personal", "sensitive") or field.identity_role in using.persons
        for field in table.fields
    )


def _treat(field: Field, using: Policy, dropped: bool) -> Treated:
    if dropped:
        return Treated(field=field.name, treatment="drop", why="asked")
    role = field.identity_role or ""
    for treatment, names in using.roles.items():
        if role in names:
            return Treated(
                field=field.name,
                treatment=msgspec.convert(treatment, Kind),
                quasi=role in using.quasi_identifiers,
                person=role in using.persons and treatment == "pseudonym",
                why=role,
            )
    coded = _is_coded(field)
    if field.sensitivity == "personal" and coded and not role:
        kind = using.sensitivity["personal_coded"]
        return Treated(
            field=field.name, treatment=_as(kind, field, coded), quasi=True, why="personal"
        )
    # A role that nobody declared names something of a person that we do not know: it is left out.
    kind = "drop" if role else using.sensitivity[field.sensitivity]
    return Treated(field=field.name, treatment=_as(kind, field, coded), why=field.sensitivity)


def _as(kind: str, field: Field, coded: bool) -> Kind:
    if kind == "keep_coded":
        if is_dated(field):
            return "month"
        return "keep" if coded else "drop"
    return msgspec.convert(kind, Kind)


def _is_coded(field: Field) -> bool:
    return bool(field.code_list or field.values) or field.type in ("integer", "number", "boolean")


def is_dated(field: Field) -> bool:
    """Whether a field holds a date in any form."""
    written = str(field.format or field.properties.get("format") or "").lower()
    return field.type in DATED or any(form in written for form in _DATE_FORMATS)


def sql(
    field: Field,
    treated: Treated,
    using: Policy,
    key: tuple[str, str],
    decided: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """SQL of a field's value in a release; `key` are the two halves of the release's secret (hexadecimal).

    `decided` are codes of no list that an official reads as one of it: a release counts them as that one.
    """
    cell = quoted(field.name)
    if treated.treatment == "keep":
        return _code(field, _mapped(field, cell, decided or {}))
    if treated.treatment == "pseudonym":
        inner, outer = (literal(half) for half in key)
        name = f"trim(CAST({cell} AS VARCHAR))"
        hashed = f"sha256({outer} || sha256({inner} || {name}))"
        return f"CASE WHEN {name} <> '' THEN substr({hashed}, 1, 20) END"
    digits = f"regexp_replace(CAST({cell} AS VARCHAR), '[^0-9]', '', 'g')"
    if treated.treatment == "year_band":
        year = f"TRY_CAST(substr({digits}, 1, 4) AS INTEGER)"
        band = using.band_years
        return f"CASE WHEN {year} BETWEEN 1850 AND 2150 THEN {year} - {year} % {band} END"
    return f"CASE WHEN length({digits}) >= 6 THEN substr({digits}, 1, 6) END"


def _mapped(field: Field, cell: str, decided: Mapping[tuple[str, str], str]) -> str:
    read = {code: target for (name, code), target in decided.items() if name == field.code_list}
    if not read or field.type != "string":
        return cell
    cases = " ".join(
        f"WHEN {literal(code)} THEN {literal(target)}" for code, target in sorted(read.items())
    )
    return f"(CASE trim({cell}) {cases} ELSE {cell} END)"


def _code(field: Field, cell: str) -> str:
    """A kept code; what a sender wrote in its place and no code looks like (a name, a telephone number) is left out."""
    if field.type != "string" or field.identity_role or field.sensitivity == "public":
        return cell
    return (
        f"CASE WHEN regexp_full_match({cell}, {literal(CODE)})"
        f" AND NOT regexp_matches({cell}, {literal(NUMBER)}) THEN {cell} END"
    )


def described(treated: list[Treated]) -> list[dict[str, Any]]:
    """The treatments as the release says them."""
    return [msgspec.to_builtins(one) for one in treated]
