"""What a demonstration of the Office needs: three invented lists that almost agree, readiness, cuts and burdens.

Names and codes are those that public sources name; who owns what, when and how far it is, is invented, and every
row carries the mark of demonstration data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg

from lienthong import clock
from lienthong.access import operator
from lienthong.procedures.known import catalogued
from lienthong.procedures.lists import agreed, bringing
from lienthong.procedures.procedure import Procedure
from lienthong.procedures.readiness import standing
from lienthong.procedures.readiness.gates import gates
from lienthong.procedures.reduction import cost, ledger
from lienthong.procedures.reduction.cost import Burden, Row
from lienthong.procedures.reduction.ledger import Cut
from lienthong.synthetic.chance import chance

HEADS = (
    "Mã TTHC",
    "Tên thủ tục",
    "Lĩnh vực",
    "Cấp giải quyết",
    "Trạng thái",
    "Mức độ trực tuyến",
    "Nhóm",
    "Mức ưu tiên",
)
LEVELS = {
    "ministry": "Bộ", "province": "Tỉnh", "commune": "Xã", "facility": "Cơ sở", "social_insurance": "BHXH",
}  # fmt: skip
STATUS = {
    "current": "Còn hiệu lực",
    "listed_2025-07": "Còn hiệu lực",
    "likely_replaced": "",
    "unknown": "",
}
ONLINE = {
    "full": "Toàn trình",
    "partial": "Một phần",
    "information": "Cung cấp thông tin",
    "unknown": "",
}
ACTOR = "demo"

Cells = dict[str, str]


def load(conn: psycopg.Connection[Any], seed: int) -> None:
    """Bring the invented lists, readiness, cuts and burdens, once; a store that has lists is left as it is."""
    if bringing.newest(conn):
        return
    for unit, rows in three_lists(chance(seed, "office lists")).items():
        bringing.bring(
            conn,
            operator(),
            unit,
            _csv(rows),
            f"danh-muc-mau-{unit}.csv",
            channel="demo",
            demo=True,
        )
    _readiness(conn, chance(seed, "office readiness"))
    _cuts(conn, chance(seed, "office cuts"))


def _readiness(conn: psycopg.Connection[Any], random: Random) -> None:
    """Gates of the procedures that the agreed list wants connected: most in work, some stuck, a few late."""
    wanted = [one for one in agreed.agreed_list(conn) if one.group == "connect"]
    today = clock.today()
    for one in wanted:
        if random.random() < 0.2:
            continue
        service = random.choice(("full", "full", "full", "undecided", "partial"))
        standing.decide(
            conn, operator(), one.code, priority=one.priority, owner=random.choice(OWNERS), service=service,
            reason=random.choice(("inspection", "technical")) if service == "partial" else None, demo=True,
        )  # fmt: skip
        done = min(len(gates().names), int(random.triangular(0, 8, 2)))
        for at, gate in enumerate(gates().names[: done + 1]):
            state = (
                "ready"
                if at < done
                else random.choice(("working", "working", "working", "blocked"))
            )
            standing.set_gate(
                conn, operator(), one.code, gate, state=state, owner=random.choice(OWNERS),
                due=clock.add_working_days(today + timedelta(days=random.randint(-10, 60)), 1),
                blocker=random.choice(BLOCKERS) if state == "blocked" else "", demo=True,
            )  # fmt: skip


def _cuts(conn: psycopg.Connection[Any], random: Random) -> None:
    """A ledger whose done cuts move no share, and what four procedures ask of people before and after."""
    today = clock.today()
    central = [one for one in agreed.agreed_list(conn) if one.central]
    for at, one in enumerate(random.sample(central, min(len(central), 16))):
        days = random.choice((10, 15, 20, 30))
        done = at < 4
        when = (
            today - timedelta(days=30 * (at + 1)) if done else today + timedelta(days=25 * (at - 5))
        )
        ledger.write(
            conn,
            operator(),
            Cut(
                code=one.code,
                kind="simplified" if done else "decentralised" if at % 5 else "abolished",
                central=True,
                basis="Mẫu: phương án phân cấp, chưa phải văn bản thật",
                planned=when,
                done=when if done else None,
                days_before=Decimal(days),
                days_after=Decimal(days - random.choice((1, 3, 5))),
                demo=True,
            ),
        )
        if at % 4 == 0:
            _burdens(conn, one.code, random)


def _burdens(conn: psycopg.Connection[Any], code: str, random: Random) -> None:
    hours = Decimal(random.choice((4, 6, 8)))
    for moment, share in (("before", Decimal(1)), ("after", Decimal("0.5"))):
        rows = (
            Row(activity="prepare", hours=hours * share, outlay=Decimal(60_000) * share),
            Row(activity="submit", hours=Decimal(2) * share),
            Row(activity="receive", hours=Decimal(1)),
        )
        given = Burden(rows=rows, subjects=Decimal(120), basis="Mẫu: số liệu trình diễn")
        cost.write(conn, operator(), code, moment, given, demo=True)


OWNERS = (
    "Cục Khám chữa bệnh (mẫu)",
    "Cục Quản lý Dược (mẫu)",
    "Cục Phòng bệnh (mẫu)",
    "Trung tâm Thông tin (mẫu)",
)
BLOCKERS = (
    "Mẫu: chờ sửa thông tư quy định biểu mẫu",
    "Mẫu: chưa kết nối cơ sở dữ liệu đăng ký doanh nghiệp",
    "Mẫu: Cổng chưa cấp định danh cho thủ tục",
)


def three_lists(random: Random) -> dict[str, list[Cells]]:
    """The lists by unit: the same rows, with a dozen differences planted in them."""
    base = [_row(one, random) for one in catalogued().values() if one.standing != "abolished"]
    lists = {unit: [dict(row) for row in base] for unit in ("office", "science", "information")}
    places = random.sample(range(len(base)), 12)
    for at, plant in zip(places, _plants(), strict=True):
        unit, change = plant
        row = lists[unit][at]
        change(row)
    return {unit: [row for row in rows if row["Mã TTHC"]] for unit, rows in lists.items()}


def _plants() -> list[tuple[str, Callable[[Cells], None]]]:
    """A dozen differences of every kind, each in one unit's list."""

    def put(column: str, *values: str) -> Callable[[Cells], None]:
        def change(row: Cells) -> None:
            row[column] = next(value for value in values if value != row[column])

        return change

    def rename(row: Cells) -> None:
        row["Tên thủ tục"] = (
            row["Tên thủ tục"].replace("thiết bị y tế", "trang thiết bị y tế") + " (sửa đổi)"
        )

    def both(row: Cells) -> None:
        put("Cấp giải quyết", "Tỉnh", "Bộ")(row)
        put("Nhóm", "Phân cấp", "Kết nối")(row)

    return [
        ("science", put("Mã TTHC", "")),
        ("information", put("Mã TTHC", "")),
        ("information", put("Mã TTHC", "")),
        ("office", rename),
        ("science", rename),
        ("information", put("Cấp giải quyết", "Tỉnh", "Xã")),
        ("science", both),
        ("office", put("Trạng thái", "Bãi bỏ")),
        ("information", put("Trạng thái", "Được thay thế")),
        ("science", put("Tên thủ tục", "Thủ tục chưa chuẩn hóa tên")),
        ("information", put("Cấp giải quyết", "Bộ", "Tỉnh")),
        ("office", put("Cấp giải quyết", "Xã", "Tỉnh")),
    ]


def _row(one: Procedure, random: Random) -> Cells:
    central = "ministry" in one.levels
    group = (
        "Kết nối"
        if central or one.decentralised is False
        else "Phân cấp"
        if one.decentralised
        else ""
    )
    return dict(
        zip(
            HEADS,
            (
                one.code,
                one.name["vi"],
                one.field,
                "; ".join(LEVELS[level] for level in one.levels),
                STATUS.get(one.standing, ""),
                ONLINE[one.online],
                group,
                str(random.choice((1, 1, 2, 2, 3))) if group == "Kết nối" else "",
            ),
            strict=True,
        )
    )


def _csv(rows: list[Cells]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADS)
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + out.getvalue()).encode()
