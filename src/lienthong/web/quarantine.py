"""Quarantine on pages: why records wait, one record with its findings beside the cells, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, Permit, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure
from lienthong.quality import score
from lienthong.records import intake, quarantine
from lienthong.settings import Settings
from lienthong.web import cells
from lienthong.web.page import Page
from lienthong.web.purposes import purpose_of
from lienthong.web.row_numbers import row_numbers

PAGE = 25
ALIKE = 500
"""Entries that are replayed with one click; the rest with the next one."""

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

DONE = {
    "kept": "The record is right now and was kept.",
    "unchanged": "The record is right now; it is the same as the one that is kept already.",
    "waiting": "The record was checked again and is still wrong; what is wrong stands below.",
    "abandoned": "The record was abandoned; it stays readable here.",
}


class Corrected(msgspec.Struct, kw_only=True):
    """A corrected file."""

    file: UploadFile


@get("/quarantine", opt={"action": "quarantine.read"}, sync_to_thread=True)
def quarantine_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contract: str = "",
    sender: str = "",
    receipt: str = "",
    cause: str = "",
    after: int = 0,
    kept: int | None = None,
    waiting: int | None = None,
) -> Response[str]:
    """Causes with their numbers, and the entries of one cause, receipt or sender."""
    about = {"contract": contract, "receipt": receipt, "sender": sender}
    with pool.connection() as conn:
        permit = _permit(conn, actor, "quarantine.read", {k: v for k, v in about.items() if v})
        whose = permit.facility or sender or None
        causes = quarantine.causes(
            conn, contract=contract or None, sender=whose, receipt=receipt or None
        )
        found = quarantine.entries(
            conn,
            contract=contract or None,
            sender=whose,
            receipt=receipt or None,
            cause=cause or None,
            # Who asks for a receipt wants to know what became of everything that it put here.
            state=None if receipt else "open",
            after=after,
            limit=PAGE + 1,
        )
    done = ""
    if kept is not None:
        done = page.say(
            "%(kept)s records were kept; %(waiting)s still wait.",
            kept=page.words["number"](kept),
            waiting=page.words["number"](waiting or 0),
        )
    return page.show(
        "quarantine.html",
        causes=causes,
        entries=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        first=not after,
        chosen={"contract": contract, "sender": sender, "receipt": receipt, "cause": cause},
        receipt=receipt,
        done=done,
        may_mend=_may(actor, "quarantine.mend"),
    )


@get("/quarantine/{entry:int}", opt={"action": "quarantine.read"}, sync_to_thread=True)
def quarantine_entry(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    entry: int,
    done: str = "",
    was: float | None = None,
    whole: bool = False,
) -> Response[str]:
    """One record: what is wrong with which cell, what can be done, and what was done."""
    with pool.connection() as conn:
        given = _entry(conn, actor, "quarantine.read", entry)
        said = page.say(DONE[done]) if done in DONE else ""
        now = _good_rows(conn, given) if was is not None else None
        if was is not None and now is not None and abs(now - was) > 1e-6:
            said += " " + page.say(
                "Rows of %(sender)s without error: %(before)s → %(after)s.",
                sender=given.sender,
                before=page.words["percent"](was, 2),
                after=page.words["percent"](now, 2),
            )
        return _show(page, conn, contracts, given, actor, done=said, whole=whole)


def _show(
    page: Page,
    conn: Connection[Any],
    contracts: Mapping[str, Contract],
    given: quarantine.Entry,
    actor: Actor,
    *,
    done: str = "",
    problem: str = "",
    whole: bool = False,
) -> Response[str]:
    contract = contracts[given.contract]
    found = quarantine.findings(conn, given) if given.state == "open" else []
    editable = given.state == "open" and _may(actor, "quarantine.mend")
    causes = {
        cause.key: cause
        for cause in quarantine.causes(conn, contract=given.contract, sender=given.sender)
    }
    alike = next(
        (causes[key] for key in given.causes if key in causes and causes[key].count > 1), None
    )
    return page.show(
        "quarantined.html",
        422 if problem else 200,
        entry=given,
        contract=contract,
        tables=cells.tables(contract, given, found, whole=whole),
        general=[finding for finding in found if finding.table is None or finding.row is None],
        editable=editable,
        whole=whole,
        alike=alike,
        row_shown=row_numbers(conn, given.receipt, intake.submission(conn, given.receipt).name),
        history=cells.told(given, quarantine.history(conn, given.id)),
        done=done,
        problem=problem,
        may_send=policy.may(actor, "submission.send"),
        may_abandon=given.state == "open" and policy.may(actor, "quarantine.abandon"),
    )


@post(
    "/quarantine/{entry:int}/mend",
    opt={"action": "quarantine.mend"},
    status_code=200,
    sync_to_thread=True,
)
def mend(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    contracts: Mapping[str, Contract],
    entry: int,
    data: Form,
) -> Response[Any]:
    """Write the changed cells beside those that were sent and check the record again."""
    with pool.connection() as conn:
        given = _entry(conn, actor, "quarantine.mend", entry)
        try:
            quarantine.mend(conn, entry, cells.changed(given, data), actor.id)
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, contracts, given, actor, problem=problem)
        return _checked_again(conn, given, actor, settings)


@post(
    "/quarantine/{entry:int}/replay",
    opt={"action": "quarantine.mend"},
    status_code=303,
    sync_to_thread=True,
)
def replay(pool: ConnectionPool, actor: Actor, settings: Settings, entry: int) -> Redirect:
    """Check the record again as it is, by the rules and code lists of today."""
    with pool.connection() as conn:
        given = _entry(conn, actor, "quarantine.mend", entry)
        return _checked_again(conn, given, actor, settings)


def _good_rows(conn: Connection[Any], given: quarantine.Entry) -> float | None:
    """The share of the sender's rows in this database that have no error."""
    part = score.Slice(contract=given.contract, sender=given.sender)
    card = score.scores(conn, part, (), today=clock.today()).get(())
    return (card.rows - card.rows_failed) / card.rows if card and card.rows else None


def _checked_again(
    conn: Connection[Any], given: quarantine.Entry, actor: Actor, settings: Settings
) -> Redirect:
    """Check a record of quarantine again, and tell on its page what came of it and where the score stood before."""
    entry, was = given.id, _good_rows(conn, given)
    outcome = quarantine.replay(conn, [entry], actor.id, home=settings.home)
    done = (
        "kept"
        if entry in outcome.kept
        else "unchanged"
        if entry in outcome.unchanged
        else "waiting"
    )
    moved = "" if was is None else f"&was={was:.6f}"
    return Redirect(f"/quarantine/{entry}?done={done}{moved}", status_code=303)


@post("/quarantine/replay", opt={"action": "quarantine.mend"}, status_code=303, sync_to_thread=True)
def replay_alike(pool: ConnectionPool, actor: Actor, settings: Settings, data: Form) -> Redirect:
    """Check every record of a cause again."""
    about = {"contract": data.get("contract") or None, "sender": data.get("sender") or None}
    with pool.connection() as conn:
        permit = _permit(conn, actor, "quarantine.mend", {k: v for k, v in about.items() if v})
        found = quarantine.entries(
            conn,
            contract=about["contract"],
            sender=permit.facility or about["sender"],
            receipt=data.get("receipt") or None,
            cause=data.get("cause") or None,
            limit=ALIKE,
        )
        outcome = quarantine.replay(conn, [line.id for line in found], actor.id, home=settings.home)
    answer = urlencode(
        {
            "kept": len(outcome.kept) + len(outcome.unchanged),
            "waiting": len(outcome.waiting),
            "contract": data.get("contract", ""),
            "receipt": data.get("receipt", ""),
        }
    )
    return Redirect(f"/quarantine?{answer}", status_code=303)


@post(
    "/quarantine/{entry:int}/abandon",
    opt={"action": "quarantine.abandon"},
    status_code=200,
    sync_to_thread=True,
)
def abandon(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    entry: int,
    data: Form,
) -> Response[Any]:
    """Give the record up with a reason."""
    with pool.connection() as conn:
        given = quarantine.entry(conn, entry)
        policy.allow(conn, actor, "quarantine.abandon", _about(given))
        try:
            quarantine.abandon(conn, entry, data.get("reason", ""), actor.id)
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, contracts, given, actor, problem=problem)
    return Redirect(f"/quarantine/{entry}?done=abandoned", status_code=303)


@post(
    "/quarantine/{entry:int}/file",
    opt={"action": "quarantine.mend", "files": True},
    status_code=303,
    sync_to_thread=True,
)
def mend_by_file(
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    entry: int,
    data: Annotated[Corrected, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Redirect:
    """Take a corrected file in; entries whose keys it carries close by it."""
    with pool.connection() as conn:
        given = _entry(conn, actor, "quarantine.mend", entry)
        # A file may hold more than this entry: who may only mend cannot send in a facility's name.
        policy.allow(conn, actor, "submission.send", _about(given))
        submission = quarantine.mend_by_file(
            conn,
            data.file.file,
            contract=given.contract,
            sender=given.sender,
            actor=actor.id,
            name=cells.file_name(data.file.filename),
            home=settings.home,
            province=given.province,
        )
    return Redirect(f"/submissions/{submission.receipt}", status_code=303)


def _may(actor: Actor, action: str) -> bool:
    return policy.may(actor, action)


def _about(given: quarantine.Entry) -> dict[str, Any]:
    return {
        "entry": given.id,
        "contract": given.contract,
        "receipt": given.receipt,
        "key": given.key,
        "sender": given.sender,
        "province": given.province,
    }


def _permit(conn: Connection[Any], actor: Actor, action: str, about: dict[str, Any]) -> Permit:
    return policy.allow(conn, actor, action, about, purpose_of(actor, action))


def _entry(conn: Connection[Any], actor: Actor, action: str, entry: int) -> quarantine.Entry:
    """The entry, when the gate lets this actor have it. Raises NotFound, NotAllowed."""
    given = quarantine.entry(conn, entry)
    _permit(conn, actor, action, _about(given))
    return given


ROUTES = [
    quarantine_list,
    quarantine_entry,
    mend,
    replay,
    replay_alike,
    abandon,
    mend_by_file,
]
