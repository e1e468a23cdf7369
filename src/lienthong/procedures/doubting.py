"""What an editor should look at twice in a procedure: parts that hardly agree; nothing is refused for it."""

from __future__ import annotations

import re

from lienthong.procedures.procedure import Procedure

Doubt = tuple[str, dict[str, object]]
"""A sentence and its values."""


def doubts(procedure: Procedure) -> list[Doubt]:
    """Every doubt about a procedure, as sentences to be said."""
    return [
        doubt for look in (_steps, _stages, _written, _cases, _stale) for doubt in look(procedure)
    ]


def _steps(procedure: Procedure) -> list[Doubt]:
    """Internal steps that take longer than the whole, when both count working days and no case tells them apart."""
    together = procedure.steps_days()
    whole = [
        one for one in procedure.limits if not one.stage and not one.case and one.clock == "normal"
    ]
    if together is None or len(whole) != 1 or whole[0].unit != "working_days":
        return []
    if any(step.case for step in procedure.steps) or together <= whole[0].value:
        return []
    return [(
        "The timed steps take %(steps)s working days, the limit is %(limit)s.",
        {"steps": f"{together:g}", "limit": f"{whole[0].value:g}"},
    )]  # fmt: skip


def _stages(procedure: Procedure) -> list[Doubt]:
    """Several whole limits for the same channel, case and clock: only the first counts."""
    found: list[Doubt] = []
    for manner in procedure.manners:
        seen: set[tuple[str, str]] = set()
        for one in manner.limits:
            if one.stage:
                continue
            if (one.case, one.clock) in seen:
                found.append((
                    "Two time limits hold for the same case (%(case)s); only the first counts.",
                    {"case": one.case or "–"},
                ))  # fmt: skip
            seen.add((one.case, one.clock))
    return found


def _written(procedure: Procedure) -> list[Doubt]:
    """A limit that only stands in a text: no due date can be computed."""
    if procedure.limits or not re.search(r"\d", procedure.limit_text):
        return []
    return [("The time limit stands only as a text; without a number no due date is computed.", {})]


def _cases(procedure: Procedure) -> list[Doubt]:
    """Cases of components or supplements that no limit knows, where limits are by case only."""
    by_case = {one.case for one in procedure.limits}
    if not by_case or "" in by_case:
        return []
    lost = [case for case in procedure.cases if case not in by_case]
    return [("No time limit holds for the case “%(case)s”.", {"case": case}) for case in lost]


def _stale(procedure: Procedure) -> list[Doubt]:
    if not procedure.stale:
        return []
    return [("Its sources say that it was abolished or replaced; is it still in force?", {})]
