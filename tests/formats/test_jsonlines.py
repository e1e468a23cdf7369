"""JSON lines: a row for each line, also for the broken ones."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.errors import Refused
from tests.formats.making import VISIT, read_bytes, single

ABC = single("a", "b", "c")


def test_values_keep_the_digits_they_were_written_with(tmp_path):
    text = (
        '{"a": "01", "b": 1.10, "c": 12345678901234567890}\n'
        '{"c": true, "A": null, " b ": false}\r\n'
        "\n"
        '{"a": {"x": [1.0, {"y": "é"}]}, "b": [], "c": ""}\n'
        '{"a": NaN, "b": "  ", "c": 1e5}'
    )
    found = read_bytes(tmp_path, text, ABC)
    assert found.rows["T"] == [
        ("01", "1.10", "12345678901234567890", 0, 0),
        (None, "false", "true", 1, 1),
        ('{"x": [1.0, {"y": "é"}]}', "[]", None, 2, 2),
        ("NaN", None, "1e5", 3, 3),
    ]
    assert found.faults == []


@pytest.mark.parametrize(
    "line",
    [
        '{"a": 1',
        "[1]",
        '"a"',
        "x",
        '{"a": 1} {"a": 2}',
        '{"a": 1},',
        "{'a': 1}",
        "{" * 5000,
        '{"a":' + "[" * 100_000,
    ],
)
def test_a_broken_line_is_a_row_with_a_fault(tmp_path, line):
    found = read_bytes(tmp_path, f'{{"a": 1}}\n{line}\n{{"a": 3, "b": 4, "c": 5}}\n', ABC)
    assert [row[0] for row in found.rows["T"]] == ["1", None, "3"]
    assert found.places() == [("line-broken", 1, "T", 1)]
    assert found.faults[0].params == {"line": 2}


def test_names_unknown_missing_and_twice(tmp_path):
    found = read_bytes(tmp_path, '{"a": 1, "x": 2, "a": 3}\n{"b": 1, "x": 2}\n', ABC)
    assert found.rows["T"] == [("3", None, None, 0, 0), (None, "1", None, 1, 1)]
    assert [(one.kind, one.row, one.params.get("name")) for one in found.faults] == [
        ("name-twice", 0, "a"),
        ("column-unknown", None, "x"),
        ("column-missing", None, "c"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_encodings(tmp_path, encoding):
    found = read_bytes(tmp_path, '{"a": "Nguyễn", "b": 1, "c": 2}\n'.encode(encoding), ABC)
    assert found.rows["T"] == [("Nguyễn", "1", "2", 0, 0)]


def test_broken_bytes_and_characters(tmp_path):
    data = b'{"a": "\xff", "b": "\\u0000x", "c": "\\ud800"}\n'
    found = read_bytes(tmp_path, data, ABC)
    assert found.rows["T"] == [("\ufffd", "x", "?", 0, 0)]
    assert found.places() == [("bytes-broken", 0, "T", 0)]


def test_the_table_is_found_by_the_names(tmp_path):
    found = read_bytes(tmp_path, '{"MA_LK": "a", "STT": 1, "TEN_THUOC": "x"}\n', VISIT)
    assert found.rows == {"XML2": [("a", "1", "x", 0, None)]}


def test_what_only_begins_like_json_is_refused(tmp_path):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, "{not json\n{at all\n", ABC)
    assert refusal.value.code == "FILE-20"


values = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8), st.integers(), st.none()
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries({"a": values, "b": values, "c": values}), min_size=1, max_size=5
    ),
    st.booleans(),
)
def test_any_object_survives(tmp_path_factory, objects, escaped):
    text = "\n".join(json.dumps(one, ensure_ascii=escaped) for one in objects)
    found = read_bytes(tmp_path_factory.mktemp("j"), text, ABC)

    def expected(value):
        text = None if value is None else str(value).replace("\x00", "")
        return text if text and text.strip(" \t\r\n") else None

    got = [dict(zip(found.columns["T"], row, strict=False)) for row in found.rows["T"]]
    assert got == [{name: expected(one[name]) for name in found.columns["T"]} for one in objects]


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '[\n  {\n "a": 1}\n]', "[]", " [ {} ]"])
def test_one_json_list_is_refused_with_the_way_out(tmp_path, text):
    with pytest.raises(Refused) as refused:
        read_bytes(tmp_path, text, single("a", name="T"))
    assert refused.value.code == "FILE-32"


def test_a_bracket_in_the_first_cell_is_no_list(tmp_path):
    found = read_bytes(tmp_path, "[a],b\n[1],2\n", single("[a]", "b", name="T"))
    assert found.rows["T"] == [("[1]", "2", 0, 0)]
