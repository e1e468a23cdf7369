"""One visit as a hospital sent it in the form of its day: QD 4210, QD 130, QD 4750 or QD 3176 (all values invented)."""

from __future__ import annotations

import base64
import copy
import re
from typing import Any

from lienthong.contracts import versions
from lienthong.contracts.contract import Contract
from tests.spec.care_records import Tables, Visit, cells, visit_tables

_DATE = re.compile(r"2026(03|12|01)(\d\d)(\d{4})?")


def visit_of(year: int, number: int = 1, name: str = "inpatient") -> Tables:
    """The right inpatient visit of March 2026, moved to March of another year."""
    tables = copy.deepcopy(visit_tables(name))
    for rows in tables.values():
        for row in rows:
            for field, value in row.items():
                if value is not None:
                    row[field] = _DATE.sub(rf"{year}\1\2\3", str(value))
    first = tables["XML1"][0]
    first["NAM_QT"] = str(year)
    if year < 2026:
        first |= {"MAHUYEN_CU_TRU": "001", "MAXA_CU_TRU": "00001"}
    visit = Visit(name, tables, number=number)
    return {table: [cells(visit, row) for row in rows] for table, rows in visit.tables.items()}


def without(tables: Tables, contract: Contract, version: str) -> Tables:
    """The tables without what a version does not have."""
    form = versions.at(contract, version)
    kept = {}
    for name, rows in tables.items():
        table = form.table(name)
        if table is not None:
            names = {field.properties.get("field", field.name) for field in table.fields}
            kept[name] = [{k: v for k, v in row.items() if k in names} for row in rows]
    return kept


def hoso(contract: Contract, tables: Tables, version: str) -> str:
    """One HOSO in the form of a version: its names, every one of them, empty when there is no value."""
    form = versions.at(contract, version)
    files = []
    for name, rows in tables.items():
        table = form.table(name)
        assert table is not None, f"{name} is no table of {version}"
        shape = table.xml
        bodies = []
        for row in rows:
            known = {field.properties.get("field", field.name) for field in table.fields}
            told = [
                (field.name, row.get(field.properties.get("field", field.name)))
                for field in table.fields
            ] + [(extra, value) for extra, value in row.items() if extra not in known]
            bodies.append("".join(f"<{tag}>{value or ''}</{tag}>" for tag, value in told))
        if shape.get("row"):
            bodies = [f"<{shape['row']}>{body}</{shape['row']}>" for body in bodies]
        body = "".join(bodies)
        root = shape["root"]
        if version == "4210" and shape.get("otherRoots"):
            root = shape["otherRoots"][0]
        elif shape.get("list"):
            body = f"<{shape['list']}>{body}</{shape['list']}>"
        content = base64.b64encode(f"<{root}>{body}</{root}>".encode()).decode()
        files.append(
            f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"
        )
    return f"<HOSO>{''.join(files)}</HOSO>"


def envelope(*parts: str, day: str = "20260305") -> bytes:
    """The file around the dossiers."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI>'
        f"<THONGTINHOSO><NGAYLAP>{day}</NGAYLAP><SOLUONGHOSO>{len(parts)}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{''.join(parts)}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def findings(checked: Any) -> set[str]:
    """What a check found, as `RULE TABLE.FIELD` of errors and warnings; lateness and the missing signature aside."""
    return {
        f"{one.rule} {one.table}.{one.field}"
        for one in checked.findings()
        if one.severity != "information" and one.rule not in ("TIM-02", "TIM-03", "ENV-08")
    }
