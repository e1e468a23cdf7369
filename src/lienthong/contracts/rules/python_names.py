"""Which Python stands for which piece of SQL: operators, and the functions of `python_values` by their names."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

ORDER: dict[Any, str] = {
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.EQ: "==",
    exp.NEQ: "!=",
}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
BINARY: dict[Any, str] = {
    exp.Add: "add",
    exp.Sub: "subtract",
    exp.Mul: "multiply",
    exp.Div: "divide",
    exp.Mod: "remainder",
    exp.DPipe: "joined",
}
UNARY = {
    exp.Neg: "negative",
    exp.Abs: "absolute",
    exp.Floor: "floored",
    exp.Ceil: "ceiled",
    exp.Length: "length",
    exp.Upper: "upper",
    exp.Lower: "lower",
    exp.Trim: "trim",
    exp.ArrayDistinct: "distinct_parts",
}
CASTS = {
    "BIGINT": "integer",
    "INT": "integer",
    "DOUBLE": "number",
    "FLOAT": "number",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "BOOLEAN": "boolean",
}
AGGREGATES: dict[Any, str] = {exp.Sum: "total", exp.Min: "smallest", exp.Max: "largest"}
