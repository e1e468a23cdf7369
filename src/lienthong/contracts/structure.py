"""Whether a file has the shape of the Open Data Contract Standard: keys, kinds of values, required parts."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any

import pydantic
from open_data_contract_standard import model as odcs

from lienthong.contracts.faults import ContractError
from lienthong.contracts.quality_items import OLD_ARGUMENTS
from lienthong.contracts.yaml_lines import LinedDocument, Path

REQUIRED = ("apiVersion", "kind", "id", "version", "status")
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")


def structure_errors(document: LinedDocument, file: str) -> list[ContractError]:
    """Every place where the document is not an ODCS v3 contract."""
    if not isinstance(document.value, dict):
        return [ContractError(file, 1, "the file holds no contract", "apiVersion, kind, id, ...")]
    errors = [
        ContractError(
            file, document.line(path), "'%(key)s' stands twice", "", {"key": str(path[-1])}
        )
        for path in document.duplicates
    ]
    errors += _head_errors(document, file)
    errors += _unknown_keys(document, file, document.value, odcs.OpenDataContractStandard, ())
    try:
        odcs.OpenDataContractStandard.model_validate(document.value)
    except pydantic.ValidationError as refused:
        for problem in refused.errors():
            path = tuple(problem["loc"])
            values = {"place": _shown(path), "expected": problem["msg"]}
            wrong = "%(place)s is of another kind"
            errors.append(ContractError(file, document.line(path), wrong, problem["msg"], values))
    return errors


def _head_errors(document: LinedDocument, file: str) -> list[ContractError]:
    head = document.value
    errors = [
        ContractError(file, 1, "'%(key)s' is missing", f"{key}: ...", {"key": key})
        for key in REQUIRED
        if head.get(key) in (None, "")
    ]
    for key, allowed in (("kind", ("DataContract",)), ("apiVersion", API_VERSIONS)):
        value = head.get(key)
        if value is not None and value not in allowed:
            values = {"key": key, "value": value}
            line = document.line((key,))
            wrong = "%(key)s is '%(value)s'"
            errors.append(ContractError(file, line, wrong, ", ".join(allowed), values))
    return errors


def _unknown_keys(
    document: LinedDocument, file: str, value: Any, model: type[pydantic.BaseModel], path: Path
) -> list[ContractError]:
    """Keys that the standard does not know: usually a slip of the pen that would be ignored in silence."""
    if not isinstance(value, dict):
        return []
    known = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    errors = []
    for key, inner in value.items():
        below = (*path, key)
        if key not in known and not (model is odcs.DataQuality and key in OLD_ARGUMENTS):
            near = difflib.get_close_matches(key, known, n=3) or sorted(known)
            values = {"key": key, "place": _shown(path) or file}
            wrong = "the standard has no '%(key)s' in %(place)s"
            line = document.line(below)
            errors.append(ContractError(file, line, wrong, ", ".join(near), values))
            continue
        inner_model = _model_of(known.get(key))
        if inner_model is None:
            continue
        items = enumerate(inner) if isinstance(inner, list) else [(None, inner)]
        for index, item in items:
            place = below if index is None else (*below, index)
            errors += _unknown_keys(document, file, item, inner_model, place)
    return errors


def _model_of(annotation: Any) -> type[pydantic.BaseModel] | None:
    """The one model inside an annotation such as `list[Server] | None`; None when there are several."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    if isinstance(annotation, (typing.ForwardRef, str)):
        name = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        return getattr(odcs, name, None)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, list):
        found = {_model_of(part) for part in typing.get_args(annotation)} - {None}
        return found.pop() if len(found) == 1 else None
    return None


def _shown(path: Path) -> str:
    """A path as a person reads it: schema[0].properties[3].required."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text
