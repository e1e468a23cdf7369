"""The site over a database of its own, with one account for each role; and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from lienthong import database, logs, settings
from lienthong.access import accounts, operator, tokens
from lienthong.app import create_app
from lienthong.records.intake import Submission, process, receive
from tests.journeys.serving import served_at
from tests.ports import free_port

PASSWORD = "a sentence nobody guesses"
PEOPLE = {
    "officer": ("facility_officer", "01999", "01"),
    "neighbour": ("facility_officer", "79001", "79"),
    "province": ("province_officer", None, "01"),
    "ministry": ("ministry_officer", None, None),
    "owner": ("database_owner", None, None),
    "inspector": ("inspector", None, None),
    "admin": ("administrator", None, None),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder of this module's site."""
    made = Path(tempfile.mkdtemp(prefix="lt-site-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def chosen(folder: Path) -> Iterator[settings.Settings]:
    """Settings that point to the module's folder, also for what reads the environment."""
    os.environ["LIENTHONG_HOME"] = str(folder)
    try:
        yield settings.read()
    finally:
        del os.environ["LIENTHONG_HOME"]


@pytest.fixture(scope="module")
def people(db: database.Database) -> dict[str, str]:
    """One account per role; the value is the password."""
    with db.connect() as conn:
        for name, (role, facility, province) in PEOPLE.items():
            accounts.create(
                conn, operator(), name, name=f"Person {name}", roles=[role], password=PASSWORD,
                facility=facility, province=province,
            )  # fmt: skip
    return dict.fromkeys(PEOPLE, PASSWORD)


@pytest.fixture(scope="module")
def token(db: database.Database) -> str:
    """The token of hospital 01999's program."""
    with db.connect() as conn:
        return tokens.create(
            conn, operator(), facility="01999", name="hospital program", province="01"
        )


@pytest.fixture(scope="module")
def app(db: database.Database, chosen: settings.Settings, people: dict[str, str]) -> Litestar:
    """The site."""
    logs.configure("error")
    return create_app(db, chosen)


@pytest.fixture(scope="module")
def site(app: Litestar) -> Iterator[TestClient[Litestar]]:
    """A client that nobody signed in with; cookies are kept per test by `signed_in`."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def signed_in(
    site: TestClient[Litestar], people: dict[str, str]
) -> Iterator[Callable[[str], TestClient[Litestar]]]:
    """Sign in as one of PEOPLE; the client forgets it after the test."""

    def enter(name: str) -> TestClient[Litestar]:
        site.cookies.clear()
        answer = site.post(
            "/login", data={"name": name, "password": people[name]}, follow_redirects=False
        )
        assert answer.status_code == 303, answer.text
        return site

    site.cookies.clear()
    yield enter
    site.cookies.clear()


@pytest.fixture(scope="module")
def send(
    db: database.Database, chosen: settings.Settings
) -> Callable[[bytes, str, str, str], Submission]:
    """Receive and process bytes: (data, name, contract, sender)."""

    def run(data: bytes, name: str, contract: str, sender: str) -> Submission:
        with db.connect() as conn:
            given = receive(
                conn, data, contract=contract, sender=sender, actor="test", name=name, channel="load",
                home=chosen.home,
            )  # fmt: skip
            conn.commit()
            return process(conn, given.receipt, home=chosen.home)

    return run


@pytest.fixture(scope="module")
def served(
    db: database.Database, folder: Path, chosen: settings.Settings, people: dict[str, str]
) -> Iterator[str]:
    """The address of a real server process over the module's database."""
    place = {"LIENTHONG_HOME": str(folder), "LIENTHONG_DATABASE_URL": db.url}
    with served_at(free_port(), place) as address:
        yield address
