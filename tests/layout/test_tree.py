"""The shape of the repository: imports point down, files stay small, folders have the field's names."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layout.sentences import ROOT, SOURCE, modules

LIMIT = 400
FORBIDDEN = {"utils", "util", "common", "helpers", "helper", "core", "misc"}
EDGES = {"access", "api", "web", "fhir", "database", "declared", "revisions", "synthetic"}
"""Folders named for what they are made of; the others carry a word of the field."""


def ours(*patterns: str) -> list[Path]:
    """Our own files, without what tools made."""
    folders = [SOURCE, ROOT / "tests", ROOT / "bench", ROOT / "docs"]
    return sorted(
        path
        for folder in folders
        for pattern in patterns
        for path in folder.rglob(pattern)
        if "__pycache__" not in path.parts
        and "results" not in path.parts
        and "vendor" not in path.parts
    )


def test_files_are_short_enough_to_read():
    long = {
        str(path.relative_to(ROOT)): count
        for path in ours("*.py", "*.html", "*.css", "*.js", "*.sql", "*.sh")
        if ".min." not in path.name
        and (count := path.read_text(encoding="utf-8").count("\n")) > LIMIT
    }
    assert long == {}, f"split by meaning what has more than {LIMIT} lines"


def test_no_file_is_named_for_nothing():
    assert [path for path in ours("*.py") if FORBIDDEN & {path.stem, path.parent.name}] == []


def test_a_module_says_what_it_is_about():
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.stat().st_size
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_imports_point_down():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_folder_is_in_the_glossary():
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").lower()
    folders = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()} - EDGES
    lacking = [name for name in sorted(folders) if name.rstrip("s") not in text.replace(" ", "")]
    assert lacking == []


@pytest.mark.parametrize(
    "command", [["--help"], ["check", "--help"], ["settings", "--help"], ["load", "--help"]]
)
def test_help_imports_nothing_heavy(command):
    heavy = [
        "duckdb",
        "litestar",
        "pyarrow",
        "sqlglot",
        "psycopg",
        "babel",
        "alembic",
        "lxml",
        "holidays",
    ]
    script = (
        "import sys; from lienthong.__main__ import main\n"
        f"sys.argv[1:] = {command!r}\ntry: main()\nexcept SystemExit: pass\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "--help" in done.stdout
    assert done.stderr.strip() == "[]"


def test_a_check_with_compiled_rules_imports_no_compiler(tmp_path):
    contract = ROOT / "bench" / "visits.odcs.yaml"
    (tmp_path / "visits.csv").write_text("id\n1\n")
    script = (
        "import sys; from lienthong.__main__ import main\n"
        f"sys.argv[1:] = ['check', {str(tmp_path / 'visits.csv')!r}, '--contract', {str(contract)!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('sqlglot' in sys.modules, file=sys.stderr)"
    )
    own = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=own
        )
        for _ in range(2)
    ]
    assert [one.stderr.split()[-1] for one in said] == ["True", "False"], "compiled, then kept"


def test_every_dependency_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'\s+"[a-z][a-z0-9-]+(\[[a-z,]+\])?>=', line)]
    assert len(listed) > 20
    assert [line for line in listed if not re.search(r"#\s*\w+", line)] == []


def test_the_targets_of_make_are_the_promised_ones():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split() == [
        "install", "demo", "test", "check", "bench", "docs",
    ]  # fmt: skip


def test_nothing_points_at_one_machine_or_holds_a_secret():
    wrong = re.compile(
        r"/home/\w|/root/|/work/|-----BEGIN|(?:password|secret)\s*=\s*['\"]\w{12,}", re.I
    )
    files = [
        *ours("*.py", "*.html", "*.sql", "*.yaml", "*.md"),
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
    ]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if wrong.search(line)
    ]
    assert found == []
