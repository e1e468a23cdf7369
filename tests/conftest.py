"""What every test may ask for: a PostgreSQL server for the session and a fresh database for a module.

The server is our own cluster in a temporary folder (the fixture is the launcher's first user). Each module that
asks gets a copy of a prepared template database, so tests never see each other's rows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from psycopg import sql
from psycopg.conninfo import make_conninfo

from lienthong import database
from lienthong.database.cluster import Cluster

settings.register_profile(
    "here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(  # to search for more: pytest --hypothesis-profile=search --hypothesis-seed=7
    "search", settings.get_profile("here"), derandomize=False, database=None
)
settings.load_profile("here")
# Hypothesis also draws constants of the modules that happen to be imported: which they are depends on the files that
# this process ran before, and with them the examples would.
providers._get_local_constants = lambda: providers._local_constants

for name in [name for name in os.environ if name.startswith("LIENTHONG_")]:
    del os.environ[name]  # a test must not depend on whoever runs it


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--backwards`: no test may lean on one before it."""
    parser.addoption("--backwards", action="store_true", help="run the tests in reverse order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Reverse the order when asked."""
    if config.getoption("backwards"):
        items.reverse()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running server of our own; without fsync, since a test's data may be lost."""
    folder = Path(tempfile.mkdtemp(prefix="lt-"))
    folder.chmod(0o711)  # the server runs as another user when we are root
    made = Cluster(folder / "pg", options={"fsync": "off", "full_page_writes": "off"})
    made.start()
    try:
        yield made
    finally:
        made.leave()
        shutil.rmtree(folder, ignore_errors=True)


def _maintenance(cluster: Cluster) -> psycopg.Connection:
    return psycopg.connect(
        make_conninfo(cluster.conninfo, dbname="postgres", user="postgres"), autocommit=True
    )


def _create(cluster: Cluster, name: str, template: str) -> database.Database:
    with _maintenance(cluster) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lienthong").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return database.Database(make_conninfo(cluster.conninfo, dbname=name))


def _drop(cluster: Cluster, name: str) -> None:
    with _maintenance(cluster) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with all platform tables, to copy from."""
    name = "template_lienthong"
    _create(cluster, name, "template0").migrate()
    return name


@pytest.fixture(scope="module")
def db(cluster: Cluster, template: str) -> Iterator[database.Database]:
    """A database of this test module's own, its platform tables made, nothing in them."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    made = _create(cluster, name, template)
    try:
        yield made
    finally:
        _drop(cluster, name)


@pytest.fixture
def fresh_db(cluster: Cluster, template: str) -> Iterator[database.Database]:
    """A database of this one test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    made = _create(cluster, name, template)
    try:
        yield made
    finally:
        _drop(cluster, name)


@pytest.fixture
def connection(db: database.Database) -> Iterator[psycopg.Connection]:
    """A connection of the limited role, in a transaction that is rolled back after the test."""
    with db.connect() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that LIENTHONG_HOME points to."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIENTHONG_HOME", str(folder))
    return folder
