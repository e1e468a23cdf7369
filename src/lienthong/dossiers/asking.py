"""A filing as a program or a desk asks for it: where it is handed in, by whom it may be, what its form says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.clock import VIETNAM
from lienthong.dossiers import forms, naming
from lienthong.dossiers.dossier import Channel, Filing
from lienthong.errors import Refused
from lienthong.findings import Finding
from lienthong.procedures.agencies import agencies

FIRST_YEAR = 2000
"""A code has two digits of its year: 1926 would take the numbers of 2026."""
MARKS = frozenset({"paid_online", "digitised", "vneid", "from_store", "population", "technical_id"})
"""What the service index counts of an applicant, and the Portal's own id: said by the Portal, by no desk."""


class NewDossier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filing at a desk. `unit` is the competent agency, the sender's own when it is left out.

    `filed_at` is now when it is left out and never later; `applicant` and `form` are the fields of the procedure's
    form (see /api/v1/procedures/{code}).
    """

    procedure: str
    unit: str = ""
    channel: Channel = "direct"
    case: str = ""
    clock: Literal["normal", "urgent"] = "normal"
    summary: str = ""
    applicant: dict[str, Any] = {}
    form: dict[str, Any] = {}
    filed_at: datetime | None = None
    central: bool = False


def filing_of(actor: Actor, asked: NewDossier, now: datetime | None = None) -> Filing:
    """The filing, when the actor may take it in at their desk. Raises NotAllowed, Refused."""
    moment = now or clock.now()
    desk = actor.facility or asked.unit
    if not desk:
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["unit"]))
    policy.decide(actor, "dossier.receive", {"sender": desk})
    filed = asked.filed_at or moment
    if filed.tzinfo is None:
        filed = filed.replace(tzinfo=VIETNAM)
    if filed > moment:
        raise Refused("DOSSIER-FUTURE", "A dossier is not filed in the future.")
    if filed.year < FIRST_YEAR:
        raise Refused(
            "DOSSIER-PAST",
            "The number of a dossier tells no day before the year %(year)s.",
            year=FIRST_YEAR,
        )
    if made_up := sorted(MARKS & set(asked.applicant)):
        raise Refused(
            "DOSSIER-MARKS",
            "These marks come from the exchange, not from who files: %(names)s.",
            names=", ".join(made_up),
        )
    return Filing(
        procedure=asked.procedure,
        unit=asked.unit or desk,
        received_by=desk,
        province=_province(actor, asked.unit or desk, desk),
        channel=asked.channel,
        filed_at=filed,
        case=asked.case,
        clock=asked.clock,
        summary=asked.summary,
        applicant=asked.applicant,
        form={"fields": asked.form} if asked.form else {},
        central=asked.central,
    )


def _province(actor: Actor, unit: str, desk: str) -> str:
    """The province that answers for a dossier: that of the competent agency, wherever it was handed in.

    An agency that is not listed is in the province of the one above it; one of another province that nobody listed
    is in none that is known, rather than in that of the desk.
    """
    if unit == desk:
        return actor.province or ""
    listed, above = agencies().by_code, unit
    while above:
        if above in listed and listed[above].province:
            return listed[above].province
        above = above.rpartition(".")[0]
    return actor.province or "" if unit.split(".")[0] == desk.split(".")[0] else ""


def findings_of(asked: NewDossier) -> list[Finding]:
    """What the form's contract says of the filing; empty when all is right."""
    values = forms.Values(
        applicant={name: _text(value) for name, value in asked.applicant.items()},
        form={name: _text(value) for name, value in asked.form.items()},
    )
    return forms.check(forms.form_of(asked.procedure), values)


def _text(value: Any) -> str:
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)
