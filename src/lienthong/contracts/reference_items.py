"""ODCS relationships as our references: which fields of a table must be found in which fields of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lienthong.contracts.contract import Reference

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper


def map_references(
    mapper: Mapper, schema: dict[str, Any], path: tuple[Any, ...]
) -> list[Reference]:
    """The foreign keys of a table, those of its properties first; one that makes no sense is a mistake."""
    found = []
    for relation, start, place in _relations(schema, path):
        ends = relation.get("to")
        ends = [str(end) for end in (ends if isinstance(ends, list) else [ends]) if end]
        starts = start if isinstance(start, list) else [start]
        fields = tuple(_end(mapper, str(name), schema)[1] for name in starts if name)
        parts = [_end(mapper, end) for end in ends]
        if not fields or len(fields) != len(ends) or len({target for target, _ in parts}) != 1:
            mapper.wrong(
                place,
                "the relationship of %(name)s points to '%(target)s'",
                "to: <table>.<field>",
                name=", ".join(fields) or schema.get("name"),
                target=", ".join(ends),
            )
            continue
        found.append(
            Reference(
                fields=fields,
                target=parts[0][0],
                ends=tuple(end for _, end in parts),
                written=", ".join(ends),
                line=mapper.document.line(place),
            )
        )
    return found


def _relations(
    schema: dict[str, Any], path: tuple[Any, ...]
) -> Iterator[tuple[dict[str, Any], Any, tuple[Any, ...]]]:
    """(relationship, where it starts, its path) of a table and its properties; other kinds are no keys."""
    for number, item in enumerate(schema.get("properties") or ()):
        for index, relation in enumerate(item.get("relationships") or ()):
            if relation.get("type") in (None, "foreignKey"):
                yield (
                    relation,
                    item.get("name"),
                    (*path, "properties", number, "relationships", index),
                )
    for index, relation in enumerate(schema.get("relationships") or ()):
        if relation.get("type") in (None, "foreignKey"):
            yield relation, relation.get("from"), (*path, "relationships", index)


def _end(mapper: Mapper, written: str, own: dict[str, Any] | None = None) -> tuple[str, str]:
    """(table, field) of `table.field`, of a bare field of the `own` table or of `/schema/id/properties/id`.

    The table is empty when the reference leaves the contract or says nothing we know.
    """
    if "/" in written or "#" in written:
        return _by_ids(mapper, written)
    table, _, field = written.rpartition(".")
    return (table or str((own or {}).get("name") or ""), field)


def _by_ids(mapper: Mapper, written: str) -> tuple[str, str]:
    parts = written.strip("/").split("/")
    if "#" in written or len(parts) != 4 or parts[0] != "schema" or parts[2] != "properties":
        return "", written
    for schema in mapper.document.value.get("schema") or ():
        if parts[1] in (schema.get("id"), schema.get("name")):
            for item in schema.get("properties") or ():
                if parts[3] in (item.get("id"), item.get("name")):
                    return str(schema.get("name")), str(item.get("name"))
    return "", written
