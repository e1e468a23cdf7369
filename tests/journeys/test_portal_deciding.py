"""Somebody at the Office decides about a step that is held back: over the page, over the API, and nobody else may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.access import accounts, operator, tokens
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_portal_pages import act, seen
from tests.partners.portal_world import World, published
from tests.partners.test_portal_deciding import held_back

UNIT = "G18.12.078"
WHY = "đã hỏi đơn vị vận hành Cổng lúc 9 giờ"


@pytest.fixture(scope="module")
def link(db, site):
    """A dossier that is held back for each decision, and people with and without the right."""
    with db.connect() as conn:
        published(conn)
        for name, role, facility in (
            ("trucban", "office", None), ("mat", "ministry_officer", None), ("truong", "decider", UNIT),
        ):  # fmt: skip
            accounts.create(
                conn, operator(), name, name=f"Person {name}", roles=[role], password=PASSWORD, facility=facility
            )  # fmt: skip
    with StandIn() as standin:
        world = World(db, standin, unit=UNIT)
        world.now = datetime.now(UTC) - timedelta(days=20)
        with db.connect(autocommit=True) as conn:
            world.made = [held_back(conn, world, "ask_supplement") for _ in range(5)]
        yield world
        world.client.close()


@pytest.fixture
def entered(site, link):
    def enter(name):
        site.cookies.clear()
        site.post("/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
        return site

    yield enter
    site.cookies.clear()


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_the_screen_leads_to_what_is_held_back_and_tells_each_consequence(entered, link, language):
    client = entered("trucban")
    client.cookies.set("language", language)
    code, _ = link.made[4]
    assert f'href="/portal/dossiers/{code}"' in seen(client, "/portal").partition('id="held"')[2]
    page = seen(client, f"/portal/dossiers/{code}")
    told = {
        "vi": ("tạm giữ", "chỉ đơn vị vận hành Cổng xóa được", "02/11/2026"),
        "en": ("held back", "only its operator can remove", "once more"),
        "fr": ("retenue", "seul l'exploitant du Portail", "Portail"),
    }[language]  # fmt: skip
    for said in told:
        assert said in page.replace("&#39;", "'"), said
    assert page.count('type="radio"') == 3
    assert "Lê Thị Mẫu" not in page and "001190000001" not in page


@pytest.mark.parametrize(
    ("at", "name", "there", "told"),
    [(0, "step_there", 3, "Cổng đã có"), (1, "step_again", 4, "gửi lại"), (2, "step_never", 3, "không gửi")],
)  # fmt: skip
def test_each_decision_is_made_on_the_page_and_does_what_it_says(
    entered, link, db, at, name, there, told
):
    client, (code, number) = entered("trucban"), link.made[at]
    path = f"/portal/dossiers/{code}"
    assert "reason" in act(client, path, 422, act=name, step=number, reason=" ").text
    act(client, path, act=name, step=number, reason=WHY)
    page = seen(client, path)
    assert f"đã quyết định: {told}" in page and WHY in page and 'id="held"' not in page
    link.send(3)
    assert len(link.standin.memory.steps[code]) == there
    with db.connect() as conn:
        (about,) = conn.execute(
            "SELECT about FROM app.audit WHERE act = 'portal.step_decided' AND about ->> 'dossier' = %s",
            [code],
        ).fetchone()
    assert about["reason"] == WHY and about["decision"] == name.removeprefix("step_")


def test_a_step_that_the_portal_has_is_not_sent_again(entered, link):
    client, (code, number) = entered("trucban"), link.made[1]
    link.send(3)
    refused = act(
        client, f"/portal/dossiers/{code}", 422, act="step_again", step=number, reason=WHY
    )
    assert f"Cổng đã có bước {number}" in refused.text
    assert (
        "bước 99"
        in act(client, f"/portal/dossiers/{code}", 404, act="step_again", step=99, reason=WHY).text
    )


@pytest.mark.parametrize("name", ["mat", "truong"])
def test_whoever_only_looks_decides_nothing(entered, link, name):
    client, (code, number) = entered(name), link.made[3]
    page = seen(client, f"/portal/dossiers/{code}")
    assert 'type="radio"' not in page and "Đơn vị theo dõi kết nối quyết định" in page
    act(client, f"/portal/dossiers/{code}", 403, act="step_never", step=number, reason=WHY)
    assert 'id="held"' in seen(client, f"/portal/dossiers/{code}")


def test_the_same_by_api(site, link, db):
    code, number = link.made[3]
    with db.connect() as conn:
        watch = tokens.create(conn, operator(), facility="G18", name="trực", roles=("office",))
        other = tokens.create(conn, operator(), facility="01999", name="khác", roles=("sender",))
    site.cookies.clear()
    path, said = (
        f"/api/v1/portal/dossiers/{code}",
        {"act": "step_again", "step": number, "reason": WHY},
    )
    assert site.post(path, json=said).status_code == 401
    wrong = site.post(path, json=said, headers={"authorization": f"Bearer {other}"})
    assert wrong.status_code == 403, wrong.text
    mine = {"authorization": f"Bearer {watch}"}
    assert code in [
        one["code"] for one in site.get("/api/v1/portal/troubles?kind=held", headers=mine).json()
    ]
    assert site.post(path, json=said | {"reason": ""}, headers=mine).status_code == 422
    answer = site.post(path, json=said, headers=mine)
    assert answer.status_code == 200, answer.text
    (step,) = [one for one in answer.json()["steps"] if one["number"] == number]
    assert (step["decided"], step["again"], step["held_since"]) == ("again", True, None)
    link.send(3)
    again = site.post(path, json=said, headers=mine)
    assert again.status_code == 409, again.text
