"""The tutorials do what they say: their files are written and their commands run as a newcomer would."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lienthong import database

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorial"
PROGRAM = Path(sys.executable).with_name("lienthong")
BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_field_and_a_rule_are_added_as_written(tmp_path: Path) -> None:
    assert follow("add-a-field.md", tmp_path, {}) == 6


def test_a_thirteenth_database_is_added_as_written(tmp_path: Path, db: database.Database) -> None:
    assert follow("add-a-database.md", tmp_path, {"LIENTHONG_DATABASE_URL": db.url}) == 6


def follow(tutorial: str, folder: Path, more: Mapping[str, str]) -> int:
    """Writes the files of a page and runs its commands in an empty folder; how many commands there were."""
    commands = 0
    for kind, name, text in BLOCK.findall((TUTORIALS / tutorial).read_text(encoding="utf-8")):
        target = folder / name
        if kind == "console":
            commands += run(text, folder, more)
        elif kind == "yaml-append":
            shutil.copy(target, folder / "before.odcs.yaml")
            target.write_text(target.read_text(encoding="utf-8") + text, encoding="utf-8")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return commands


def run(text: str, folder: Path, more: Mapping[str, str]) -> int:
    """Runs each `$ command` of a block; `exit N: words` says how the last one ends and what it shows."""
    commands = 0
    done: subprocess.CompletedProcess[str] | None = None
    expected_exit = 0
    for line in [*text.splitlines(), "$"]:
        if line.startswith("$"):
            if done is not None and done.returncode != expected_exit:
                pytest.fail(f"{done.args} ended with {done.returncode}\n{done.stdout}{done.stderr}")
            if line == "$":
                break
            arguments = shlex.split(line[1:].strip().removeprefix("lienthong"))
            done = subprocess.run(
                [PROGRAM, *arguments],
                cwd=folder,
                env={**os.environ, **more},
                capture_output=True,
                text=True,
                check=False,
            )
            commands, expected_exit = commands + 1, 0
        elif match := re.fullmatch(r"exit (\d): (.+)", line):
            assert done is not None
            expected_exit = int(match[1])
            assert match[2] in done.stdout, done.stdout + done.stderr
    return commands
