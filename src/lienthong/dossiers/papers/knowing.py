"""What is known of a dossier for a paper: its places and lists, taken from the dossier, its events and its procedure.

Moments, components and reasons come from the events, as they stood when the act was done: a receipt that is made
later still says the due moment of its reception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.reading import declared_contracts
from lienthong.contracts.rules.cache import cached_contract
from lienthong.dossiers.dossier import Dossier, events, find, terms_of
from lienthong.dossiers.history import (
    ASSIGN,
    EXTEND,
    FILED,
    STEP,
    Event,
    Standing,
    StepTerm,
    replay,
)
from lienthong.dossiers.moves import moves
from lienthong.dossiers.papers import wording
from lienthong.dossiers.papers.filling import Values
from lienthong.dossiers.papers.letterhead import Letterhead
from lienthong.procedures import catalogue
from lienthong.procedures.agencies import Agencies
from lienthong.procedures.procedure import Procedure

OTHER_ACTS = {
    FILED: "Nộp hồ sơ", EXTEND: "Xin lỗi và gia hạn", ASSIGN: "Phân công, chuyển việc", STEP: "Chuyển bước xử lý",
}  # fmt: skip


PROGRAMS = {"portal": "Cổng Dịch vụ công quốc gia", "clock": "Hệ thống (hết thời hạn)"}
"""Who acts without being a person."""
ROLES = {
    "receiver": "Người tiếp nhận", "processor": "Người thụ lý", "decider": "Lãnh đạo", "counter": "Nơi nhận hồ sơ",
    "applicant": "Người nộp hồ sơ", "payment": "Hệ thống thanh toán",
}  # fmt: skip
"""As what somebody acts."""
ROLE_OF_ACT = {FILED: "receiver", EXTEND: "decider", ASSIGN: "decider"}
"""Acts that are no moves: their events name no role."""
LONGEST_NOTE = 200
"""Characters of a reason on the control sheet: the whole of it stands on the paper of the act."""


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """Files of one component in one form; `name` is that of the first, `later` tells that they came as a supplement."""

    component: str
    form: str
    count: int
    name: str
    later: bool


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier with all that a paper may draw from."""

    dossier: Dossier
    applicant: dict[str, Any]
    form: dict[str, Any]
    events: list[Event]
    procedure: Procedure
    handed_in: list[Handed]
    """What was handed in at the desk or uploaded."""
    names: dict[str, str] = {}
    """Accounts to the names of the officers."""

    def until(self, number: int | None) -> list[Event]:
        """The events up to a number."""
        return [one for one in self.events if number is None or one.number <= number]

    def standing(self, number: int | None = None) -> Standing:
        """Where the dossier stood after that event."""
        one = self.dossier
        terms = terms_of(self.procedure, one.channel, one.case_name, one.clock_name)
        return replay(self.until(number), terms, moves(), online=one.channel == "online")


def know(conn: psycopg.Connection[Any], code: str) -> Known:
    """Everything about one dossier; the caller has passed the gate. Raises NotFound."""
    dossier = find(conn, code)
    row = conn.execute(
        "SELECT applicant, form FROM dossiers.dossier WHERE code = %s", [code]
    ).fetchone()
    assert row
    happened = events(conn, code)
    handed = conn.execute(
        "SELECT component, form, count(*), min(name), kind = 'supplement' FROM dossiers.attachment"
        " WHERE dossier = %s AND removed_at IS NULL AND kind IN ('component', 'supplement') AND component <> ''"
        " GROUP BY 1, 2, 5 ORDER BY 5, 1, 2",
        [code],
    ).fetchall()
    people = sorted(
        {one.actor for one in happened}
        | {str(one.about.get(name, "")) for one in happened for name in ("to", "for")}
    )
    names = conn.execute("SELECT id, name FROM app.account WHERE id = ANY(%s)", [people]).fetchall()
    version = catalogue.version(conn, dossier.procedure, dossier.procedure_version)
    return Known(
        dossier=dossier,
        applicant=row[0] or {},
        form=row[1] or {},
        events=happened,
        procedure=version.procedure,
        handed_in=[
            Handed(component=component, form=form, count=count, name=name, later=later)
            for component, form, count, name, later in handed
        ],
        names=dict(names),
    )


def values(
    known: Known,
    head: Letterhead,
    units: Agencies,
    *,
    event: Event | None,
    sign: str,
    made_at: datetime,
    officer: str,
    replaces: str = "",
) -> Values:
    """The places and lists of a paper about one dossier; `event` is the act that it goes out with."""
    standing = known.standing(event.number if event else None)
    one, procedure, applicant = known.dossier, known.procedure, known.applicant
    terms = terms_of(procedure, one.channel, one.case_name, one.clock_name)
    places = head.places() | {
        "paper.sign": sign,
        "paper.date": wording.day(made_at.date()),
        "paper.replaces": replaces,
        "officer.name": officer,
        "dossier.code": one.code,
        "dossier.summary": one.summary,
        "dossier.channel": wording.CHANNELS[one.channel],
        "dossier.unit": agency_name(units, one.unit),
        "dossier.received_by": agency_name(units, one.received_by),
        "dossier.filed_at": wording.moment(one.filed_at),
        "dossier.received_at": wording.moment(standing.received_at),
        "dossier.due_at": wording.moment(standing.due_at),
        "dossier.state": moves().states[standing.state].vi,
        "procedure.code": procedure.code,
        "procedure.name": procedure.name.get("vi", ""),
        "procedure.limit": wording.limit(procedure, terms.limits),
        "procedure.sets": str(procedure.sets or ""),
        "procedure.fee": wording.fee(procedure, one.channel, one.case_name),
        "procedure.coordinating": "; ".join(procedure.coordinating),
        "applicant.number_kind": wording.number_kind(applicant),
        "applicant.hand_over": wording.hand_over(applicant, head.desk),
    }
    for name in ("name", "owner", "number", "address", "phone", "email"):
        places[f"applicant.{name}"] = _text(applicant.get(name))
    places |= _of_event(known, event, standing)
    lists = {
        "papers": _numbered(papers(known, event)),
        "lacking": _numbered(lacking(known, event)),
        "steps": _numbered(hand_overs(known)),
    }
    return Values(places=places, lists=lists)


def agency_name(units: Agencies, code: str) -> str:
    """The agency's name as the list has it; its code when the list does not know it."""
    known = units.by_code.get(code)
    return known.vi if known else code


def _of_event(known: Known, event: Event | None, standing: Standing) -> dict[str, str]:
    about = event.about if event else {}
    found = {
        "event.reason": _text(about.get("reason")),
        "event.guidance": _text(about.get("guidance")),
        "event.at": wording.moment(event.at) if event else "",
        "event.answer_by": wording.moment(standing.answer_due),
    }
    if event is not None and event.act == EXTEND:
        found["event.old_due"] = wording.moment(known.standing(event.number - 1).due_at)
        found["event.new_due"] = wording.moment(datetime.fromisoformat(str(about["due"])))
    return found


def papers(known: Known, event: Event | None = None) -> list[dict[str, str]]:
    """What was handed in: what the act says, else what was uploaded, else the components that the procedure asks.

    Only what was really seen is counted; a component that nobody counted keeps empty cells to be filled in by hand.
    """
    said = event.about.get("papers") if event is not None else None
    if said and isinstance(said, list):  # the Portal says only how many came
        return [_said(one) for one in said]
    names = _component_names(known)
    # What came as a supplement was not there when the dossier was received.
    first = event is not None and event.act == "receive"
    if handed := [one for one in known.handed_in if not (first and one.later)]:
        found: dict[str, dict[str, str]] = {}
        for one in handed:
            # A code that the procedure does not have says nothing to anybody: the file's own name does.
            name = names.get(one.component) or f"{one.name} ({one.component})"
            row = found.setdefault(one.component, _row(name))
            cell = "originals" if one.form in ("original", "electronic") else "copies"
            row[cell] = str(int(row[cell] or 0) + one.count)
            row["note"] = ", ".join(filter(None, (row["note"], _KINDS.get(one.form, ""))))
        return list(found.values())
    if sent := known.form.get("papers"):
        return [_said(one, names) for one in sent]
    held = {str(one.get("component")): one for one in known.form.get("held") or ()}
    return [
        _row(
            one.name.get("vi", ""),
            note=_held_note(held.get(one.code) or held.get(one.name.get("vi", ""))),
        )
        for one in known.procedure.components
        if one.case in ("", known.dossier.case_name)
    ]


_KINDS = {
    "electronic": "bản điện tử", "certified": "bản chứng thực", "digitised": "bản số hóa",
}  # fmt: skip


def _held_note(held: Mapping[str, Any] | None) -> str:
    """Why a component is not there: the database that holds it, by the name that officials know."""
    if not held or not held.get("place"):
        return ""
    contract, _, name = str(held["place"]).partition(".")
    known = cached_contract(contract).contract if contract in declared_contracts() else None
    table = known.table(name) if known else None
    place = (table.label.get("vi") if table else "") or str(held["place"])
    return f"Đã có trong cơ sở dữ liệu “{place}”, không phải nộp"


def _row(name: str, *, note: str = "") -> dict[str, str]:
    return {"name": name, "originals": "", "copies": "", "note": note}


def _said(one: Any, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """A paper as an act or a message names it: a text, or a mapping with its component, file name, copies and note."""
    if not isinstance(one, Mapping):
        return _row(_text(one))
    component, file = _text(one.get("component")), _text(one.get("name"))
    name = (names or {}).get(component, "")
    return {
        "name": f"{name} ({file})" if name and file else name or file or component,
        "originals": _text(one.get("originals")),
        "copies": _text(one.get("copies")),
        "note": _text(one.get("note")),
    }


def lacking(known: Known, event: Event | None) -> list[dict[str, str]]:
    """What a supplement request asks for, each with its reason."""
    about = event.about if event else {}
    asked = about.get("components") or ()
    asked = [asked] if isinstance(asked, str | Mapping) else asked
    names = _component_names(known)
    found = []
    for one in asked:
        if isinstance(one, Mapping):
            name = _text(one.get("name") or one.get("component") or one.get("code"))
            reason = _text(one.get("reason"))
        else:
            name, reason = _text(one), ""
        found.append({"name": names.get(name, name), "reason": reason})
    return found


def _component_names(known: Known) -> dict[str, str]:
    return {one.code: one.name.get("vi", "") for one in known.procedure.components if one.code}


def hand_overs(known: Known) -> list[dict[str, str]]:
    """Every act on the dossier: who, to whom, when, in time or late."""
    labels = {(m.act, m.to): m.vi for m in moves().moves}
    one = known.dossier
    steps = terms_of(known.procedure, one.channel, one.case_name, one.clock_name).steps
    rows = []
    for event in known.events:
        after = known.standing(event.number)
        rows.append(
            {
                "act": labels.get((event.act, event.to_state)) or _other_act(event, steps),
                "by": _by(known, event),
                "to": _to(known, event),
                "moment": wording.short_moment(event.at),
                "result": _in_time(event, after),
                "note": _short(_text(event.about.get("reason"))),
            }
        )
    return rows


def _by(known: Known, event: Event) -> str:
    """Who acted, by name and as what; somebody whose account is not here is at least told by the role, never by it."""
    if program := PROGRAMS.get(event.actor):
        return program
    role = ROLES.get(event.role or ROLE_OF_ACT.get(event.act, ""), "")
    if instead := known.names.get(str(event.about.get("for", "")), ""):
        role = f"{role}, thay {instead}".lstrip(", ")
    name = known.names.get(event.actor, "")
    return f"{name}\n({role})" if name and role else name or role or event.actor


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1].rstrip() + "…"


def _other_act(event: Event, steps: Sequence[StepTerm]) -> str:
    """An act that is no move between states; a step of the internal process by its number and name."""
    said = OTHER_ACTS.get(event.act, event.act)
    at = event.about.get("step")
    if event.act != STEP or not isinstance(at, int) or not 1 <= at <= len(steps):
        return said
    return f"{said} {at}: {steps[at - 1].name.get('vi', '')}"


def _to(known: Known, event: Event) -> str:
    """The colleague who was given the work: by name, without an account here as whoever works on dossiers."""
    if event.act != ASSIGN:
        return ""
    return known.names.get(str(event.about.get("to", "")), ROLES["processor"])


def _in_time(event: Event, after: Standing) -> str:
    """Where the dossier ended: before its day, on it, or late."""
    if after.ended_at != event.at or after.due_at is None:
        return ""
    if event.at > after.due_at:
        return wording.LATE
    return wording.EARLY if event.at.date() < after.due_at.date() else wording.IN_TIME


def _numbered(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [{"at": str(at)} | row for at, row in enumerate(rows, 1)]


def _text(value: Any) -> str:
    """A value of the dossier as text; what is no text, number or list of them says nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, (_text(one) for one in value)))
    return ""
