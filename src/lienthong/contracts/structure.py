"""Whether a file has the shape of the Open Data Contract Standard: keys, kinds of values, required parts."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any

import pydantic
from open_data_contract_standard import model as odcs

from lienthong.contracts.faults import ContractError
from lienthong.contracts.yaml_lines import LinedDocument, Path

REQUIRED = ("apiVersion", "kind", "id", "version", "status")
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")


def structure_errors(document: LinedDocument, file: str) -> list[ContractError]:
    """Every place where the document is not an ODCS v3 contract."""
    if not isinstance(document.value, dict):
        return [
            ContractError(
                file, 1, "the file holds no contract", "a mapping with apiVersion, kind, ..."
            )
        ]
    errors = [
        ContractError(file, document.line(path), f"'{path[-1]}' stands twice", "keep one of them")
        for path in document.duplicates
    ]
    for key in REQUIRED:
        if document.value.get(key) in (None, ""):
            errors.append(ContractError(file, 1, f"'{key}' is missing", f"add '{key}: ...'"))
    errors += _head_errors(document, file)
    errors += _unknown_keys(document, file, document.value, odcs.OpenDataContractStandard, ())
    try:
        odcs.OpenDataContractStandard.model_validate(document.value)
    except pydantic.ValidationError as refused:
        for problem in refused.errors():
            path = tuple(problem["loc"])
            wrong = f"{_shown(path)}: {problem['msg'].lower()}"
            errors.append(ContractError(file, document.line(path), wrong))
    return errors


def _head_errors(document: LinedDocument, file: str) -> list[ContractError]:
    errors = []
    head = document.value
    if head.get("kind") not in (None, "DataContract"):
        wrong = f"kind is '{head['kind']}'"
        errors.append(ContractError(file, document.line(("kind",)), wrong, "DataContract"))
    version = head.get("apiVersion")
    if version is not None and version not in API_VERSIONS:
        wrong = f"apiVersion is '{version}'"
        errors.append(
            ContractError(file, document.line(("apiVersion",)), wrong, ", ".join(API_VERSIONS))
        )
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
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3) or sorted(known)
            wrong = f"ODCS has no '{key}' in {_shown(path) or 'the contract'}"
            errors.append(
                ContractError(file, document.line(below), wrong, "known: " + ", ".join(near))
            )
            continue
        inner_model = _model_of(known[key])
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
