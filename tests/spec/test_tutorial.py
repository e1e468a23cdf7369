"""The tutorial does what it says: its files are written and its commands run as a newcomer would."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "add-a-field.md"
PROGRAM = Path(sys.executable).with_name("lienthong")
BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_works_as_written(tmp_path: Path) -> None:
    commands = 0
    for kind, name, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "console":
            commands += run(text, tmp_path)
        elif kind == "yaml-append":
            target = tmp_path / name
            shutil.copy(target, tmp_path / "before.odcs.yaml")
            target.write_text(target.read_text(encoding="utf-8") + text, encoding="utf-8")
        else:
            (tmp_path / name).write_text(text, encoding="utf-8")
    assert commands == 6


def run(text: str, folder: Path) -> int:
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
                [PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False
            )
            commands, expected_exit = commands + 1, 0
        elif match := re.fullmatch(r"exit (\d): (.+)", line):
            assert done is not None
            expected_exit = int(match[1])
            assert match[2] in done.stdout, done.stdout + done.stderr
    return commands
