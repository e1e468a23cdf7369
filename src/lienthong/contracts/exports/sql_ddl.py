"""A contract as PostgreSQL tables, for a system that wants the same shape in its own database."""

from __future__ import annotations

from lienthong.contracts.contract import Contract, Field, Table

COLUMN_TYPES = {
    "string": "text",
    "integer": "bigint",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "time": "time",
}


def sql_ddl(contract: Contract) -> str:
    """CREATE statements with comments; what a row rule asks stays with the checks, not the table."""
    schema = _name(contract.name)
    parts = [
        f"-- {contract.name} {contract.version}",
        f"CREATE SCHEMA IF NOT EXISTS {schema};",
    ]
    for table in contract.tables:
        parts += _table(schema, table)
    return "\n".join(parts) + "\n"


def _table(schema: str, table: Table) -> list[str]:
    lines = [_column(field, field.name in table.key) for field in table.fields]
    if table.key:
        lines.append(f"  PRIMARY KEY ({', '.join(_name(name) for name in table.key)})")
    target = f"{schema}.{_name(table.name)}"
    statements = [f"CREATE TABLE {target} (", ",\n".join(lines), ");"]
    if table.label:
        statements.append(f"COMMENT ON TABLE {target} IS {_literal(table.label['vi'])};")
    for field in table.fields:
        if field.label:
            column = f"{target}.{_name(field.name)}"
            statements.append(f"COMMENT ON COLUMN {column} IS {_literal(field.label['vi'])};")
    return statements


def _column(field: Field, in_key: bool) -> str:
    kind = COLUMN_TYPES[field.type]
    if field.type == "string" and field.max_length:
        kind = f"varchar({field.max_length})"
    null = " NOT NULL" if (field.required and field.always) or in_key else ""
    check = ""
    if field.values and not field.separator:
        listed = ", ".join(_literal(value.value) for value in field.values)
        check = f" CHECK ({_name(field.name)} IN ({listed}))"
    return f"  {_name(field.name)} {kind}{null}{check}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
