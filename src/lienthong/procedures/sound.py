"""What no procedure may say, whoever writes it: an editor, a file, another system."""

from __future__ import annotations

from collections.abc import Iterator

from lienthong.errors import Refused
from lienthong.procedures.procedure import CODE, Procedure, TimeLimit

LONGEST_SPAN = 10_000


def sound(procedure: Procedure) -> Procedure:
    """The procedure, when it can stand as a draft. Raises Refused with the first thing that cannot."""
    for fault in _faults(procedure):
        raise fault
    return procedure


def _faults(procedure: Procedure) -> Iterator[Refused]:
    if not CODE.match(procedure.code):
        yield Refused(
            "PROCEDURE-CODE",
            "“%(written)s” is no procedure code; it looks like 1.012279.",
            written=procedure.code,
        )
    if not procedure.name.get("vi", "").strip():
        yield Refused("PROCEDURE-NAME", "The name in Vietnamese is needed.")
    if procedure.online == "partial" and procedure.partial_reason is None:
        yield Refused(
            "PROCEDURE-PARTIAL",
            "A partial service needs its published reason (Decree 224/2026 Art. 14).",
        )
    channels = [manner.channel for manner in procedure.manners]
    if len(set(channels)) < len(channels):
        yield Refused("PROCEDURE-CHANNEL", "This channel stands here twice.")
    for limit in _spans(procedure):
        if not 0 <= limit.value <= LONGEST_SPAN:
            yield Refused(
                "PROCEDURE-SPAN",
                "“%(text)s” is no number of days or hours; halves are written 0,5.",
                text=f"{limit.value:g}",
            )
        if limit.unit in ("days", "months") and limit.value != int(limit.value):
            yield Refused(
                "PROCEDURE-HALF",
                "Calendar days and months are whole; half days are working days.",
            )


def _spans(procedure: Procedure) -> Iterator[TimeLimit]:
    """Every time that a procedure states."""
    yield from procedure.limits
    yield from (step.limit for step in procedure.steps if step.limit)
    for one in (procedure.supplement, *procedure.own_supplements):
        if one is not None:
            yield from filter(None, (one.ask_within, one.answer_within, one.then))
