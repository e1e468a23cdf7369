"""Files whose text makes a pattern look for hours: each is read in a process that is ended when it does."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tests.formats.making import base64_of as in_base64
from tests.formats.making import envelope, raw_file, read_bytes, visit

MANY = 2_000_000
"""Bytes of hostile text. Before, such a file was read for hours; now for less than a second."""
GOOD = envelope(visit("a"))
FIRST = GOOD.index("<HOSO>")
DECLARED = "<?xml " + "encoding='utf-8' " * (MANY // 17) + "><TONG_HOP/>"
HOSTILE = {
    "comments that never end around HOSO": GOOD[:FIRST] + "<!--" * (MANY // 4) + GOOD[FIRST:],
    "comments that never end in a HOSO": GOOD.replace("<HOSO>", "<HOSO>" + "<!--" * (MANY // 4)),
    "declarations that never end": GOOD.replace("<HOSO>", "<HOSO>" + "<?xml " * (MANY // 6)),
    "a declaration of many encodings": envelope(f"<HOSO>{raw_file('XML1', in_base64(DECLARED))}</HOSO>"),
}  # fmt: skip


def _read(body: bytes, folder: str) -> None:
    assert read_bytes(Path(folder), body).faults


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_holds_the_reading_of_a_file_up(tmp_path, body):
    made = multiprocessing.get_context("spawn").Process(
        target=_read, args=(body.encode(), str(tmp_path))
    )
    made.start()
    made.join(60)
    try:
        assert made.exitcode == 0, "it still looks" if made.is_alive() else "it failed"
    finally:
        made.kill()
        made.join()


def test_comments_with_the_end_of_a_visit_in_them_are_still_taken_out(tmp_path):
    body = envelope(visit("a"), visit("b")).replace(
        "<HOSO>", "<HOSO><!-- </HOSO> --><!-- again -->", 1
    )
    assert [row[0] for row in read_bytes(tmp_path, body.encode()).rows["XML1"]] == ["a", "b"]


def test_an_inner_declaration_still_tells_its_encoding(tmp_path):
    inner = "<?xml version='1.0' encoding='windows-1252'?><TONG_HOP><MA_LK>é</MA_LK></TONG_HOP>"
    said = in_base64(inner.encode("windows-1252"))
    body = envelope(f"<HOSO>{raw_file('XML1', said)}</HOSO>")
    assert read_bytes(tmp_path, body.encode()).rows["XML1"][0][0] == "é"
