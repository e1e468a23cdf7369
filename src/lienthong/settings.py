"""What the person who runs the program may choose: environment variables that begin with LIENTHONG_.

Every wrong value is collected before anything is said, so that one reading of the message is enough.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lienthong.errors import Refused
from lienthong.findings import LANGUAGES

PREFIX = "LIENTHONG_"


@dataclass(frozen=True)
class Problem:
    """One wrong variable: its name, an English sentence (the gettext key) and what fills it."""

    variable: str
    sentence: str
    values: dict[str, object]


class SettingsErrors(Refused):
    """The environment holds values that the program cannot use; all of them are in `problems`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "settings.wrong",
            "%(count)s settings are wrong: %(names)s",
            count=len(problems),
            names=", ".join(problem.variable for problem in problems),
        )
        self.problems = tuple(problems)


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(", ".join(LANGUAGES))
    return text


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        wanted = f"{low} … {high}"
        try:
            number = int(text)
        except ValueError:
            raise ValueError(wanted) from None
        if not low <= number <= high:
            raise ValueError(wanted)
        return number

    return parse


def _yes_no(text: str) -> bool:
    answers = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
    try:
        return answers[text.lower()]
    except KeyError:
        raise ValueError("yes, no") from None


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")) and "=" not in text:
        raise ValueError("postgresql://user@host/name")
    return text


def _hosts(text: str) -> frozenset[str]:
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("https://…")
    return text.rstrip("/")


def _level(text: str) -> str:
    levels = ("debug", "info", "warning", "error")
    if text.lower() not in levels:
        raise ValueError(", ".join(levels))
    return text.lower()


def _setting(parse: Callable[[str], Any], default: Any, sentence: str) -> Any:
    return field(default=default, metadata={"parse": parse, "sentence": sentence})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All choices with their defaults; the field `home` is the variable LIENTHONG_HOME."""

    home: Path = field(
        default_factory=lambda: _path(".lienthong"),
        metadata={
            "parse": _path,
            "sentence": "The data folder: the database, the bytes of submissions, own code lists, trusted"
            " certificates.",
            "shown": ".lienthong/",
        },
    )
    database_url: str | None = _setting(
        _database,
        None,
        "The PostgreSQL database (15 or newer); when empty, an own server runs in the data folder.",
    )
    language: str = _setting(
        _language,
        "vi",
        "The language of commands, and of pages before a reader chooses: vi, en or fr.",
    )
    host: str = _setting(str, "127.0.0.1", "The address on which the site answers.")
    port: int = _setting(_between(1, 65535), 8000, "The port on which the site answers.")
    public_url: str | None = _setting(
        str, None, "The address under which others reach the site; https makes cookies secure."
    )
    max_upload_mib: int = _setting(
        _between(1, 65536), 2048, "The largest submission that is accepted, in MiB."
    )
    unencoded_inner: bool = _setting(
        _yes_no,
        False,
        "Whether inner XML that is not in base64 is read as it stands (yes or no); some programs write it so.",
    )
    session_minutes: int = _setting(
        _between(5, 1440), 30, "Minutes without a click after which a person must sign in again."
    )
    webhook_hosts: frozenset[str] = field(
        default=frozenset(),
        metadata={
            "parse": _hosts,
            "sentence": "Hosts to which messages to subscribers may go besides public https addresses, with commas.",
            "shown": "",
        },
    )
    attachment_check: str | None = _setting(
        str,
        None,
        "The command that looks for malware in a file attached to a dossier; it gets the path, and ends with 0"
        " (passed) or 1 (refused). When empty, files are shown as not checked.",
    )
    feed_days: int = _setting(
        _between(1, 3650), 30, "Days for which the feed of changes is kept and can be replayed."
    )
    portal_url: str | None = _setting(
        _address,
        None,
        "The National Public Service Portal or the relay before it; when empty, nothing is exchanged with it.",
    )
    portal_profile: str = _setting(
        str, "adapter-v1", "The contract that the Portal or its relay speaks (declared/partners)."
    )
    portal_unit: str = _setting(str, "G18", "The agency as which we speak to the Portal.")
    portal_account: str = _setting(str, "", "The account that the Portal gave us.")
    portal_secret_file: Path | None = field(
        default=None,
        metadata={
            "parse": _path,
            "sentence": "A file whose first line is the password of that account; nobody else should be able to read"
            " it.",
            "shown": "",
        },
    )
    portal_destination: str = _setting(
        str, "", "The code of the Portal on the exchange axis (header dstcode)."
    )
    portal_seconds: int = _setting(
        _between(1, 3600),
        5,
        "Seconds between two looks for what is to be exchanged with the Portal.",
    )
    portal_lines: int = _setting(
        _between(1, 64), 8, "Dossiers that one worker sends to the Portal at the same time."
    )
    portal_payment_url: str | None = _setting(
        _address,
        None,
        "The payment platform; accounts and its secret stand in payments.yaml of the data folder.",
    )
    jobs: bool = _setting(_yes_no, True, "Whether the site also does the waiting jobs (yes or no).")
    log_level: str = _setting(_level, "info", "How much is logged: debug, info, warning or error.")

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies may travel only over https."""
        return bool(self.public_url and self.public_url.startswith("https://"))


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment; raises SettingsErrors with every wrong variable.

    An empty value counts as not given. An unknown LIENTHONG_ name is a mistake of spelling, so it is refused.
    """
    given = os.environ if environment is None else environment
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name in sorted(given):
        if not name.startswith(PREFIX) or given[name] == "":
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0)
            problems.append(
                Problem(
                    name, "There is no such setting; the nearest is %(near)s.", {"near": near[0]}
                )
            )
            continue
        item = known[name]
        try:
            values[item.name] = item.metadata["parse"](given[name])
        except ValueError as wrong:
            problems.append(
                Problem(
                    name, "This value is not possible; allowed: %(allowed)s.", {"allowed": wrong}
                )
            )
    if problems:
        raise SettingsErrors(problems)
    return Settings(**values)


@dataclass(frozen=True)
class Documented:
    """One line of `lienthong settings`."""

    variable: str
    sentence: str
    default: str
    value: str
    given: bool


def document(environment: Mapping[str, str] | None = None) -> list[Documented]:
    """Every setting with its meaning, default and present value; a password in an address is hidden."""
    given = os.environ if environment is None else environment
    settings, default = read(given), Settings()
    lines = []
    for item in fields(Settings):
        variable = PREFIX + item.name.upper()
        shown = item.metadata.get("shown", _shown(getattr(default, item.name)))
        lines.append(
            Documented(
                variable,
                item.metadata["sentence"],
                shown,
                _shown(getattr(settings, item.name)),
                bool(given.get(variable)),
            )
        )
    return lines


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    text = str(value)
    if "://" in text and "@" in text:
        scheme, rest = text.split("://", 1)
        who, where = rest.rsplit("@", 1)
        return f"{scheme}://{who.split(':', 1)[0]}@{where}"
    if "password" in text:
        return " ".join(
            "password=…" if part.startswith("password") else part for part in text.split()
        )
    return text
