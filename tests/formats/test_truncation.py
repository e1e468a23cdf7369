"""A file that ends too early keeps every HOSO that was complete, wherever it was cut."""

import io

import pytest

from lienthong.errors import Refused
from lienthong.records.formats.crew import as_result, make_reader
from lienthong.records.formats.envelope import Around, stretches
from lienthong.records.formats.reading import ReadingOptions
from tests.formats.making import VISIT, envelope, read_bytes, visit

WHOLE = envelope(*(visit(f"k{at}", *"xyz"[: at % 4]) for at in range(40))).encode()
ENDS = [at + 7 for at in range(len(WHOLE)) if WHOLE.startswith(b"</HOSO>", at)]


def complete(length):
    return sum(end <= length for end in ENDS)


@pytest.mark.parametrize("length", [*range(0, len(WHOLE), 1000), len(WHOLE) - 1, *ENDS[:3]])
def test_complete_hoso_before_the_cut_are_kept(tmp_path, length):
    try:
        found = read_bytes(tmp_path, WHOLE[:length])
    except Refused:
        # Without a root element there is no message at all.
        assert length < 80
        return
    if "XML1" not in found.rows:
        assert length == 0
        return
    expected = [f"k{at}" for at in range(complete(length))]
    assert [row[0] for row in found.rows["XML1"]] == expected
    assert found.units == len(expected)
    cut = [one for one in found.faults if one.kind == "envelope-truncated"]
    assert bool(cut) == (length < len(WHOLE) - 1)
    assert all(one.params["units"] == len(expected) for one in cut)


@pytest.mark.parametrize("size", [1, 7, 50, 333, 4096])
def test_the_size_of_stretches_changes_nothing(size):
    reader = make_reader(VISIT, ReadingOptions())

    def rows(size):
        around = Around()
        keys, units = [], 0
        for body in stretches(io.BytesIO(WHOLE), around, size):
            result = as_result(reader.read_body(body, around.frame))
            units += result.units
            for batch in result.tables.get("XML2", []):
                keys += batch.column("MA_LK").to_pylist()
            assert not result.faults
        return keys, units, around.head, around.tail

    assert rows(size) == rows(10_000_000)


def test_bytes_changed_anywhere_never_stop_the_reading(tmp_path):
    import random

    chance = random.Random(4750)
    for _ in range(60):
        data = bytearray(WHOLE)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 3)] = chance.choice(
                [
                    b"",
                    b"<",
                    b">",
                    b"&",
                    b"\x00",
                    b"\xff",
                    b"<!--",
                    b"]]>",
                    b"</HOSO>",
                    b"\r\n",
                    b"A",
                ]
            )
        try:
            found = read_bytes(tmp_path, bytes(data))
        except Refused:
            continue
        assert found.units is None or found.units >= 30
