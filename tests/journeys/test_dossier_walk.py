"""Every role tries every act on a dossier in every state, by API: who may is read from the table by itself.

What is refused is a problem of RFC 9457 in words of the office; nobody outside learns that a dossier is there.
"""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from importlib import resources

import pytest
import yaml

from lienthong import clock
from lienthong.access import accounts, operator, tokens
from lienthong.dossiers import acting
from tests.dossiers.world import ELSEWHERE, PROCEDURE, UNIT, filed, publish

TABLE = yaml.safe_load(
    resources.files("lienthong").joinpath("declared/dossiers/moves.yaml").read_text("utf-8")
)
WAYS = {
    "new": (), "received": ("receive",), "not_received": ("refuse_reception",), "processing": ("receive", "start"),
    "supplement": ("receive", "start", "ask_supplement"), "payment": ("receive", "start", "ask_payment"),
    "withdrawn": ("withdraw",), "stopped": ("receive", "start", "stop"), "settled": ("receive", "start", "settle"),
    "returned": ("receive", "start", "settle", "hand_over"),
}  # fmt: skip
SAID = {
    "reason": "lý do", "components": ["TP01"], "fees": ["PLP01"], "result": "Giấy phép",
    "holder": "minh", "approved_by": "lan",
}  # fmt: skip
PROGRAMS = {
    "receiver": (UNIT, "66", {"receiver"}), "processor": (UNIT, "66", {"processor"}),
    "decider": (UNIT, "66", {"decider"}), "counter": (ELSEWHERE, "66", {"counter"}),
    "stranger": ("H29.50", "79", set()), "neighbour": ("H15.99", "66", set()),
}  # fmt: skip
ROLES_OF = {
    "counter": ["receiver"],
    "stranger": ["receiver", "processor", "decider"],
    "neighbour": ["receiver", "processor", "decider"],
}
MOVES = sorted({move["act"] for move in TABLE["moves"]})
CODE_WORDS = re.compile(
    r"\b(?:[a-z]+_[a-z_]+|receiver|processor|decider|counter|settle|withdraw|receive|reason|holder|step)\b"
)
"""Names of the program: looked for in Vietnamese sentences, which cannot hold them by accident."""


@pytest.fixture(scope="module")
def programs(db):
    with db.connect() as conn:
        publish(conn)
        for id, role in [("lan", "decider"), ("minh", "processor")]:
            accounts.create(conn, operator(), id, name=id, roles=[role], facility=UNIT, province="66")  # fmt: skip
        return {
            name: tokens.create(
                conn, operator(), facility=unit, name=name, province=province, roles=ROLES_OF.get(name, [name])
            )
            for name, (unit, province, _) in PROGRAMS.items()
        }  # fmt: skip


@pytest.fixture(scope="module")
def made(db):
    """Make a dossier in a state; it was handed in at another desk of the province."""

    def run(state):
        everybody = frozenset({"receiver", "processor", "decider"})
        begun = clock.now() - timedelta(hours=2)
        with db.connect() as conn:
            code = filed(conn, received_by=ELSEWHERE, filed_at=begun)
            for number, act in enumerate(WAYS[state], 1):
                moment = begun + timedelta(minutes=number)
                about = {k: v for k, v in SAID.items() if k in ("reason", "components", "fees", "result")}  # fmt: skip
                acting.move(conn, "x", everybody, code, act, about, at=moment)
        return code

    return run


@pytest.fixture
def call(site, programs):
    def run(who, method, path, json=None, language="vi"):
        site.cookies.clear()
        headers = {"authorization": f"Bearer {programs[who]}", "accept-language": language}
        return site.request(method, f"/api/v1/dossiers{path}", json=json, headers=headers)

    return run


def allowed(state: str, act: str, roles: set[str], first: bool) -> bool:
    """Whether the table has such a move for one of these roles: read from the file, not by our program."""
    to = ("received" if first else "processing") if act == "supplement" else None
    return any(
        one["from"] == state and one["act"] == act and roles & set(one["by"]) and to in (None, one["to"])
        for one in TABLE["moves"]
    )  # fmt: skip


@pytest.mark.parametrize("state", WAYS)
def test_who_may_do_what(call, made, state):
    code = made(state)
    for who, act in itertools.product(PROGRAMS, MOVES):
        answer = call(who, "POST", f"/{code}/acts/{act}", SAID)
        what = (state, who, act, answer.text)
        if allowed(state, act, PROGRAMS[who][2], first=False):
            assert answer.status_code == 200, what
            code = made(state)
        elif who in ("stranger", "neighbour"):
            assert answer.status_code == 404, what
        else:
            assert answer.status_code in (403, 409), what
            assert answer.headers["content-type"].startswith("application/problem+json")
            said = answer.json()
            assert said["code"] in ("DOSSIER-MOVE", "dossier.role", "access.reach"), what
            assert CODE_WORDS.search(said["detail"]) is None, what


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("act", ["step", "extend", "assign"])
def test_who_may_do_what_beside_the_table(call, made, state, act):
    runs = TABLE["states"][state]["clock"] == "runs"
    may = {
        "step": ({"receiver", "processor", "decider"}, runs),
        "extend": ({"decider"}, runs),
        "assign": ({"decider"}, TABLE["states"][state]["clock"] != "ended"),
    }[act]
    soon = f"{clock.today() + timedelta(days=90)}"
    code = made(state)
    for who, (_, _, roles) in PROGRAMS.items():
        answer = call(who, "POST", f"/{code}/acts/{act}", SAID | {"step": 2, "due": soon})
        what = (state, who, act, answer.text)
        if roles & may[0] and may[1]:
            assert answer.status_code == 200, what
            code = made(state)
        elif who in ("stranger", "neighbour"):
            assert answer.status_code in (403, 404), what
        else:
            assert answer.status_code in (403, 409, 422), what
            assert CODE_WORDS.search(answer.json()["detail"]) is None, what


def test_nobody_elsewhere_reads_lists_attaches_or_prints(call, made, site, programs):
    code = made("processing")
    paths = (
        "", "/events", "/standing", "/results", "/attachments", "/attachments/1", "/papers?purpose=procedure",
        "/papers/1.pdf?purpose=procedure",
    )  # fmt: skip
    for who, path in itertools.product(("stranger", "neighbour"), paths):
        assert call(who, "GET", f"/{code}{path}").status_code == 404, (who, path)
    for who in ("stranger", "neighbour"):
        headers = {"authorization": f"Bearer {programs[who]}"}
        for path in ("attachments?name=a.pdf", "attachments/check", "papers?purpose=procedure"):
            body = b'{"form": "control"}' if path.startswith("papers") else b"%PDF-1.7"
            answer = site.post(f"/api/v1/dossiers/{code}/{path}", content=body, headers=headers)
            assert answer.status_code == 404, (who, path, answer.text)
        for ask in (f"unit={UNIT}", "province=66", "holder=minh", ""):
            answer = call(who, "GET", f"?{ask}")
            assert answer.status_code == 403 or code not in answer.text, (who, ask)


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_what_is_lacking_is_named_in_words(call, made, language):
    code = made("new")
    answer = call("receiver", "POST", f"/{code}/acts/refuse_reception", {}, language=language)
    words = {"vi": "lý do", "en": "the reason", "fr": "le motif"}
    assert answer.status_code == 422 and words[language] in answer.json()["detail"]
    answer = call("processor", "POST", f"/{code}/acts/receive", {}, language=language)
    words = {"vi": "cán bộ tiếp nhận", "en": "reception", "fr": "l’accueil"}
    assert answer.status_code == 403 and words[language] in answer.json()["detail"]
    answer = call("receiver", "POST", f"/{code}/acts/settle", {}, language=language)
    words = {"vi": "Mới đăng ký", "en": "Filed", "fr": "Déposé"}
    assert answer.status_code == 409 and words[language] in answer.json()["detail"]
    assert PROCEDURE.code not in answer.text
