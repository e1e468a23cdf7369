"""Soft casts that several rules of a table ask for, computed once per row and given a name.

Half of the care rules turn the same eight characters into a date; written out in every rule they cost the
planner more time than the rows cost the engine.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from lienthong.contracts.rules.compiled_form import CompiledRule, Shared

_CALL = re.compile(r"\bSOFT_(?:INTEGER|NUMBER|DATE|TIMESTAMP|BOOLEAN)\(", re.IGNORECASE)


def hoist(rules: tuple[CompiledRule, ...]) -> tuple[tuple[CompiledRule, ...], tuple[Shared, ...]]:
    """The rules with their soft casts of row columns named, and the casts (`local` rules only)."""
    names: dict[str, Shared] = {}
    out = []
    for rule in rules:
        if rule.how == "local" and rule.portable:
            sql = rule.sql
            while (found := _innermost(sql, names)) is not None:
                sql = found
            rule = replace(rule, sql=sql)
        out.append(rule)
    return tuple(out), tuple(names.values())


def _innermost(sql: str, names: dict[str, Shared]) -> str | None:
    """The SQL with one call replaced: one whose argument holds no other call and no named one."""
    for match in _CALL.finditer(sql):
        end = _closing(sql, match.end())
        argument = sql[match.end() : end]
        if _CALL.search(argument) or '"_s' in argument or "{ago:" in argument:
            # A moment before the receipt is filled in when the batch is there, in the rule itself.
            continue
        call = f"{match.group(0).upper()}{argument})"
        if call not in names:
            number = len(names)
            names[call] = Shared(
                name=f"_s{number}", argument=argument, function=match.group(0)[:-1].lower()
            )
        return f'{sql[: match.start()]}"{names[call].name}"{sql[end + 1 :]}'
    return None


def _closing(sql: str, start: int) -> int:
    """Where the parenthesis that was opened before `start` closes; literals and names are passed over."""
    depth, at = 1, start
    while at < len(sql):
        letter = sql[at]
        if letter in "'\"":
            at = sql.index(letter, at + 1)
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if not depth:
                return at
        at += 1
    raise ValueError("unbalanced parentheses")
