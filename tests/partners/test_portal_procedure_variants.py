"""LayThuTuc as relays and generations of the Portal write it: read alike, or named; never lost and never made up."""

from __future__ import annotations

import json

import pytest

from lienthong.errors import Refused
from lienthong.partners.portal import catalogues, procedures_beside
from lienthong.partners.portal.procedures_in import read
from tests.partners.test_portal_procedures import TOLD


def told(**parts):
    return read({"MATTHC": "1.012289", "TENTTHC": "Cấp mới"} | parts)


def time(**said):
    found = told(CACHTHUCTHUCHIEN=[{"KENH": "2", "THOIGIAN": [said]}])
    return (
        [(x.value, x.unit) for x in found.procedure.limits],
        found.procedure.limit_text,
        found.unread,
    )


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        ("0,5", "Ngày làm việc", (0.5, "working_days")),
        ("05", "Ngày làm việc", (5, "working_days")),
        (15.0, "ngày làm việc", (15, "working_days")),
        ("15.0", "Ngày", (15, "days")),
        ("15", "NGÀY\u00a0LÀM  VIỆC", (15, "working_days")),
        ("15", "NGAY_LAM_VIEC", (15, "working_days")),
        ("15 ngày làm việc", "", (15, "working_days")),
        ("<b>3</b>", "Tháng", (3, "months")),
    ],
)
def test_a_time_is_read_however_its_number_is_written(number, unit, expected):
    limits, text, unread = time(THOIGIANGIAIQUYET=number, DONVITINH=unit)
    assert (limits, text, unread) == ([expected], "", ())


@pytest.mark.parametrize(
    ("number", "unit"), [("2", "Tuần"), ("30", "Phút"), ("2,5", "Ngày"), ("0", "Ngày"), ("mười", "Ngày"), ("-1", "Giờ")]
)  # fmt: skip
def test_a_time_that_nobody_can_count_stays_text_and_is_named(number, unit):
    limits, text, unread = time(THOIGIANGIAIQUYET=number, DONVITINH=unit)
    assert limits == []
    assert text == f"{number} {unit}"
    assert unread == (f"THOIGIAN: {number} {unit}",)


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("430000", 430_000), ("430.000", 430_000), ("430,000", 430_000), ("430 000", 430_000), ("430000.00", 430_000),
        (430000.0, 430_000), (430000, 430_000), ("430.000,00", 430_000), ("1.500.000 đồng", 1_500_000), ("0", 0),
    ],
)  # fmt: skip
def test_a_fee_is_the_same_however_thousands_and_cents_are_written(said, amount):
    found = told(
        CACHTHUCTHUCHIEN=[
            {"KENH": "1", "THOIGIAN": [{"PHILEPHI": [{"SOTIEN": said, "DONVI": "Đồng"}]}]}
        ]
    )
    assert [fee.amount for one in found.procedure.manners for fee in one.fees or ()] == [amount]
    assert found.unread == ()


@pytest.mark.parametrize(
    ("said", "currency"),
    [("100", "USD"), ("100", "Nghìn đồng"), ("miễn phí", ""), ("-5", "Đồng"), ("12.34", ""), (1.5, "Đồng"),
     (12.345, "Đồng"), ("1.500.000 Đồng/hồ sơ", ""), ("9" * 13, "")],
)  # fmt: skip
def test_a_fee_that_is_no_sum_in_dong_is_named_and_nothing_is_free_by_it(said, currency):
    found = told(
        CACHTHUCTHUCHIEN=[
            {"KENH": "1", "THOIGIAN": [{"PHILEPHI": [{"SOTIEN": said, "DONVI": currency}]}]}
        ]
    )
    assert found.procedure.free is None
    assert found.unread == (f"PHILEPHI: {said} {currency}".strip(),)


@pytest.mark.parametrize(
    ("said", "channel"),
    [("1", "direct"), (2, "online"), (2.0, "online"), ("Trực tiếp", "direct"), ("trực tuyến", "online"),
     ("Dịch vụ bưu chính", "post"), ("POSTAL", "post")],
)  # fmt: skip
def test_a_channel_is_read_by_number_or_name(said, channel):
    assert [one.channel for one in told(CACHTHUCTHUCHIEN={"KENH": said}).procedure.manners] == [
        channel
    ]


def test_a_fee_beside_the_times_is_not_lost():
    found = told(CACHTHUCTHUCHIEN=[{"KENH": "1", "PHILEPHI": {"SOTIEN": "100000"}, "THOIGIAN": []}])
    assert [fee.amount for fee in found.procedure.manners[0].fees or ()] == [100_000]


PAPERS = [{"TRUONGHOP": "", "GIAYTO": [{"TENGIAYTO": "Đơn", "SOBANCHINH": "1"}]}]


@pytest.mark.parametrize(
    "shape",
    [
        PAPERS, PAPERS[0], json.dumps(PAPERS), [{"TENGIAYTO": "Đơn", "SOBANCHINH": 1.0}],
        [{"giayTo": {"tenGiayTo": "Đơn", "soBanChinh": "01"}}], {"TENGIAYTO": "<p>Đơn</p>", "SOBANCHINH": "1.0"},
    ],
)  # fmt: skip
def test_papers_are_read_in_every_shape(shape):
    found = told(THANHPHANHOSO=shape)
    assert [(one.name["vi"], one.originals) for one in found.procedure.components] == [("Đơn", 1)]
    assert found.unread == ()


def test_texts_where_rows_were_expected_are_kept_and_named():
    found = told(
        THANHPHANHOSO="Đơn; Bản sao", TRINHTUTHUCHIEN="<p>Nộp</p><p>Nhận</p>", KETQUATHUCHIEN="Giấy phép",
        COQUANTHUCHIEN="Sở Y tế", DOITUONGTHUCHIEN="Công dân", CAPTHUCHIEN="Cấp Tỉnh", CANCUPHAPLY=["15/2023/QH15"],
        TTHCLIENQUAN="1.012290, 1.012291.000.00.00.H22",
    )  # fmt: skip
    one = found.procedure
    assert one.components[0].name["vi"] == "Đơn; Bản sao"
    assert one.steps[0].name["vi"] == "Nộp\nNhận"
    assert (one.results[0].name["vi"], one.competent[0].agency, one.subjects) == (
        "Giấy phép",
        "Sở Y tế",
        ("Công dân",),
    )
    assert (one.levels, one.legal_basis) == (("province",), ("15/2023/QH15",))
    assert one.related == ("1.012290", "1.012291")
    assert set(found.unread) == {"THANHPHANHOSO: Đơn; Bản sao", "TRINHTUTHUCHIEN: Nộp\nNhận"}


def test_what_is_not_read_is_named_whatever_it_is():
    found = told(
        QUYETDINH={"SO": "1/QĐ"}, LINHVUCTHUCHIEN=[{"TENLINHVUC": "A"}, {"TENLINHVUC": "B"}], TRANGTHAI="Công khai",
        MOTA="Mô tả", ID="5", TTHCLIENTHONG=[{"MATTHC": "abc"}], TRUONGMOI=[1, 2], YEUCAU="a\x00b\x07",
    )  # fmt: skip
    assert found.public is None
    assert found.procedure.conditions == "a b"
    assert set(found.unread) == {
        'QUYETDINH: {"SO": "1/QĐ"}', "LINHVUCTHUCHIEN: B", "TRANGTHAI: Công khai", "MOTA: Mô tả",
        'TTHCLIENTHONG: [{"MATTHC": "abc"}]', "TRUONGMOI: [1, 2]",
    }  # fmt: skip


class Line:
    """A client that answers LayThuTuc with what it is given."""

    def __init__(self, *found) -> None:
        self.found = found

    def listed(self, service, **asked):
        return self.found


def test_an_answer_in_any_wrapping_is_fetched_and_what_cannot_be_stored_is_not():
    assert catalogues.described(Line(TOLD), "1.012289") == TOLD
    assert catalogues.described(Line(json.dumps(TOLD)), "1.012289") == TOLD
    assert catalogues.described(Line(), "1.012289") is None
    assert catalogues.described(Line("không có"), "1.012289") is None
    bad = {"MATTHC": "1.012289", "TENTTHC": "a\0b", "YEUCAU": ["x\0", {"\0": "C:\\u0000"}]}
    assert catalogues.described(Line(bad), "1.012289") == {
        "MATTHC": "1.012289", "TENTTHC": "a b", "YEUCAU": ["x ", {" ": "C:\\u0000"}],
    }  # fmt: skip


def test_an_answer_about_another_procedure_is_not_taken_for_this_one():
    with pytest.raises(Refused):
        procedures_beside._of("1.000056", TOLD)
    assert procedures_beside._of("1.012289", TOLD).procedure.code == "1.012289"
