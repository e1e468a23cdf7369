"""A program of an agency files, reads, lists and acts on dossiers; another agency's program gets nowhere."""

from __future__ import annotations

import pytest

from lienthong.access import accounts, operator, tokens
from tests.dossiers.world import ELSEWHERE, PROCEDURE, UNIT, publish

APPLICANT = {
    "kind": "person", "name": "Nguyễn Văn Mẫu", "number_kind": "cccd", "number": "001190000001",
    "phone": "0900000001",
}  # fmt: skip
FILING = {
    "procedure": PROCEDURE.code,
    "channel": "online",
    "applicant": APPLICANT,
    "summary": "Cấp lại",
}


@pytest.fixture(scope="module")
def programs(db):
    """The token of each program by its duty."""
    with db.connect() as conn:
        publish(conn)
        for id, role in [("lan", "decider"), ("minh", "processor")]:
            accounts.create(
                conn, operator(), id, name=id, roles=[role], facility=UNIT, province="66"
            )
        return {
            name: tokens.create(
                conn, operator(), facility=unit, name=name, province="66", roles=roles
            )
            for name, unit, roles in [
                ("desk", UNIT, ["receiver"]),
                ("officer", UNIT, ["processor"]),
                ("head", UNIT, ["decider"]),
                ("elsewhere", ELSEWHERE, ["receiver", "processor"]),
                ("stranger", "H29.50", ["receiver", "processor", "decider"]),
            ]
        }


@pytest.fixture
def call(site, programs):
    """Call as one of the programs: (who, method, path, json) → answer."""

    def run(who, method, path, json=None, **headers):
        site.cookies.clear()
        headers = {"authorization": f"Bearer {programs[who]}", **headers}
        return site.request(method, f"/api/v1/dossiers{path}", json=json, headers=headers)

    return run


def filed(call, who="desk", **more) -> str:
    answer = call(who, "POST", "", FILING | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["code"]


def test_a_dossier_goes_its_whole_way(call):
    code = filed(call)
    steps = [
        ("desk", "receive", {}),
        ("head", "assign", {"holder": "minh"}),
        ("officer", "start", {}),
        ("officer", "step", {}),
        ("officer", "ask_supplement", {"components": ["TP01", "TP02"]}),
        ("desk", "supplement", {}),
        ("head", "settle", {"result": "Giấy phép", "number": "66/GP", "data": {"holder": "x"}}),
        ("desk", "hand_over", {}),
    ]
    for who, act, said in steps:
        offered = {one["act"] for one in call(who, "GET", f"/{code}").json()["next"]}
        assert act in offered, (act, offered)
        answer = call(who, "POST", f"/{code}/acts/{act}", said)
        assert answer.status_code == 200, answer.text
    one = call("officer", "GET", f"/{code}").json()
    assert one["dossier"]["state"] == "returned"
    assert one["applicant"]["name"] == APPLICANT["name"]
    acts = [event["act"] for event in call("officer", "GET", f"/{code}/events").json()]
    assert acts == ["filed", *(act for _, act, _ in steps)]
    why = call("officer", "GET", f"/{code}/standing").json()
    assert why["standing"]["state"] == "returned"
    [result] = call("officer", "GET", f"/{code}/results").json()
    assert (result["number"], result["data"]) == ("66/GP", {"holder": "x"})


def test_a_repeated_filing_makes_one_dossier(call):
    key = {"idempotency-key": "from-our-program-1"}
    first = call("desk", "POST", "", FILING, **key)
    again = call("desk", "POST", "", FILING, **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["code"] == again.json()["code"]
    assert again.json()["again"] is True
    other = call("desk", "POST", "", FILING | {"summary": "khác"}, **key)
    assert other.status_code == 409
    assert call("head", "GET", f"/{first.json()['code']}").status_code == 200


def test_another_agency_gets_nowhere(call):
    code = filed(call)
    for method, path in [
        ("GET", f"/{code}"), ("GET", f"/{code}/events"), ("GET", f"/{code}/standing"),
        ("POST", f"/{code}/acts/receive"), ("POST", f"/{code}/acts/withdraw"),
    ]:  # fmt: skip
        assert call("stranger", method, path).status_code == 404, path
    listed = call("stranger", "GET", f"?unit={UNIT}").json()
    assert listed["dossiers"] == []
    assert call("desk", "POST", f"/{code}/acts/settle", {"result": "x"}).status_code == 409
    assert call("officer", "POST", f"/{code}/acts/receive").status_code == 403
    assert call("officer", "POST", "", FILING).status_code == 403


def test_a_desk_elsewhere_hands_in_and_the_competent_agency_receives(call):
    code = filed(call, "elsewhere", unit=UNIT)
    assert call("elsewhere", "POST", f"/{code}/acts/receive").status_code == 403
    assert call("desk", "POST", f"/{code}/acts/receive").status_code == 200
    mine = [row["code"] for row in call("elsewhere", "GET", "").json()["dossiers"]]
    assert mine == [code]


def test_a_second_supplement_needs_somebody_who_decides_there(call):
    code = filed(call)
    call("desk", "POST", f"/{code}/acts/receive")
    ask = f"/{code}/acts/ask_supplement"
    call("officer", "POST", ask, {"components": "TP01"})
    call("desk", "POST", f"/{code}/acts/supplement")
    again = {"components": ["TP02"]}
    assert call("officer", "POST", ask, again).status_code == 422
    assert call("officer", "POST", ask, again | {"approved_by": "minh"}).status_code == 422
    assert call("officer", "POST", ask, again | {"approved_by": "lan"}).status_code == 200


def test_a_list_goes_on_where_the_page_before_ended(call):
    made = {filed(call, summary=f"trang {at}") for at in range(5)}
    seen, after = [], ""
    for _ in range(20):
        page = call("desk", "GET", f"?limit=2&after={after}").json()
        seen += [row["code"] for row in page["dossiers"]]
        if not page["next"]:
            break
        after = page["next"]
    assert len(seen) == len(set(seen))
    assert made <= set(seen)
    due = call("desk", "GET", "?order=due").json()["dossiers"]
    assert [row["next_due"] for row in due] == sorted(row["next_due"] for row in due)
    assert "applicant" not in due[0]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"procedure": "1.999999", "applicant": APPLICANT}, 404),
        ({"procedure": PROCEDURE.code}, 422),
        ({"procedure": PROCEDURE.code, "applicant": APPLICANT, "surprise": 1}, 422),
        (FILING | {"filed_at": "2126-01-01T08:00:00+07:00"}, 422),
        (FILING | {"unit": "nowhere"}, 422),
    ],
    ids=["no such procedure", "no applicant", "unknown field", "in the future", "no agency"],
)  # fmt: skip
def test_what_is_wrong_is_said_and_makes_nothing(call, body, status):
    answer = call("desk", "POST", "", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_files_go_with_a_dossier_and_out_through_the_gate(call, site, programs):
    code = filed(call)
    body = b"%PDF-1.7\n%%EOF"

    def send(who, data=body):
        site.cookies.clear()
        headers = {"authorization": f"Bearer {programs[who]}"}
        address = f"/api/v1/dossiers/{code}/attachments?name=giay-phep.exe&kind=result"
        return site.post(address, content=data, headers=headers)

    assert send("stranger").status_code == 404
    assert send("desk", b"MZ").status_code == 422
    kept = send("desk").json()
    assert (kept["name"], kept["media_type"]) == ("giay-phep.exe.pdf", "application/pdf")
    assert (kept["malware"], kept["signature"]) == ("not_checked", "unsigned")
    assert send("desk").status_code == 409
    [listed] = call("officer", "GET", f"/{code}/attachments").json()
    assert listed == kept
    given = call("officer", "GET", f"/{code}/attachments/{kept['id']}")
    assert given.content == body
    assert given.headers["content-disposition"].startswith("attachment;")
    assert call("stranger", "GET", f"/{code}/attachments/{kept['id']}").status_code == 404


def test_a_program_sees_the_worklist_and_names_substitutes(call):
    code = filed(call)
    call("desk", "POST", f"/{code}/acts/receive")
    call("head", "POST", f"/{code}/acts/assign", {"holder": "minh"})
    mine = call("officer", "GET", "/worklist?holder=minh").json()
    assert code in [line["row"]["code"] for line in mine["dossiers"]]
    assert sum(mine["counts"].values()) >= len(mine["dossiers"])
    named = {
        "absent": "minh", "substitute": "lan", "begins": "2020-01-01T00:00:00", "ends": "2120-01-01T00:00:00",
        "reason": "phép",
    }  # fmt: skip
    assert call("officer", "POST", "/substitutions", named).status_code == 403
    made = call("head", "POST", "/substitutions", named)
    assert made.status_code == 201, made.text
    hers = call("head", "GET", "/worklist?holder=lan").json()
    assert code in [line["row"]["code"] for line in hers["dossiers"]]
    assert call("stranger", "GET", "/substitutions").json() == []
    assert call("stranger", "DELETE", f"/substitutions/{made.json()['id']}").status_code == 404
    assert call("head", "DELETE", f"/substitutions/{made.json()['id']}").status_code == 204
    moved = call("head", "POST", "/handovers", {"from": "minh", "to": "lan", "reason": "x"}).json()
    assert code in moved["dossiers"]


def test_each_reading_stands_in_the_read_log_and_shows_no_others_afterwards(call, db):
    code = filed(call)
    for _ in range(3):
        assert call("officer", "GET", f"/{code}").status_code == 200
        assert call("stranger", "GET", f"/{code}").status_code == 404
        assert call("desk", "GET", f"/{code}?purpose=care").status_code == 403
    with db.connect() as conn:
        rows = conn.execute(
            "SELECT action, purpose, facility FROM app.read_log"
            " WHERE resource = jsonb_build_object('dossier', %s::text)",
            [code],
        ).fetchall()
    assert rows == [("dossier.read", "procedure", UNIT)] * 3
    listed = call("stranger", "GET", "").json()["dossiers"]
    assert code not in [row["code"] for row in listed], "the connection forgot whom it served"
