"""A ministry with dossiers on one side, a stand-in Portal on a real socket on the other, and a clock that tests own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from lienthong.dossiers import acting, dossier
from lienthong.dossiers.dossier import Filing
from lienthong.dossiers.moves import moves
from lienthong.partners.portal import saying
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.profile import profile
from lienthong.partners.portal.sending import Sending
from lienthong.partners.stand_ins.portal.site import StandIn
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit

PROCEDURE = Procedure(
    code="1.003844", name={"vi": "Cấp giấy phép nhập khẩu thiết bị y tế"}, field="Thiết bị y tế",
    field_code="G18-YT99",
    levels=("ministry",), manners=(Manner(limits=(TimeLimit(value=15, unit="working_days"),)),),
)  # fmt: skip
APPLICANT = {
    "name": "Lê Thị Mẫu",
    "number": "001190000001",
    "kind": "person",
    "email": "mau@example.vn",
    "technical_id": "t-000001",
}
ALL = frozenset({"receiver", "processor", "decider", "applicant", "payment", "clock"})
SAID = {
    "reason": "lý do mẫu",
    "components": ["TP01"],
    "fees": ["PLP01"],
    "result": "Giấy phép mẫu",
    "approved_by": "head",
}
TABLE, WORDS = moves(), profile()


class World:
    """`act`, `send` and what must be true of both sides."""

    def __init__(self, db, standin: StandIn, unit: str = "G18.12") -> None:
        self.db, self.standin, self.unit = db, standin, unit
        self.now = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
        standin.memory.clock = lambda: self.now
        self.codes: list[str] = []
        self.client = Client(
            Access(url=standin.url, unit="G18", username="byt", password="practise", timeout=60)
        )
        self.sending = Sending(self.client, now=lambda: self.now, chance=lambda: 1.0)

    def file(self, conn, **more) -> str:
        filing = Filing(
            procedure=PROCEDURE.code, unit=self.unit, channel="online", filed_at=self.now, central=True,
            applicant=APPLICANT | more.pop("applicant", {}), **more,
        )  # fmt: skip
        self.codes.append(acting.file(conn, "desk", filing).code)
        conn.commit()
        return self.codes[-1]

    def act(self, conn, code: str, choice: int) -> bool:
        """One of the moves that are allowed now; False when there is none."""
        self.now += timedelta(minutes=7)
        found = dossier.find(conn, code)
        possible = [
            m
            for m in TABLE.open_from(found.state, ALL)
            if m.act != "supplement" or (m.to == "processing") == bool(found.received_at)
        ]
        if not possible:
            conn.rollback()
            return False
        move = possible[choice % len(possible)]
        acting.move(conn, "canbo", frozenset(move.by), code, move.act, SAID, at=self.now)
        conn.commit()
        return True

    def way(self, *choices: int) -> str:
        """A dossier that went the way of these choices."""
        with self.db.connect() as conn:
            code = self.file(conn)
            for choice in choices:
                self.act(conn, code, choice)
        return code

    def filed(self, *acts: str, **more) -> str:
        """A dossier and the acts on it."""
        with self.db.connect() as conn:
            code = self.file(conn, **more)
            for act in acts:
                self.now += timedelta(minutes=7)
                acting.move(conn, "canbo", ALL, code, act, SAID, at=self.now)
        return code

    def send(self, rounds: int = 1):
        """Rounds of sending, an hour between them, so that whatever waits is due again."""
        with self.db.connect(autocommit=True) as conn:
            for _ in range(rounds):
                done = self.sending.round(conn)
                self.now += timedelta(hours=2)
        return done

    def until_quiet(self, most: int = 60) -> int:
        """Send until nothing is left; how many rounds it took."""
        with self.db.connect(autocommit=True) as conn:
            for number in range(most):
                if not self.sending._due(conn, 1):
                    return number
                self.sending.round(conn)
                self.now += timedelta(hours=2)
        raise AssertionError("it never ends")

    def differences(self) -> list[str]:
        """What differs between both sides, each step counted."""
        memory, wrong = self.standin.memory, []
        with self.db.connect() as conn:
            for code in self.codes:
                ours, events = dossier.find(conn, code), dossier.events(conn, code)
                theirs = memory.dossiers.get(code)
                if theirs is None:
                    wrong.append(f"{code} is not there")
                    continue
                if theirs["TrangThaiHoSo"] != WORDS.states[ours.state]:
                    wrong.append(f"{code}: {theirs['TrangThaiHoSo']} instead of {ours.state}")
                said = Counter(
                    saying.fingerprint(saying.step_fields(ours, event, TABLE, WORDS))
                    for event in saying.steps_of(events)
                )
                there = Counter(saying.fingerprint(step) for step in memory.steps.get(code, ()))
                if said != there:
                    wrong.append(
                        f"{code}: {sum(there.values())} steps instead of {sum(said.values())}"
                    )
        return wrong


def at_rest(db) -> None:
    """What tests before left to be sent is forgotten, and the line knows nothing."""
    with db.connect(autocommit=True) as conn:
        conn.execute("DELETE FROM portal.link")
        conn.execute("DELETE FROM portal.job")
        conn.execute("DELETE FROM portal.step")
        conn.execute(
            "INSERT INTO portal.dossier (code) SELECT code FROM dossiers.dossier ON CONFLICT DO NOTHING"
        )
        conn.execute(
            "UPDATE portal.dossier SET sent_event = 9223372036854775807, again = false, attempts = 0"
        )


def published(conn) -> None:
    """The procedure under which everything is filed."""
    catalogue.draft(conn, "editor", PROCEDURE, "test")
    catalogue.publish(conn, "head", PROCEDURE.code, date(2025, 7, 1))
    conn.commit()
