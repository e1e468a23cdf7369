"""What was compiled once is kept for its owner only: generated code from a folder of others is not run."""

from __future__ import annotations

import tempfile
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


def test_kept_functions_are_compiled_once_and_again_for_another_python(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lienthong.contracts.reading import parse_contract
    from lienthong.contracts.rules import python_form
    from lienthong.contracts.rules.compiled import compile_contract

    head = "apiVersion: v3.2.0\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\nschema:\n"
    body = "  - name: t\n    properties: [{name: a, logicalType: string, required: true}]\n"
    made = cache.cached_python(compile_contract(parse_contract((head + body).encode())))
    table = made.tables["t"]

    def answers() -> list[int]:
        found: list[int] = []
        python_form.functions_of(table, "t", None)["judge"]([None] * 9, {}, {}, found)
        return found

    compiled: list[str] = []
    real = python_form._compiled
    monkeypatch.setattr(
        python_form, "_compiled", lambda one, name: compiled.append(name) or real(one, name)
    )
    assert answers() == [0] and compiled == []
    monkeypatch.setattr(python_form, "MAGIC_NUMBER", b"other")
    assert answers() == [0] and compiled == ["t"]


def test_a_contract_of_several_versions_comes_back_as_it_was_read() -> None:
    """Values of a closed list that another version has included."""
    from lienthong.contracts.reading import read_contract

    cache.cached_contract("care")
    assert cache.cached_contract("care").contract == read_contract("care")


def test_a_user_without_a_home_has_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs under a number that nobody named."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cache.kept("x", dict[str, str], lambda: {"a": "b"}) == {"a": "b"}
    assert cache.kept("x", dict[str, str], dict) == {"a": "b"}
    assert cache.cache_folder().is_relative_to(tmp_path)
