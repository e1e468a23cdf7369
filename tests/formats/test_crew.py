"""Several processes read what one process reads."""

import pytest

from lienthong.records.formats import crew
from lienthong.records.formats.crew import Crew, Worker
from lienthong.records.formats.reading import ReadingOptions
from tests.formats.making import VISIT, envelope, file, read_bytes, visit


@pytest.fixture
def small_stretches(monkeypatch):
    from lienthong.records.formats import messages
    from lienthong.records.formats.envelope import stretches

    monkeypatch.setattr(crew, "SMALL", 100)
    monkeypatch.setattr(
        messages, "stretches", lambda stream, around: stretches(stream, around, 2000)
    )


def test_two_processes_read_what_one_reads(tmp_path, small_stretches):
    text = envelope(
        *(visit(f"k{at}", *"xyz"[: at % 4]) for at in range(120)),
        f"<HOSO>{file('XML1', '<TONG_HOP><MA_LK>1</MA_LK><MA_LK/><MOI/></TONG_HOP>')}</HOSO>",
        "<HOSO>&</HOSO>",
    )
    one = read_bytes(tmp_path, text, processes=1)
    two = read_bytes(tmp_path, text, processes=2)
    assert two.rows == one.rows
    assert two.faults == one.faults
    assert two.units == one.units == 122
    assert [row[-2:] for row in two.rows["XML1"]] == [(at, at) for at in range(121)]


def test_workers_end_with_their_crew():
    with Crew(VISIT, ReadingOptions(processes=2), crew.SMALL + 1) as many:
        processes = [worker._process for worker in many._workers]
        assert len(processes) == 2
    assert [process.poll() for process in processes] == [0, 0]


def test_a_small_file_starts_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(Worker, "__init__", lambda *_: pytest.fail("a process was started"))
    assert read_bytes(tmp_path, envelope(visit("a")), processes=2).units == 1
