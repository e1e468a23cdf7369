"""Connections to the database, as the program's limited role or as the owner of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from lienthong import settings as all_settings
from lienthong.database.cluster import Cluster
from lienthong.database.migration import migrate
from lienthong.errors import Unavailable

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Role = Literal["app", "owner"]

APP = "lienthong_app"
PERSONAL = ("attachments", "blobs", "work")
"""Folders of the data folder in which data of persons lie as they came."""


class Database:
    """One database: `url` reaches it as the owner of the tables.

    Child processes get `url` as LIENTHONG_DATABASE_URL. `close` lets go of an own server.
    """

    def __init__(self, url: str, cluster: Cluster | None = None) -> None:
        self.url = url
        self.cluster = cluster

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return (
            make_conninfo(self.url, password="") if self.cluster is None else self.cluster.conninfo
        )

    def conninfo(self, role: Role = "app", **more: Any) -> str:
        """The connection string of a role. Our own programs may see every row until `visible_to` narrows it."""
        given = conninfo_to_dict(self.url)
        options = [str(given.get("options") or ""), str(more.pop("options", ""))]
        if role == "app":
            options += [f"-c role={APP}", "-c lienthong.scope=all"]
        return make_conninfo(
            self.url,
            **({"application_name": "lienthong", "options": " ".join(options).strip()} | more),
        )

    def connect(
        self, role: Role = "app", *, autocommit: bool = False, **more: Any
    ) -> psycopg.Connection:
        """A new connection; raises Unavailable when the database does not answer."""
        try:
            return psycopg.connect(self.conninfo(role, **more), autocommit=autocommit)
        except psycopg.OperationalError as wrong:
            raise Unavailable(
                "database.silent", "The database does not answer: %(said)s", said=_said(wrong)
            ) from None

    def pool(self, size: int = 8, role: Role = "app", **more: Any) -> ConnectionPool:
        """An open pool of up to `size` connections; use it in a `with` block or close it."""
        from psycopg_pool import ConnectionPool

        return ConnectionPool(self.conninfo(role), min_size=1, max_size=size, open=True, **more)

    def migrate(self) -> None:
        """Bring the platform tables to the newest revision; quick when they are."""
        with self.connect("owner", autocommit=True) as connection:
            migrate(connection)

    def close(self) -> None:
        """Let go; an own server stops when nobody else uses it."""
        if self.cluster is not None:
            self.cluster.leave()


def start(settings: all_settings.Settings | None = None, *, prepared: bool = True) -> Database:
    """Find or start the database; with `prepared` its tables are brought up to date. Raises Unavailable."""
    chosen = settings or all_settings.read()
    keep_private(chosen.home)
    if chosen.database_url:
        database = Database(chosen.database_url)
    else:
        cluster = Cluster(chosen.home / "postgres")
        cluster.start()
        database = Database(cluster.conninfo, cluster)
    if prepared:
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
    return database


def keep_private(home: Path) -> None:
    """Let the owner alone into the folders of what was sent and attached; what was made more open is closed.

    The data folder itself stays open to be passed through: an own server runs as somebody else.
    """
    for name in PERSONAL:
        folder = home / name
        with suppress(OSError):  # a folder of somebody else is theirs to close
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)


@contextmanager
def running(settings: all_settings.Settings | None = None) -> Iterator[Database]:
    """The database, ready to use, for the length of this block."""
    database = start(settings)
    try:
        yield database
    finally:
        database.close()


def visible_to(
    connection: psycopg.Connection, *, facility: str | None = None, province: str | None = None
) -> None:
    """Narrow what this transaction may see to one facility or one province; with neither, nothing is narrowed.

    PostgreSQL's row security keeps to it whatever the statements say. Outside a transaction it would be forgotten
    at once, so that is refused.
    """
    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise RuntimeError("narrowing what is visible needs a transaction")
    scope = "facility" if facility else "province" if province else "all"
    connection.execute(
        "SELECT set_config('lienthong.scope', %s, true), set_config('lienthong.facility', %s, true),"
        " set_config('lienthong.province', %s, true)",
        [scope, facility or "", province or ""],
    )


def _said(wrong: psycopg.Error) -> str:
    return str(wrong).strip().splitlines()[-1] if str(wrong).strip() else type(wrong).__name__
