"""A database whose feed the tests fill, a subscriber that listens, and time that the tests move on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestar.testing import TestClient

from lienthong import logs, settings
from lienthong.access import Actor, operator, tokens
from lienthong.app import create_app
from lienthong.database import Database
from lienthong.partners.stand_ins.portal.site import StandIn
from lienthong.partners.subscribers import Deliveries, subscriptions
from lienthong.partners.subscribers.sealing import Seal
from tests.partners.portal_world import World, at_rest, published
from tests.partners.receiver import Receiver, receiving

HERE = frozenset(("127.0.0.1",))


class Office:
    """Writes changes, subscribes, delivers, and counts."""

    def __init__(self, db: Database, home: Path, receiver: Receiver) -> None:
        self.db, self.home, self.receiver = db, home, receiver
        self.now = datetime.now(UTC)
        receiver.now = lambda: self.now
        self.seal = Seal(home)
        self.conn = db.connect(autocommit=True)
        self.contract = f"c{uuid.uuid4().hex[:8]}"
        self.deliveries = self.made()

    def made(self, **more: Any) -> Deliveries:
        """Deliveries as another program would make them."""
        return Deliveries(self.home, HERE, now=lambda: self.now, chance=lambda: 1.0, **more)

    def change(self, *keys: str, version: int = 1, sender: str = "01999") -> None:
        """One bundle of changes, committed."""
        with self.db.connect("owner") as conn:
            conn.execute(
                "INSERT INTO records.change_bundle (contract, table_name, sender, province, kind, receipt, received_at,"
                " kept_at, number, keys, versions, events) VALUES (%s, 'VISIT', %s, %s, 'kept', 'r', now(), now(), %s,"
                " %s, %s, %s::bigint[])",
                [
                    self.contract, sender, sender[:2], len(keys), list(keys), [version] * len(keys),
                    [None] * len(keys),
                ],
            )  # fmt: skip

    def subscribe(self, actor: Actor | None = None, **more: Any) -> str:
        """A subscription of this test's changes; the receiver learns its secret."""
        asked = subscriptions.New(
            **({"name": "insurance", "url": self.receiver.url, "purpose": "quality", "contract": self.contract}
               | more)
        )  # fmt: skip
        made, secret = subscriptions.subscribe(
            self.conn, actor or operator(), asked, seal=self.seal, allowed=HERE
        )
        self.receiver.secret = secret
        return made.id

    def act(self, does: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """One act in a transaction of its own, as an operator."""
        with self.db.connect() as conn:
            return does(conn, operator(), *given, **more)

    def deliver(self, id: str, steps: int = 100) -> list[str]:
        """Step until there is nothing to do now; what came of each step."""
        done = []
        for _ in range(steps):
            outcome = self.deliveries.step(self.conn, id)
            if outcome in ("idle", "busy"):
                break
            done.append(outcome)
        return done

    def later(self, id: str, times: int = 1) -> list[str]:
        """Let the waiting time pass and deliver, so many times."""
        done: list[str] = []
        for _ in range(times):
            self.now += timedelta(hours=2)
            done += self.deliver(id)
        return done

    def of(self, id: str) -> subscriptions.Subscription:
        return subscriptions.subscription(self.conn, id)

    def got(self) -> list[tuple[str, int]]:
        """What had its effect at the receiver, in its order."""
        kept = [self.receiver.kept[at] for at in self.receiver.order]
        return [(one["key"], one["version"]) for one in kept]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def office(db: Database, home: Path, receiver: Receiver) -> Iterator[Office]:
    made = Office(db, home, receiver)
    yield made
    made.conn.execute("DELETE FROM partners.subscription")
    made.conn.close()


@pytest.fixture(scope="session")
def places() -> Any:
    return SimpleNamespace(here=HERE)


@pytest.fixture(scope="module")
def ready(db):
    """A database with the procedures of the invented country of the Portal's tests."""
    with db.connect() as conn:
        published(conn)
    return db


@pytest.fixture(scope="module")
def standin():
    """One stand-in for all tests of a module."""
    with StandIn() as made:
        yield made


@pytest.fixture
def world(ready, standin, request):
    """Our side and the module's stand-in, at an agency of this test's own."""
    at_rest(ready)
    number = sum(map(ord, request.node.name)) % 800 + 100
    made = World(ready, standin, unit=f"G18.12.{number}")
    yield made
    made.client.close()


@pytest.fixture
def conn(ready):
    """A connection of its own to the same database."""
    with ready.connect(autocommit=True) as opened:
        yield opened


PLATFORM = "only the platform and we know it"
"""The secret of the payment platform in `door_home`."""


@pytest.fixture(scope="module")
def door_home(tmp_path_factory):
    """The data folder of a site with a payment platform."""
    made = tmp_path_factory.mktemp("home")
    (made / "platform.secret").write_text(PLATFORM)
    (made / "payments.yaml").write_text(
        "partner: BYT\nsecret_file: platform.secret\nip: 10.0.0.8\n"
        "payees: {G18: {account: '0011', bank: VCB, holder: Cục mẫu}}\n"
    )
    return made


@pytest.fixture(scope="module")
def client(db, door_home):
    """The site, as the Portal's program calls it."""
    logs.configure("error")
    with db.connect() as conn:
        published(conn)
    chosen = replace(
        settings.read({"LIENTHONG_HOME": str(door_home)}), public_url="https://lt.example.vn"
    )
    with TestClient(create_app(db, chosen), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def portal(db, client):
    """The headers of the Portal's token."""
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="VPCP", name="Portal", roles=("portal",))
    return {"authorization": f"Bearer {token}"}
