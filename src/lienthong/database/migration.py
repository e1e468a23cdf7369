"""How the platform's tables grow: numbered revisions in one line, each run once, in a transaction."""

from __future__ import annotations

from pathlib import Path

import psycopg

from lienthong.errors import Unavailable

REVISIONS = Path(__file__).parents[1] / "revisions"
HEAD = max(path.name.split("_")[0] for path in (REVISIONS / "versions").glob("[0-9]*.py"))
"""The newest revision: files are named 0001_<what>.py in the order they run."""

_LOCK = 7_240_199_113  # any number that nobody else in this database uses
_OLDEST = 150_000


def current(connection: psycopg.Connection) -> str | None:
    """The revision of this database, None when it has no tables of ours."""
    if connection.execute("SELECT to_regclass('app.revision')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM app.revision").fetchone()
    return row[0] if row else None


def migrate(connection: psycopg.Connection, to: str = "head") -> None:
    """Run the revisions that are missing, as the owner of the tables; `connection` must be in autocommit.

    Programs that start at once wait for one another. Raises Unavailable for a database that is too old, or newer
    than this program.
    """
    if connection.info.server_version < _OLDEST:
        raise Unavailable(
            "database.old",
            "The database is PostgreSQL %(version)s; 15 or newer is needed.",
            version=connection.info.server_version // 10_000,
        )
    if to == "head" and current(connection) == HEAD:
        return
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        found = current(connection)
        if found is not None and found > HEAD:
            raise Unavailable(
                "database.newer",
                "The database was prepared by a newer program (revision %(found)s); install that one.",
                found=found,
            )
        _upgrade(connection, to)
    except psycopg.errors.InsufficientPrivilege as wrong:
        raise Unavailable(
            "database.rights",
            "The database user may not prepare the tables: %(said)s. It must own the database and either may "
            "create roles or have been granted the role lienthong_app.",
            said=str(wrong).splitlines()[0],
        ) from None
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _upgrade(connection: psycopg.Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    connection.execute("CREATE SCHEMA IF NOT EXISTS app")  # where the table of revisions stands
    configuration = Config()
    configuration.set_main_option("script_location", str(REVISIONS))
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as own:
        engine = create_engine("postgresql+psycopg://", creator=lambda: own, poolclass=StaticPool)
        with engine.connect() as shared:
            configuration.attributes["connection"] = shared
            command.upgrade(configuration, to)
            shared.commit()
        engine.dispose()


def run(statements: Path) -> None:
    """Run a file of SQL inside the present revision (for the files in revisions/versions)."""
    from alembic import op

    connection = op.get_bind().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    connection.execute(statements.read_text(encoding="utf-8"))
