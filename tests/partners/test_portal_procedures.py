"""LayThuTuc read into a procedure: what is there is understood or named as unread, what is not there stays unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lienthong.errors import Refused
from lienthong.partners.portal import catalogues, procedures_beside
from lienthong.partners.portal.procedures_in import cleaned, read
from lienthong.partners.stand_ins.portal.catalogue import UNMAPPED, field_codes, shape
from lienthong.partners.stand_ins.portal.site import StandIn
from lienthong.procedures import catalogue, proposing
from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_new
from lienthong.procedures.known import catalogued, known
from lienthong.procedures.procedure import Procedure
from tests.partners.portal_world import World

TOLD = {
    "MATTHC": "1.012289.000.00.00.G18", "TENTTHC": "Cấp mới giấy phép <i>hành nghề</i>", "MACOQUANCONGBO": "G18",
    "LOAITTHC": "TTHC được luật giao", "TRANGTHAI": 1, "QUYETDINH": "159/QĐ-BYT",
    "CAPTHUCHIEN": [{"CAPTHUCHIEN": "2", "TENCAP": "Cấp Tỉnh"}, {"CAPTHUCHIEN": "9", "TENCAP": "Cấp Khác"}],
    "LINHVUCTHUCHIEN": {"MALINHVUC": "G18-YT01", "TENLINHVUC": "Khám bệnh, chữa bệnh"},
    "CACHTHUCTHUCHIEN": [
        {"KENH": 2, "THOIGIAN": [{"THOIGIANGIAIQUYET": 15, "DONVITINH": "Ngày làm việc", "MOTA": "Từ khi nhận đủ",
          "PHILEPHI": [{"MAPHILEPHI": "PLP01", "SOTIEN": "430.000", "DONVI": "Đồng"}]}]},
        {"KENH": "1", "THOIGIAN": [
            {"THOIGIANGIAIQUYET": "30", "DONVITINH": "Ngày", "MOTA": "Cấp mới"},
            {"THOIGIANGIAIQUYET": "3", "DONVITINH": "Ngày làm việc", "MOTA": "Cấp lại"},
            {"THOIGIANGIAIQUYET": "", "DONVITINH": "Khác", "MOTA": "Theo thông báo"}]},
    ],
    "THANHPHANHOSO": [{"TRUONGHOP": "Cấp mới", "GIAYTO": [
        {"MAGIAYTO": "TP01", "TENGIAYTO": "Đơn đề nghị", "SOBANCHINH": "1", "SOBANSAO": 0, "TENMAUDON": "Mẫu 01"},
        {"MAGIAYTO": "TP02", "TENGIAYTO": "Văn bằng", "SOBANCHINH": "một"}]}],
    "TRINHTUTHUCHIEN": [{"TRUONGHOP": "", "TRINHTU": [{"TENTRINHTU": "<p>Nộp hồ sơ</p><p>Nhận phiếu</p>"}]}],
    "KETQUATHUCHIEN": [{"MAKETQUA": "000.00.00.G18-KQ000001", "TENKETQUA": "Giấy phép hành nghề"}],
    "CANCUPHAPLY": [{"SOVANBAN": "15/2023/QH15", "TENVANBAN": "Luật Khám bệnh, chữa bệnh"}],
    "COQUANTHUCHIEN": [{"MADONVI": "G18.12", "TENDONVI": "Cục Quản lý Khám, chữa bệnh"}],
    "COQUANPHOIHOP": [], "YEUCAU": None, "TTHCLIENQUAN": ["1.012290"], "TTHCLIENTHONG": [{"MATTHC": "2.000001.H22"}],
}  # fmt: skip


def test_what_is_there_is_read():
    told = read(TOLD)
    one = told.procedure
    assert (one.code, one.name, one.field_code) == (
        "1.012289",
        {"vi": "Cấp mới giấy phép hành nghề"},
        "G18-YT01",
    )
    online, direct = one.manners
    assert (online.channel, online.limits[0].value, online.limits[0].unit) == (
        "online",
        15,
        "working_days",
    )
    assert [(fee.code, fee.amount) for fee in online.fees or ()] == [("PLP01", 430_000)]
    assert [(x.value, x.unit, x.case) for x in direct.limits] == [
        (30, "days", "Cấp mới"), (3, "working_days", "Cấp lại"),
    ]  # fmt: skip
    assert direct.fees is None, "no source says that the counter is free"
    assert [(c.code, c.case, c.originals, c.copies) for c in one.components] == [
        ("TP01", "Cấp mới", 1, 0), ("TP02", "Cấp mới", None, None),
    ]  # fmt: skip
    assert one.steps[0].name["vi"] == "Nộp hồ sơ\nNhận phiếu"
    assert one.legal_basis == ("15/2023/QH15: Luật Khám bệnh, chữa bệnh",)
    assert one.decision is not None
    assert one.decision.number == "159/QĐ-BYT"
    assert (one.related, one.chained) == (("1.012290",), ("2.000001",))
    assert (told.public, one.levels) == (True, ("province",))


def test_what_nobody_understands_is_named_and_nothing_is_made_up():
    told = read(TOLD)
    assert set(told.unread) == {
        "CAPTHUCHIEN: Cấp Khác",
        "THOIGIAN: Khác Theo thông báo",
        "SOBANCHINH: một",
    }
    assert told.procedure.limit_text == "Khác Theo thông báo"
    bare = read({"maTTHC": "1.000001", "tenTTHC": "A"})
    assert bare.procedure == Procedure(code="1.000001", name={"vi": "A"})
    assert bare.public is None
    for lacking in ({"MATTHC": "1.000001"}, {"TENTTHC": "A"}, {"MATTHC": "9", "TENTTHC": "A"}):
        with pytest.raises(Refused):
            read(lacking)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p>Một&nbsp;hai</p>", "Một hai"),
        ("a<script>alert(1)</script>b", "a b"),
        ("<style>p{}</style>x<br/>y", "x\ny"),
        ("<img src=x onerror=alert(1)>ảnh", "ảnh"),
        ("5 < 6 và 7 > 3", "5 < 6 và 7 > 3"),
        ("<scr<script>ipt>alert(1)</script>", "<scr"),
    ],
)
def test_markup_is_taken_out_of_texts(dirty, clean):
    assert cleaned(dirty) == clean


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(sorted(TOLD)), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_no_shape_stops_the_reading(part):
    for name in TOLD:
        if name not in ("MATTHC", "TENTTHC"):
            assert read(TOLD | {name: part}).procedure.code == "1.012289"


def test_clocks_and_channels_that_the_portal_cannot_say_stay():
    ours = next(one.procedure for one in described() if one.slug == "1.003844")
    told = read({"MATTHC": ours.code, "TENTTHC": ours.name["vi"], "CACHTHUCTHUCHIEN": [
        {"KENH": "", "THOIGIAN": [{"THOIGIANGIAIQUYET": "12", "DONVITINH": "Ngày làm việc"}]}]}).procedure  # fmt: skip
    laid = proposing.over(ours, told)
    assert [(x.value, x.clock) for x in laid.limits] == [(12, "normal"), (2, "urgent")]
    assert [one.channel for one in laid.manners] == ["any", "online"]
    assert "limit" not in laid.marks
    same = read({"MATTHC": ours.code, "TENTTHC": ours.name["vi"], "CACHTHUCTHUCHIEN": [
        {"KENH": "", "THOIGIAN": [{"THOIGIANGIAIQUYET": "15", "DONVITINH": "Ngày làm việc"}]}]}).procedure  # fmt: skip
    assert proposing.over(ours, same) == ours


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        yield connection
        connection.rollback()


def test_what_the_stand_in_tells_of_all_known_procedures_is_read():
    coded = list(catalogued().values())
    fields = field_codes(coded)
    for ours in coded:
        told = read(shape(ours, fields)).procedure
        assert (told.code, told.name["vi"]) == (ours.code, cleaned(ours.name["vi"]))
        laid = proposing.over(ours, told)
        assert [c.data for c in laid.components] == [c.data for c in ours.components], (
            "what we know more stays"
        )
        assert [(x.value, x.unit) for x in laid.limits] == [(x.value, x.unit) for x in ours.limits]


def test_what_differs_becomes_a_draft_and_nothing_is_published(conn):
    ours = next(one.procedure for one in described() if one.slug == "1.012279")
    day = date(2026, 1, 1)
    catalogue.draft(conn, "editor", ours, "test")
    catalogue.publish(conn, "head", ours.code, day)
    same = proposing.propose(conn, "portal", replace(ours, marks={}), "portal", day)
    assert same.status == "same"
    told = Procedure(code=ours.code, name={"vi": "Tên khác"}, sets=2)
    done = proposing.propose(conn, "portal", told, "portal", day)
    assert (done.status, [one.part for one in done.differences]) == (
        "drafted",
        ["name", "sets", "marks"],
    )
    again = proposing.propose(conn, "portal", told, "portal", day)
    assert (again.status, again.version) == ("drafted", done.version)
    assert catalogue.in_force(conn, ours.code, day).procedure == ours
    draft = catalogue.draft_of(conn, ours.code).procedure
    assert (draft.name["vi"], draft.components, "sets" in draft.marks) == (
        "Tên khác",
        ours.components,
        False,
    )
    catalogue.withdraw(conn, "editor", ours.code)
    catalogue.start(conn, "editor", ours.code, 1, "editor")
    waits = proposing.propose(conn, "portal", told, "portal", day)
    assert waits.status == "waiting"
    assert catalogue.draft_of(conn, ours.code).procedure == ours, "an editor's draft is left alone"


def test_a_change_on_the_other_side_is_seen_through_the_line_and_taken_into_a_draft(fresh_db):
    now = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
    today = now.date()
    with StandIn() as there, fresh_db.connect(autocommit=True) as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        world = World(fresh_db, there, unit="G18.12.77")
        for _ in range(5):
            catalogues.fetch_all(conn, world.client, now)
        found = {one.code: one for one in procedures_beside.beside(conn, today)}
        assert {one.standing for code, one in found.items() if code != UNMAPPED} == {"adds"}
        assert found[UNMAPPED].standing == "only_there"

        fields = dict(
            there.memory.procedures["1.012279"], YEUCAU="<p>Điều kiện mới</p>", TENTTHC="Tên mới"
        )
        there.memory.change("procedure", fields=fields)
        there.memory.change("withdrawn", code="1.000056")
        later = now + timedelta(hours=1)
        catalogues.fetch_all(conn, world.client, later)
        changed = procedures_beside.one(conn, "1.012279", today)
        assert changed.standing == "differs"
        assert procedures_beside.one(conn, "1.000056", today).gone_at == later
        done = procedures_beside.take_over(conn, "editor", "1.012279", today)
        assert (done.status, done.version) == ("drafted", 2)
        assert catalogue.draft_of(conn, "1.012279").procedure.conditions == "Điều kiện mới"
        assert catalogue.in_force(conn, "1.012279", today).procedure == catalogued()["1.012279"]
        assert catalogue.in_force(conn, "1.000056", today), (
            "what is gone there is not ended here by itself"
        )
        world.client.close()
