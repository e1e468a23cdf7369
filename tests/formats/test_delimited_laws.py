"""Any cells survive any encoding and any damage elsewhere; no row is lost and none moves."""

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.formats.making import read_bytes, single

ABC = single("a", "b", "c")
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]

letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffd")
text = st.text(st.one_of(st.sampled_from(" \",;|'\n\tÁạễ.-0"), letters), max_size=12)
record = st.tuples(text, text, text)
law = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def blank(cell):
    return cell if cell.strip(" ") else None


def written(rows, separator, end, quoting):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting).writerows(
        [("a", "b", "c"), *rows]
    )
    return out.getvalue()


def same(found, rows, spaces):
    """Cells of nothing but space may be empty or as they were: both are blank to the check."""
    for got, sent in zip(found, rows, strict=True):
        for cell, wanted in zip(got, sent, strict=True):
            assert cell == wanted or (not wanted.strip() and (cell is None or not cell.strip())), (
                got,
                sent,
            )
    assert spaces


@law
@given(
    st.lists(record, max_size=6),
    st.sampled_from(",;|\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(ENCODINGS),
)
@example([], ",", "\n", csv.QUOTE_MINIMAL, "utf-16-be")
def test_any_cells_survive(tmp_path_factory, rows, separator, end, quoting, encoding):
    data = written(rows, separator, end, quoting).encode(encoding)
    found = read_bytes(tmp_path_factory.mktemp("c"), data, ABC)
    assert [one.kind for one in found.faults] in ([], ["file-empty"])
    same([row[:-2] for row in found.rows["T"]], rows, spaces=True)
    assert [row[-2] for row in found.rows["T"]] == list(range(len(rows)))


plain = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)
damage = st.one_of(
    st.lists(plain, min_size=1, max_size=2).map(",".join),
    st.lists(plain, min_size=4, max_size=6).map(",".join),
    plain.map(lambda cell: f'{cell},"{cell},{cell}'),
    plain.map(lambda cell: f'{cell},"{cell}"{cell},{cell}'),
    plain.map(lambda cell: f'"{cell},{cell},{cell}'),
)


@law
@given(st.lists(st.one_of(st.tuples(plain, plain, plain).map(",".join), damage), max_size=12))
@example(['a,"b,c', 'd,e","f', "g,h,i"])
def test_damaged_rows_never_move_others(tmp_path_factory, lines):
    found = read_bytes(tmp_path_factory.mktemp("c"), "a,b,c\n" + "\n".join(lines), ABC)
    got = found.rows["T"]
    assert len(got) == len(lines)
    damaged = {one.row for one in found.faults if one.row is not None}
    for at, line in enumerate(lines):
        usual = '"' not in line and line.count(",") == 2
        if usual:
            assert got[at] == (*line.split(","), at, at)
        else:
            assert at in damaged


@pytest.mark.parametrize("threads", [1, 2])
def test_careful_and_quick_reading_agree(tmp_path, threads):
    body = "".join(f'{at},"x ""{at}"" \n,y",{"" if at % 3 else "é"}\n' for at in range(500))
    quick = read_bytes(tmp_path, "a,b,c\n" + body, ABC)
    careful = read_bytes(tmp_path, "a,b,c\n" + body + "1,2\n", ABC)
    assert quick.sources["T"].unnumbered is not None
    assert careful.sources["T"].unnumbered is None
    assert careful.rows["T"][:-1] == quick.rows["T"]
