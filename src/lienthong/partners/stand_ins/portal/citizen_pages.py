"""Pages of a citizen on the stand-in: choose a procedure, file, follow, supplement, withdraw, pay, rate, ask."""

from __future__ import annotations

import base64
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from lienthong import words
from lienthong.errors import Failure, NotFound
from lienthong.partners.stand_ins.portal import catalogue
from lienthong.partners.stand_ins.portal.citizens import (
    CRITERIA,
    RATEABLE,
    STATES,
    WITHDRAWABLE,
    Paper,
)
from lienthong.partners.stand_ins.portal.view import language_of, show, standin_of

Asking = Request[Any, Any, Any]
SHOWN = 25
PERSON = {
    "name": "Lê Thị Mẫu",
    "number": "001190000001",
    "phone": "0900000000",
    "email": "mau@example.vn",
}


@get("/", sync_to_thread=True)
def home(request: Asking) -> Response[str]:
    """What the stand-in is, what can be done here, what was filed last."""
    memory = standin_of(request).memory
    recent = [(code, memory.dossiers.get(code, {})) for code in list(memory.filings)[-8:]]
    return show(request, "home.html", recent=recent[::-1], states=STATES)


@get("/file", sync_to_thread=True)
def choose(request: Asking, q: str = "") -> Response[str]:
    """The procedures of the catalogue that fit some words."""
    wanted = q.strip().casefold()
    held = standin_of(request).memory.procedures.values()
    fitting = [
        one
        for one in held
        if wanted in one["TENTTHC"].casefold() or wanted in one["MATTHC"].casefold()
    ]
    return show(request, "choose.html", q=q, shown=fitting[:SHOWN], count=len(fitting))


@get("/file/{code:str}", sync_to_thread=True)
def form(request: Asking, code: str) -> Response[str]:
    """The form of one procedure."""
    return _form(request, code, dict(PERSON), "")


@post("/file/{code:str}", status_code=200)
async def file(request: Asking, code: str) -> Response[Any]:
    """File it; the code is on the page that follows."""
    given = await request.form()
    said = {key: value for key, value in given.multi_items() if isinstance(value, str)}
    papers = await _papers(given)
    fields = {key[5:]: value for key, value in said.items() if key.startswith("form.")}
    try:
        made = standin_of(request).citizens.file(code, said.get("unit", ""), said, fields, papers)
    except Failure as failure:
        problem = words.say(failure.message, language_of(request), **failure.details)
        return _form(request, code, said, problem, failure.status)
    return Redirect(f"/dossiers/{made}?filed=1", status_code=303)


@get("/dossiers", sync_to_thread=True)
def look(request: Asking, code: str = "") -> Response[Any]:
    """Follow a dossier by its code."""
    if not code.strip():
        return show(request, "look.html", problem="", code="")
    try:
        standin_of(request).citizens.found(code)
    except NotFound as failure:
        problem = words.say(failure.message, language_of(request), **failure.details)
        return show(request, "look.html", 404, problem=problem, code=code)
    return Redirect(f"/dossiers/{code.strip()}", status_code=303)


@get("/dossiers/{code:str}", sync_to_thread=True)
def dossier(request: Asking, code: str, filed: str = "", done: str = "") -> Response[str]:
    """Where a dossier stands and what its citizen can do now."""
    return _dossier(request, code, filed=bool(filed), done=done)


@post("/dossiers/{code:str}/supplement", status_code=200)
async def supplement(request: Asking, code: str) -> Response[Any]:
    """Answer a request for a supplement."""
    given = await request.form()
    papers, note = await _papers(given), str(given.get("note") or "")
    return _acted(request, code, "supplement", lambda c: c.supplement(code, papers, note))


@post("/dossiers/{code:str}/withdrawal", status_code=200)
async def withdraw(request: Asking, code: str) -> Response[Any]:
    """Take a dossier back."""
    reason = str((await request.form()).get("reason") or "")
    return _acted(request, code, "withdrawal", lambda c: c.withdraw(code, reason))


@post("/dossiers/{code:str}/rating", status_code=200)
async def rating(request: Asking, code: str) -> Response[Any]:
    """Say how satisfied one is."""
    given = await request.form()
    criteria = {str(at): str(given.get(f"criterion{at}") or "") for at in range(1, 10)}
    overall, note = str(given.get("overall") or ""), str(given.get("note") or "")
    return _acted(request, code, "rating", lambda c: c.rate(code, overall, criteria, note))


@get("/pay/{reference:str}", sync_to_thread=True)
def pay_page(request: Asking, reference: str) -> Response[str]:
    """What is to be paid."""
    return show(request, "pay.html", reference=reference, payment=_payment(request, reference))


@post("/pay/{reference:str}", status_code=303, sync_to_thread=True)
def pay(request: Asking, reference: str) -> Redirect:
    """Pay with invented money; the platform calls our system back."""
    _payment(request, reference)
    code = standin_of(request).paying.pay(reference)
    return Redirect(f"/dossiers/{code}?done=pay", status_code=303)


@get("/pay/{reference:str}/bill", sync_to_thread=True)
def bill(request: Asking, reference: str) -> Response[bytes]:
    """The bill of what was paid, as the platform gives it to our system too."""
    _payment(request, reference)
    made = standin_of(request).paying.bill(reference)
    if made is None:
        raise NotFound("stand_in.bill", "There is no bill before it is paid.")
    return _download(made, f"{reference}.pdf")


@get("/ask", sync_to_thread=True)
def ask_page(request: Asking, done: str = "") -> Response[str]:
    """Questions and their answers."""
    return _questions(request, "", done)


@post("/ask", status_code=200)
async def ask(request: Asking) -> Response[Any]:
    """Ask the authorities something."""
    given = {key: str(value) for key, value in (await request.form()).items()}
    try:
        number = standin_of(request).citizens.ask(
            given.get("question", ""),
            given.get("name", ""),
            given.get("unit", ""),
            given.get("procedure", ""),
        )
    except Failure as failure:
        return _questions(request, words.say(failure.message, language_of(request)), "")
    return Redirect(f"/ask?done={number}", status_code=303)


@get("/files/{key:str}", sync_to_thread=True)
def attached(request: Asking, key: str) -> Response[bytes]:
    """A paper that a citizen attached, as our system fetches it."""
    held = standin_of(request).memory.papers.get(key)
    if held is None:
        raise NotFound("stand_in.file", "There is no such file.")
    return _download(base64.b64decode(held["content"]), held["name"])


@get("/dossiers/{code:str}/results/{at:int}", sync_to_thread=True)
def result(request: Asking, code: str, at: int) -> Response[bytes]:
    """A result, as it was fetched by our link."""
    standin = standin_of(request)
    listed = standin.citizens.found(code).get("DanhSachGiayToKetQua") or []
    link = str(listed[at].get("DuongDanTepTinKetQua") or "") if at < len(listed) else ""
    held = standin.memory.fetched.get(link, {})
    if not held.get("content"):
        raise NotFound("stand_in.file", "There is no such file.")
    return _download(base64.b64decode(held["content"]), f"{code}.pdf")


def _download(content: bytes, name: str) -> Response[bytes]:
    """Bytes of a stranger: always as a download, never shown in the page's place."""
    plain = name.encode("ascii", "replace").decode().replace('"', "'").replace("?", "_")
    return Response(
        content, media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{plain}"'},
    )  # fmt: skip


async def _papers(given: Any) -> list[Paper]:
    """The files of a form; a field `paper.TP01` is the paper of component TP01."""
    return [
        Paper(
            component=key[6:], name=value.filename, content=await value.read(),
            media_type=value.content_type or "application/octet-stream",
        )
        for key, value in given.multi_items()
        if key.startswith("paper.") and isinstance(value, UploadFile) and value.filename
    ]  # fmt: skip


def _form(
    request: Asking, code: str, said: dict[str, str], problem: str, status: int = 200
) -> Response[str]:
    memory = standin_of(request).memory
    procedure = memory.procedures.get(code)
    if procedure is None:
        raise NotFound("stand_in.no-procedure", "There is no such procedure in this catalogue.")
    agencies = [one for one in memory.agencies if one.get("HIEULUC") != "0"]
    return show(
        request, "form.html", status, procedure=procedure, papers=catalogue.components(procedure), said=said,
        agencies=agencies, problem=problem,
    )  # fmt: skip


def _dossier(
    request: Asking,
    code: str,
    *,
    filed: bool = False,
    done: str = "",
    problem: str = "",
    status: int = 200,
) -> Response[str]:
    standin = standin_of(request)
    fields, memory = standin.citizens.found(code), standin.memory
    pushes = [one for one in memory.pushes.values() if one["dossier"] == code]
    results = [
        one | {"held": memory.fetched.get(str(one.get("DuongDanTepTinKetQua") or ""), {})}
        for one in fields.get("DanhSachGiayToKetQua") or ()
    ]
    return show(
        request, "dossier.html", status, code=code, fields=fields, state=str(fields.get("TrangThaiHoSo")),
        states=STATES, steps=memory.steps.get(code, []), filing=memory.filings.get(code, {}), pushes=pushes,
        payments=standin.paying.of(code), results=results, rating=memory.ratings.get(code), filed=filed, done=done,
        procedure=memory.procedures.get(str(fields.get("MaTTHC")), {}), problem=problem, criteria=CRITERIA,
        rateable=str(fields.get("TrangThaiHoSo")) in RATEABLE,
        withdrawable=str(fields.get("TrangThaiHoSo")) in WITHDRAWABLE,
    )  # fmt: skip


def _acted(request: Asking, code: str, name: str, act: Any) -> Response[Any]:
    """Do a citizen's act, and show the dossier with what came of it."""
    try:
        act(standin_of(request).citizens)
    except NotFound:
        raise
    except Failure as failure:
        problem = words.say(failure.message, language_of(request), **failure.details)
        return _dossier(request, code, problem=problem, status=failure.status)
    return Redirect(f"/dossiers/{code}?done={name}", status_code=303)


def _payment(request: Asking, reference: str) -> dict[str, Any]:
    held = standin_of(request).memory.payments.get(reference)
    if held is None:
        raise NotFound("stand_in.payment", "There is no such payment.")
    return held


def _questions(request: Asking, problem: str, done: str) -> Response[str]:
    memory = standin_of(request).memory
    asked = [one | {"answer": memory.answers.get(key)} for key, one in memory.questions.items()]
    agencies = [one for one in memory.agencies if one.get("HIEULUC") != "0"]
    return show(
        request, "ask.html", 422 if problem else 200, asked=asked[::-1][:20], problem=problem, done=done,
        agencies=agencies,
    )  # fmt: skip


ROUTES = [
    home, choose, form, file, look, dossier, supplement, withdraw, rating, pay_page, pay, bill, ask_page, ask, attached,
    result,
]  # fmt: skip
