"""Which form a procedure has: its own contract where one is declared, beside the applicant's form that all share.

Contracts stand in declared/dossiers/forms/<name>.odcs.yaml, an official's own in LIENTHONG_HOME/forms over them. The
property `procedures` of a contract names the procedures whose form it is.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from lienthong import settings
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import CodeValue, Contract, Field, Table
from lienthong.contracts.reading import SUFFIX
from lienthong.contracts.rules.cache import cached_contract
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.findings import Text

APPLICANT = "applicant"
"""The name of the applicant's contract, and the first part of the names of its inputs on a page."""

LONG = 400
"""From this many characters on a field is written in several lines."""

Kind = Literal["text", "long", "date", "number", "choice", "choices", "yes_no"]


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field as a page shows it. `input` names it in what is posted: applicant.name, form.SO_GPHD.

    `choices` are the values of its closed list; several of them are posted under the same name (`choices`).
    `prefill` are the places of the databases that know it (contract.table.field), `asks` the key that it is for
    looking there (person, facility, …). `group` is the name of its part of the form.
    """

    input: str
    part: Literal["applicant", "form"]
    name: str
    label: Text
    kind: Kind
    hint: Text = {}
    required: bool = False
    max_length: int | None = None
    choices: tuple[CodeValue, ...] = ()
    prefill: tuple[str, ...] = ()
    asks: str = ""
    group: Text = {}
    evidence: str = ""
    sensitivity: str = "personal"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The form of one procedure: the applicant's part and its own (None where no form was described yet)."""

    procedure: str
    applicant: CompiledContract
    own: CompiledContract | None = None

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """Its contracts, the applicant's first."""
        return tuple(one.contract for one in (self.applicant, self.own) if one is not None)

    def part_of(self, table: str) -> str:
        """The part of the form (applicant, form) that a table's finding is about."""
        return "applicant" if self.applicant.contract.table(table) else "form"


def forms(home: Path | None = None) -> dict[str, Path]:
    """The form contracts at hand: name to file; those of the data folder lie over the declared ones."""
    own = (home or settings.read().home) / "forms"
    return _shipped() | (_files(own) if own.is_dir() else {})


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Path]:
    return _files(Path(str(resources.files("lienthong") / "declared" / "dossiers" / "forms")))


def _files(folder: Path) -> dict[str, Path]:
    return {file.name.removesuffix(SUFFIX): file for file in sorted(folder.glob(f"*{SUFFIX}"))}


def form_of(procedure: str, home: Path | None = None) -> Form:
    """The form of a procedure code; without one of its own it is the applicant's part alone.

    Raises ContractErrors when an official's own form contract is wrong.
    """
    own = (home or settings.read().home) / "forms"
    added = _files(own) if own.is_dir() else {}
    state = tuple((name, str(file), file.stat().st_mtime_ns) for name, file in added.items())
    applicant, by_procedure = _read(state)
    return Form(procedure=procedure, applicant=applicant, own=by_procedure.get(procedure))


@lru_cache(maxsize=4)
def _read(
    state: tuple[tuple[str, str, int], ...],
) -> tuple[CompiledContract, dict[str, CompiledContract]]:
    files = {name: str(file) for name, file in _shipped().items()}
    files |= {name: file for name, file, _ in state}
    compiled = {name: cached_contract(file) for name, file in files.items()}
    applicant = compiled.pop(APPLICANT)
    return applicant, {
        str(procedure): one
        for one in compiled.values()
        for procedure in one.contract.properties.get("procedures") or ()
    }


def fields(form: Form, codes: Codes | None = None) -> list[FormField]:
    """The fields of a form in the order in which they are asked, the applicant's first."""
    lists = codes or _codes()
    return [
        _field(one, "applicant" if at == 0 else "form", lists, main_table(contract).label)
        for at, contract in enumerate(form.contracts)
        for one in main_table(contract).fields
    ]


def main_table(contract: Contract) -> Table:
    """The table whose one row is the form."""
    return contract.tables[0]


def _field(
    field: Field, part: Literal["applicant", "form"], codes: Codes, group: Text
) -> FormField:
    choices = field.values
    if not choices and field.code_list and codes.has(field.code_list):
        choices = tuple(
            CodeValue(value=one.code, label=one.label) for one in codes.codes(field.code_list)
        )
    own = field.properties
    return FormField(
        input=f"{part}.{field.name}",
        part=part,
        name=field.name,
        label=field.label,
        kind=_kind(field, bool(choices)),
        hint=own.get("hint") or {},
        required=field.required,
        max_length=field.max_length,
        choices=choices,
        prefill=tuple(str(place) for place in own.get("prefill") or ()),
        asks=str(own.get("prefillKey") or ""),
        group=group,
        evidence=field.evidence or "",
        sensitivity=field.sensitivity,
    )


def _kind(field: Field, listed: bool) -> Kind:
    if listed:
        return "choices" if field.separator else "choice"
    kinds: dict[str, Kind] = {
        "date": "date",
        "integer": "number",
        "number": "number",
        "boolean": "yes_no",
    }
    if field.type in kinds:
        return kinds[field.type]
    return "long" if (field.max_length or 0) > LONG else "text"


@lru_cache(maxsize=1)
def _codes() -> Codes:
    return Codes()
