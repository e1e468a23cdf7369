"""Settings: all mistakes at once, no password shown, and the command line around them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lienthong import settings


def test_nothing_given_gives_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = settings.read({})
    assert chosen.home == tmp_path / ".lienthong"
    assert (chosen.database_url, chosen.language, chosen.host, chosen.port) == (
        None,
        "vi",
        "127.0.0.1",
        8000,
    )
    assert settings.read({"LIENTHONG_PORT": ""}).port == 8000


def test_values_are_read():
    chosen = settings.read(
        {
            "LIENTHONG_HOME": "/srv/x",
            "LIENTHONG_PORT": "81",
            "LIENTHONG_LANGUAGE": "fr",
            "LIENTHONG_DATABASE_URL": "postgresql://a:b@h/d",
            "LIENTHONG_JOBS": "no",
            "LIENTHONG_PUBLIC_URL": "https://x.vn",
            "PATH": "whatever",
        }
    )
    assert (chosen.home, chosen.port, chosen.language) == (Path("/srv/x"), 81, "fr")
    assert not chosen.jobs
    assert chosen.secure_cookies


def test_all_mistakes_are_told_at_once():
    with pytest.raises(settings.SettingsErrors) as wrong:
        settings.read(
            {
                "LIENTHONG_PORT": "80000",
                "LIENTHONG_LANGUAGE": "de",
                "LIENTHONG_HOMES": "x",
                "LIENTHONG_JOBS": "maybe",
                "LIENTHONG_DATABASE_URL": "mysql",
                "LIENTHONG_LOG_LEVEL": "loud",
                "LIENTHONG_SESSION_MINUTES": "many",
            }
        )
    assert [problem.variable for problem in wrong.value.problems] == [
        "LIENTHONG_DATABASE_URL", "LIENTHONG_HOMES", "LIENTHONG_JOBS", "LIENTHONG_LANGUAGE",
        "LIENTHONG_LOG_LEVEL", "LIENTHONG_PORT", "LIENTHONG_SESSION_MINUTES",
    ]  # fmt: skip
    assert wrong.value.problems[1].values == {"near": "LIENTHONG_HOME"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lt:geheimnis@db.vn:5432/x",
        "host=db.vn password=geheimnis user=lt",
        "postgres://lt:geheim@nis@db/x",
    ],
)
def test_a_password_is_never_shown(url):
    shown = [line.value for line in settings.document({"LIENTHONG_DATABASE_URL": url})]
    assert not any("geheim" in value for value in shown)
    assert any("lt" in value for value in shown)


def lienthong(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    import os

    return subprocess.run(
        [sys.executable, "-m", "lienthong", *arguments], capture_output=True, text=True, check=False,
        env=dict(os.environ) | environment,
    )  # fmt: skip


def test_every_setting_is_documented_by_the_command():
    done = lienthong("settings", "--json", LIENTHONG_PORT="8123")
    lines = {line["variable"]: line for line in json.loads(done.stdout)}
    assert lines["LIENTHONG_PORT"] == {
        "variable": "LIENTHONG_PORT",
        "sentence": "The port on which the site answers.",
        "default": "8000",
        "value": "8123",
        "given": True,
    }
    assert lines["LIENTHONG_HOME"]["default"] == ".lienthong/"


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["--version"], {}, 0, ""),
        (["settings"], {}, 0, ""),
        (["nothing"], {}, 2, "nothing"),
        (["nothing"], {"LIENTHONG_LANGUAGE": "fr"}, 2, "Il n'y a pas de commande nothing"),
        ([], {}, 2, "Cách dùng: "),
        (["account"], {"LIENTHONG_LANGUAGE": "fr"}, 2, "Utilisation : "[:11]),
        (["settings", "--nothing"], {}, 2, "Không có tùy chọn --nothing"),
        (["settings", "--jsonn"], {}, 2, "Có phải: --json"),
        (["account", "close"], {}, 2, "Thiếu 'account'"),
        (["audit", "show", "--limit", "many"], {}, 2, "Không dùng được '--limit'"),
        (
            ["settings"],
            {"LIENTHONG_PORT": "x", "LIENTHONG_LANGUAGE": "en"},
            2,
            "LIENTHONG_PORT: This value is not",
        ),
        (["settings"], {"LIENTHONG_PORT": "x"}, 2, "LIENTHONG_PORT: Giá trị này không hợp lệ"),
        (
            ["audit", "show"],
            {"LIENTHONG_DATABASE_URL": "host=/nowhere dbname=x"},
            2,
            "Cơ sở dữ liệu không trả lời",
        ),
    ],
)
def test_exit_codes(arguments, environment, code, said):
    done = lienthong(*arguments, **environment)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "vi",
            [
                "Cách dùng: ",
                "Tùy chọn:",
                "Hiện hướng dẫn này rồi thoát.",
                "Đối số:",
                "[bắt buộc]",
                "[mặc định: vi]",
            ],
        ),
        (
            "en",
            [
                "Usage: ",
                "Options:",
                "Show this message and exit.",
                "Arguments:",
                "[required]",
                "[default: vi]",
            ],
        ),
        (
            "fr",
            [
                "Utilisation: ",
                "Options:",
                "Montrer ce message et sortir.",
                "[obligatoire]",
                "[par défaut: vi]",
            ],
        ),
    ],
)
def test_help_speaks_the_readers_language(language, words):
    done = lienthong("account", "create", "--help", LIENTHONG_LANGUAGE=language, COLUMNS="200")
    assert done.returncode == 0
    assert [word for word in words if word not in done.stdout] == []


@pytest.mark.parametrize("group", ["procedures", "reports"])
def test_the_commands_of_a_group_are_told_in_the_readers_language(group):
    """A docstring would show in English to everybody."""
    told = {
        language: lienthong(group, "--help", LIENTHONG_LANGUAGE=language, COLUMNS="400").stdout
        for language in ("en", "vi", "fr")
    }
    lines = {language: set(text.splitlines()) for language, text in told.items()}
    named = [line for line in lines["en"] if line.startswith("  ") and ". " not in line[:3]]
    assert len(named) >= 3
    for language in ("vi", "fr"):
        assert [line for line in named if line in lines[language]] == []
