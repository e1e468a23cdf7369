"""Tables of procedures from other hands: other heads, words and marks between cells; nothing lost in silence."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from importlib import resources

import pytest

from lienthong.errors import Refused
from lienthong.procedures import columns
from lienthong.procedures.known import known, read_file
from lienthong.words import say

DECLARED = resources.files("lienthong").joinpath("declared", "procedures", "known.csv")
ROWS = list(csv.DictReader(io.StringIO(DECLARED.read_text("utf-8"))))
UNITS = {"working_days": "working_day", "days": "day", "months": "month", "hours": "hour"}


def as_researched(row: dict[str, str]) -> dict[str, str]:
    """A row under the heads and words of the collection that the declared list was made from."""
    notes = [f"PDF page {len(row['name_vi']) % 30}"]
    for part in filter(None, row["replaced_by_data"].split("|")):
        database, _, component = part.partition(" = ")
        notes.append(
            f"NQ 66.7/2025/NQ-CP: replaced by data from {database.strip()}: {component.strip()}"
        )
    if row["successor"]:
        notes.append(f"same subject as newer code {row['successor']}")
    return {
        "code": row["code"], "name_vi": row["name_vi"], "name_en": row["name_en"], "field": row["field"],
        "level": row["levels"].replace("; ", "+").replace("social_insurance", "social insurance"),
        "authority": row["authority"], "online_level": row["online"], "time_limit": row["limit_text"],
        "fee_vnd": row["fee_vnd"] or row["fee_text"], "legal_basis": row["legal_basis"].replace("; ", " ; "),
        "decentralised": row["decentralised"], "source_url": row["source"].replace(" ", " ; "),
        "time_value": row["limit_value"], "time_unit": UNITS.get(row["limit_unit"], ""), "subfield": row["subfield"],
        "decentralised_basis": row["decentralised_basis"], "status": row["status"],
        "evidence": row["evidence"].replace("; ", " ; "), "documents_vi": row["components_vi"],
        "notes": " ; ".join(notes),
    }  # fmt: skip


def written(tmp_path, rows, *, mark=",", encoding="utf-8", name="list.csv"):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=mark, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / name
    path.write_bytes(out.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize(
    ("mark", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8")]
)
def test_the_collection_itself_imports_row_by_row_as_declared(tmp_path, mark, encoding):
    read = read_file(
        written(tmp_path, [as_researched(row) for row in ROWS], mark=mark, encoding=encoding)
    )
    assert read.left_out == ()
    assert sum(bool(one.code) for one in read.procedures) == 210
    assert list(read.procedures) == list(known())


def test_heads_of_an_office_and_its_words(tmp_path):
    path = tmp_path / "van-phong.csv"
    path.write_text(
        "DANH MỤC THỦ TỤC HÀNH CHÍNH;;;;;;;\n"
        "STT;Mã TTHC;Tên thủ tục hành chính;Cấp thực hiện;Thời hạn giải quyết;Phí, lệ phí;Mức độ trực tuyến;Người gửi\n"
        "1;1.999001.000.00.00.H56;Cấp giấy mẫu;Cấp Bộ, Cấp tỉnh;15 ngày làm việc;1.500.000 đồng;Toàn trình;An\n"
        "2;;Thủ tục chưa có mã;Xã;;500000 (loại A); ;\n",
        "utf-8-sig",
    )
    read = read_file(path)
    first, second = read.procedures
    assert (first.code, first.levels, first.online) == (
        "1.999001",
        ("ministry", "province"),
        "full",
    )
    assert first.manners[0].fees[0].amount == 1_500_000
    assert first.limit_text == "15 ngày làm việc"
    assert first.limits == (), "a text is no number that somebody decided on"
    assert (second.code, second.levels, second.online) == ("", ("commune",), "unknown")
    assert second.fee_text == "500000 (loại A)"
    assert second.free is None
    assert read.left_out == ("Người gửi",), "what is not read is named"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01" * 50, b"a,b\n1,2\n", "mã,tên\n1.000001,A\n".encode("utf-16")]
)
def test_what_is_no_such_table_is_refused_and_brings_nothing(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(Refused):
        read_file(path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("limit_value", "mười lăm", "2: “mười lăm” không phải số ngày hay giờ"),
        ("limit_value", "-3", "2: “-3” không phải số ngày hay giờ"),
        ("limit_unit", "tuần", "2: “tuần” không có trong cột “Đơn vị thời hạn”"),
        ("levels", "Huyện", "2: “Huyện” không có trong cột “Cấp thực hiện”; hãy ghi một trong: Bộ, Tỉnh, Xã"),
        ("online", "mức 4", "2: “mức 4” không có trong cột “Mức độ trực tuyến”; hãy ghi một trong: toàn trình"),
        ("status", "cũ", "2: “cũ” không có trong cột “Tình trạng theo nguồn”"),
        ("decentralised", "maybe", "2: “maybe” không có trong cột “Đã phân cấp”; hãy ghi một trong: có, không"),
        ("code", "1.01227", "có phải là 1.012270 không?"),
    ],
)  # fmt: skip
def test_a_word_that_is_not_known_refuses_its_line_in_the_readers_words(
    tmp_path, column, value, said
):
    row = {
        "code": "1.000001", "name_vi": "A", "levels": "tỉnh", "online": "", "limit_value": "3",
        "limit_unit": "ngày", "status": "", "decentralised": "",
    }  # fmt: skip
    with pytest.raises(Refused) as refused:
        read_file(written(tmp_path, [row | {column: value}]))
    lines = str(refused.value.details["lines"])
    assert said in lines, lines
    assert f"{column}=" not in lines


def test_missing_heads_are_named_as_they_are_to_be_written(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Cấp,Lĩnh vực\nBộ,A\n", "utf-8")
    with pytest.raises(Refused) as refused:
        read_file(path)
    assert refused.value.details["columns"] == "Mã TTHC (code), Tên TTHC (name_vi)"


def test_unicode_text_of_a_table_program_is_read(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("Mã TTHC\tTên TTHC\n1.000001\tThủ tục\n".encode("utf-16"))
    assert [one.name["vi"] for one in read_file(path).procedures] == ["Thủ tục"]


def test_every_column_has_a_label_in_three_languages():
    assert set(columns.LABELS) == set(columns.HEADS)
    for label in columns.LABELS.values():
        assert say(label, "vi") != label
        assert say(label, "fr") != label or label in ("Code", "Sources", "Note"), label


def test_a_cell_of_many_blanks_is_looked_at_once():
    program = (
        "from lienthong.procedures import columns\n"
        "print(columns.amount('1' + ' ' * 500_000 + '1'), columns.amount('1.000  đồng'))\n"
        "print(columns.replaced('replaced by data from ' * 50_000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["None", "1000", "[]"]
