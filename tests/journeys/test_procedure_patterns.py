"""Every pattern of limits that real texts have, from an empty draft in a real browser to a dossier's deadline.

The due moments are computed by hand. Offices: 07:00-11:30 and 13:30-17:00; 24 November 2026 is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest

from lienthong import clock
from lienthong.access import accounts, operator, tokens
from lienthong.dossiers import acting, lapsing
from lienthong.dossiers.dossier import Filing, find
from lienthong.errors import Conflict, Refused
from lienthong.procedures import catalogue
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_browser import CHROMIUM, chromium
from tests.journeys.test_procedure_browser import fits, signed_in

__all__ = ["chromium"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

UNIT = "H66.01"
HANDS = frozenset({"receiver", "processor", "decider"})
MONDAY, NIGHT, SATURDAY = "2026-11-02 10:00", "2026-11-06 20:15", "2026-11-07 20:00"


@dataclass(frozen=True)
class Pattern:
    """What the editor types, section by section, and the due moments: (channel, case, clock, received, due)."""

    code: str
    name: str
    rows: dict[str, list[dict[str, str]]]
    dues: list[tuple[str, str, str, str, str]]
    fields: dict[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ()


def limit(value: str, unit: str, **more: str) -> dict[str, str]:
    return {"value": value, "unit": unit, **more}


PATTERNS = [
    Pattern(
        "1.980001", "Ngày và ngày làm việc, thẩm quyền theo đối tượng",
        {
            "limits": [limit("20", "days"), limit("10", "working_days", case="Miễn nhiệm")],
            "competent": [
                {"agency": "Cục Quản lý", "level": "ministry", "applies": "Bệnh viện tư nhân"},
                {"agency": "Sở Y tế", "level": "province", "applies": "Cơ sở khác"},
            ],
        },
        [
            ("direct", "", "normal", MONDAY, "2026-11-23 17:00"),  # the 20th day is a Sunday
            ("direct", "Miễn nhiệm", "normal", MONDAY, "2026-11-16 10:00"),
        ],
        read=("Bệnh viện tư nhân",),
    ),
    Pattern(
        "1.980002", "Nửa ngày và giờ làm việc",
        {
            "limits": [limit("0,5", "working_days"), limit("12", "working_hours", case="Nhanh")],
            "steps": [
                {"name_vi": "Tiếp nhận", "value": "0,25", "unit": "working_days", "role": "Một cửa"},
                {"name_vi": "Ký", "value": "0,25", "unit": "working_days", "role": "Lãnh đạo"},
            ],
        },
        [
            ("direct", "", "normal", MONDAY, "2026-11-02 16:00"),  # 1.5 hours, lunch, 2.5 hours
            ("direct", "Nhanh", "normal", MONDAY, "2026-11-03 16:00"),  # 5 h on Monday, 4.5 h and 2.5 h on Tuesday
        ],
        read=("0,5 ngày làm việc",),
    ),
    Pattern(
        "1.980003", "Giải quyết ngay, kết quả là đăng tải",
        {
            "limits": [limit("", "immediate"), limit("3", "working_days", channel="post")],
            "results": [{"name_vi": "Danh sách trên trang", "kind": "publication"}],
        },
        [
            ("online", "", "normal", MONDAY, "2026-11-02 17:00"),
            ("post", "", "normal", "2026-11-07 09:00", "2026-11-11 17:00"),
        ],
        read=("công bố công khai, không phải giấy tờ", "ngay"),
    ),
    Pattern(
        "1.980004", "Theo giờ liên tục",
        {"limits": [limit("12", "hours")]},
        [("direct", "", "normal", SATURDAY, "2026-11-08 08:00")],
    ),
    Pattern(
        "1.980005", "Hai đồng hồ",
        {
            "limits": [limit("15", "working_days"), limit("2", "working_days", clock="urgent")],
            "supplements": [
                {"ask_value": "10", "ask_unit": "working_days"},
                {"clock": "urgent", "ask_value": "2", "ask_unit": "working_days"},
            ],
        },
        [
            ("online", "", "normal", "2026-11-03 09:30", "2026-11-25 09:30"),
            ("online", "", "urgent", "2026-11-03 09:30", "2026-11-05 09:30"),
        ],
    ),
    Pattern(
        "1.980006", "Thời hạn theo trường hợp, bổ sung có thời hạn riêng",
        {
            "limits": [limit("10", "days", case="Ký lần đầu"), limit("3", "working_days", case="Ký nối tiếp")],
            "supplements": [
                {
                    "case": "Ký lần đầu", "ask_value": "5", "ask_unit": "working_days", "answer_value": "30",
                    "answer_unit": "days", "then_value": "10", "then_unit": "days", "rounds": "5",
                },
                {"case": "Ký nối tiếp", "answer_value": "3", "answer_unit": "months"},
            ],
        },
        [
            ("direct", "Ký lần đầu", "normal", MONDAY, "2026-11-12 17:00"),
            ("direct", "Ký nối tiếp", "normal", MONDAY, "2026-11-05 10:00"),
        ],
        read=("tối đa 5 lần",),
    ),
    Pattern(
        "1.980007", "Kiểm tra thực tế trong thời hạn",
        {
            "limits": [
                limit("10", "days", stage="Thẩm định hồ sơ"), limit("10", "days", stage="Thẩm định tại chỗ"),
                limit("7", "working_days", stage="Cấp giấy"),
            ],
        },
        [("direct", "", "normal", MONDAY, "2026-12-03 17:00")],  # 12/11, Sunday 22 and Monday 23, without 24/11
    ),
    Pattern(
        "1.980008", "Tính từ khi nộp trên hệ thống",
        {"limits": [limit("5", "working_days")]},
        [("online", "", "normal", NIGHT, "2026-11-13 17:00")],
        fields={"clock.start": "Tính từ khi nộp trên hệ thống trực tuyến"},
        read=("Tính từ khi nộp trên hệ thống trực tuyến",),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def editor(db, people):
    with db.connect() as conn:
        accounts.create(
            conn, operator(), "editor", name="Person editor", roles=["office"], password=PASSWORD,
            facility="G18", province=None,
        )  # fmt: skip
        conn.commit()


@pytest.fixture(scope="module")
def desk(db):
    with db.connect() as conn:
        made = tokens.create(
            conn, operator(), facility=UNIT, name="desk", province="66", roles=["receiver"]
        )
        conn.commit()
    return made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.VIETNAM)


def described(page, served: str, one: Pattern) -> None:
    """From nothing to a published version, as an editor does it."""
    page.goto(f"{served}/procedures/new")
    page.fill("#code", one.code)
    page.fill("#name", one.name)
    page.click("main form button")
    page.wait_for_selector("#draft")
    for section, rows in one.rows.items():
        for number, row in enumerate(rows):
            if not page.is_visible(f"#{section}"):
                page.click(f"details:has(#{section}) > summary")
            page.click(f"button[name='do:add:{section}']")
            page.wait_for_selector(f"[name^='{section}.{number}.']")
            for name, value in row.items():
                put(page, f"{section}.{number}.{name}", value)
    for name, value in one.fields.items():
        section = name.partition(".")[0]
        if not page.is_visible(f"#{section}"):
            page.click(f"details:has(#{section}) > summary")
        put(page, name, value)
    page.locator("button[name='do:save']").last.click()
    page.wait_for_selector(".note.good")
    page.fill("#valid_from", "2026-11-02")
    page.fill("#number", "1/QĐ-MAU")
    page.check("[name=incomplete]")
    page.click(f"form[action='/procedures/{one.code}/publish'] button")
    page.wait_for_url(f"**/procedures/{one.code}?done=published")


def put(page, name: str, value: str) -> None:
    place = page.locator(f"[name='{name}']")
    if place.evaluate("one => one.tagName") == "SELECT":
        place.select_option(value)
    else:
        place.fill(value)


def asked(page, served: str, one: Pattern, due: tuple[str, str, str, str, str]) -> str:
    """What the page answers to “When is it due?”."""
    channel, case, clock_name, received, _ = due
    page.goto(f"{served}/procedures/{one.code}")
    page.fill("#received", received.replace(" ", "T"))
    page.select_option("#channel", channel)
    if case:
        page.select_option("#case", case)
    if clock_name != "normal":
        page.select_option("#clock", clock_name)
    page.click("form[method=get].row button")
    page.wait_for_selector("[role=status]")
    return page.inner_text("[role=status]")


def received_dossier(conn, one: Pattern, due: tuple[str, str, str, str, str]):
    channel, case, clock_name, received, _ = due
    made = acting.file(conn, "desk", Filing(
        procedure=one.code, unit=UNIT, channel=channel, filed_at=at(received), case=case, clock=clock_name,
    ))  # fmt: skip
    return acting.move(conn, "desk", HANDS, made.code, "receive", at=at(received))


def test_each_pattern_is_described_published_and_gives_the_right_deadline(
    db, chromium, served, editor, desk
):
    page = signed_in(chromium, served, scripts=False)
    for one in PATTERNS:
        described(page, served, one)
        assert fits(page), one.name
        text = page.inner_text("main").lower()
        for words in one.read:
            assert words.lower() in text, (one.name, words)
        for due in one.dues:
            ends = at(due[4])
            assert f"{ends:%H:%M %d/%m/%Y}" in asked(page, served, one, due), (one.name, due)
            with db.connect() as conn:
                dossier = received_dossier(conn, one, due)
                conn.commit()
            assert dossier.due_at == ends, (one.name, due)
        filing = {"procedure": one.code, "channel": one.dues[0][0], "case": one.dues[0][1], "applicant": {
            "kind": "person", "name": "Nguyễn Văn Mẫu", "number_kind": "cccd", "number": "001190000001",
        }}  # fmt: skip
        answer = httpx.post(
            f"{served}/api/v1/dossiers", json=filing, headers={"authorization": f"Bearer {desk}"},
            timeout=120,
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
    page.context.close()

    # Supplements as they were typed: who does not answer within three months loses the dossier, and five rounds end it.
    first, again = PATTERNS[5].dues
    with db.connect() as conn:
        assert catalogue.in_force(conn, "1.980006", at(MONDAY).date()).procedure.supplement is None
        dossier = received_dossier(conn, PATTERNS[5], again)
        for act, about in (
            ("start", {}),
            ("ask_supplement", {"components": ["TP01"], "reason": "thiếu"}),
        ):
            acting.move(conn, "desk", HANDS, dossier.code, act, about, at=at("2026-11-03 10:00"))
        assert lapsing.lapse(conn, "program", at("2027-02-03 16:59")) == []
        assert lapsing.lapse(conn, "program", at("2027-02-03 17:00")) == [dossier.code]
        dossier = received_dossier(conn, PATTERNS[5], first)
        acting.move(conn, "desk", HANDS, dossier.code, "start", {}, at=at("2026-11-03 10:00"))
        approved = {"components": ["TP01"], "reason": "thiếu", "approved_by": "lan"}
        for day in range(4, 9):
            moment = at(f"2026-11-{day:02} 10:00")
            acting.move(conn, "desk", HANDS, dossier.code, "ask_supplement", approved, at=moment)
            acting.move(
                conn, "desk", HANDS, dossier.code, "supplement", {}, at=moment + timedelta(hours=1)
            )
        found = find(conn, dossier.code)
        assert found.supplements == 5
        # Ten days run anew from the last supplement, on Sunday the 8th: to Wednesday the 18th.
        assert found.due_at == at("2026-11-18 17:00")
        with pytest.raises((Conflict, Refused)):
            acting.move(
                conn,
                "desk",
                HANDS,
                dossier.code,
                "ask_supplement",
                approved,
                at=at("2026-11-09 10:00"),
            )
        conn.rollback()
