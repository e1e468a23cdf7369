"""What was compiled once is kept for its owner only: generated code from a folder of others is not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lienthong.contracts.rules import cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache.cache_folder()


def test_a_value_is_made_once(folder: Path) -> None:
    made = []

    def make() -> dict[str, str]:
        made.append(1)
        return {"J18.9": "Pneumonia"}

    assert [cache.kept("x", dict[str, str], make) for _ in range(3)] == [{"J18.9": "Pneumonia"}] * 3
    assert len(made) == 1
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_can_write_is_not_read(folder: Path) -> None:
    cache.kept("x", dict[str, str], lambda: {"a": "mine"})
    folder.chmod(0o777)
    assert cache.kept("x", dict[str, str], lambda: {"a": "made again"}) == {"a": "made again"}


def test_half_a_file_is_made_again(folder: Path) -> None:
    cache.kept("x", dict[str, str], lambda: {"a": "b"})
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:3])
    assert cache.kept("x", dict[str, str], lambda: {"a": "c"}) == {"a": "c"}
