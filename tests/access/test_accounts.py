"""Accounts, sessions and tokens: who gets in, for how long, and what is kept of a secret."""

from datetime import UTC, datetime, timedelta

import pytest

from lienthong import audit
from lienthong.access import Actor, accounts, operator, sessions, tokens
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PASSWORD = "mật khẩu đủ dài"


@pytest.fixture
def conn(fresh_db):
    with fresh_db.connect() as opened:
        accounts.create(
            opened, operator(), "lan", name="Lan", roles=["facility_officer"], facility="01999",
            province="01", password=PASSWORD,
        )  # fmt: skip
        opened.commit()
        yield opened


def test_a_person_signs_in(conn):
    actor = accounts.authenticate(conn, "lan", PASSWORD, "127.0.0.1")
    assert actor == Actor(
        id="lan",
        kind="person",
        roles=("facility_officer",),
        name="Lan",
        facility="01999",
        province="01",
    )
    assert [entry.act for entry in audit.entries(conn)] == ["account.signed_in", "account.created"]


def test_the_same_password_in_another_unicode_form_is_the_same(conn):
    import unicodedata

    assert accounts.authenticate(conn, "lan", unicodedata.normalize("NFD", PASSWORD)).id == "lan"


def test_no_password_is_kept(conn):
    kept = conn.execute("SELECT password FROM app.account").fetchone()[0]
    assert kept.startswith("$argon2id$")
    assert (
        PASSWORD
        not in conn.execute("SELECT string_agg(about::text, '') FROM app.audit").fetchone()[0]
    )


@pytest.mark.parametrize(
    ("id", "password"),
    [("lan", "wrong password"), ("nobody", PASSWORD), ("LAN", PASSWORD), ("lan", "")],
)
def test_every_wrong_guess_hears_the_same(conn, id, password):
    with pytest.raises(NotAllowed) as refused:
        accounts.authenticate(conn, id, password)
    assert refused.value.code == "access.wrong"


def test_guessing_is_slowed_and_the_count_outlives_the_failed_request(conn):
    for _ in range(accounts.PER_ACCOUNT):
        with pytest.raises(NotAllowed):
            accounts.authenticate(conn, "lan", "wrong password", at=AT)
        conn.rollback()
    with pytest.raises(NotAllowed) as refused:
        accounts.authenticate(conn, "lan", PASSWORD, at=AT + timedelta(minutes=1))
    assert refused.value.code == "access.slow"
    assert refused.value.details["minutes"] == 14
    assert accounts.authenticate(conn, "lan", PASSWORD, at=AT + timedelta(minutes=16)).id == "lan"


def test_one_address_cannot_try_many_names(conn, monkeypatch):
    monkeypatch.setattr(accounts, "PER_ADDRESS", 3)
    for number in range(3):
        with pytest.raises(NotAllowed):
            accounts.authenticate(conn, f"name{number}", "wrong password", "10.0.0.1", at=AT)
    with pytest.raises(NotAllowed) as refused:
        accounts.authenticate(conn, "lan", PASSWORD, "10.0.0.1", at=AT)
    assert refused.value.code == "access.slow"
    assert accounts.authenticate(conn, "lan", PASSWORD, "10.0.0.2", at=AT).id == "lan"


def test_signing_in_well_is_never_counted(conn):
    for _ in range(accounts.PER_ACCOUNT + 2):
        accounts.authenticate(conn, "lan", PASSWORD, "10.0.0.1", at=AT)
    assert conn.execute("SELECT count(*) FROM app.login_failure").fetchone() == (0,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "Đỗ"}, "access.id"),
        ({"roles": ["king"]}, "access.role"),
        ({"roles": []}, "access.role"),
        ({"facility": None}, "access.facility"),
        ({"roles": ["province_officer"], "province": None}, "access.province"),
        ({"language": "de"}, "access.language"),
        ({"password": "short"}, "access.short"),
    ],
)
def test_an_impossible_account_is_refused(conn, changes, code):
    wanted = {
        "id": "hoa",
        "name": "Hoa",
        "roles": ["facility_officer"],
        "facility": "01999",
    } | changes
    with pytest.raises(Refused) as refused:
        accounts.create(conn, operator(), **wanted)
    assert refused.value.code == code


@pytest.mark.parametrize("role", ["operator", "portal", "sender", "subscriber"])
def test_no_person_is_given_the_role_of_a_machine(conn, role):
    """Who gives accounts cannot give one that may everything, whatever is written into the form."""
    with pytest.raises(Refused) as said:
        accounts.create(conn, operator(), "somebody", name="x", roles=[role], facility="01999")
    assert said.value.code == "access.holder"


def test_a_name_is_given_once(conn):
    with pytest.raises(Conflict):
        accounts.create(conn, operator(), "lan", name="L", roles=["inspector"])


def test_a_closed_account_is_out_at_once(conn):
    token = sessions.open(conn, accounts.authenticate(conn, "lan", PASSWORD), AT)
    accounts.close(conn, operator(), "lan")
    assert sessions.resume(conn, token, AT) is None
    with pytest.raises(NotAllowed):
        accounts.authenticate(conn, "lan", PASSWORD)
    with pytest.raises(NotFound):
        accounts.close(conn, operator(), "nobody")


def test_a_new_password_ends_sessions(conn):
    token = sessions.open(conn, accounts.authenticate(conn, "lan", PASSWORD), AT)
    accounts.change_password(conn, operator(), "lan", "another long one")
    assert sessions.resume(conn, token, AT) is None
    assert accounts.authenticate(conn, "lan", "another long one").id == "lan"


@pytest.fixture
def session(conn):
    return sessions.open(conn, accounts.find(conn, "lan").actor, AT)


def test_a_session_goes_on_while_it_is_used(conn, session):
    moment, token = AT, session
    for _ in range(10):
        moment += timedelta(minutes=20)
        found = sessions.resume(conn, token, moment)
        assert found.actor.id == "lan"
        token = found.renewed or token
    assert sessions.resume(conn, token, moment + timedelta(minutes=31)) is None


def test_a_session_ends_after_a_day_however_busy(conn, session):
    moment, token = AT, session
    while (found := sessions.resume(conn, token, moment)) is not None:
        token = found.renewed or token
        moment += timedelta(minutes=29)
    assert moment - AT == pytest.approx(sessions.LONGEST, abs=timedelta(minutes=29))


def test_an_exchanged_token_finishes_what_is_under_way_and_no_more(conn, session):
    late = AT + timedelta(minutes=20)
    first = sessions.resume(conn, session, late)
    assert first.renewed
    second = sessions.resume(conn, session, late + timedelta(seconds=10))
    assert (second.actor.id, second.renewed, second.csrf) == ("lan", None, first.csrf)
    assert sessions.resume(conn, session, late + timedelta(minutes=2)) is None
    assert sessions.resume(conn, first.renewed, late + timedelta(minutes=2)).actor.id == "lan"


def test_signing_out_ends_every_token_of_the_session(conn, session):
    fresh = sessions.resume(conn, session, AT + timedelta(minutes=20)).renewed
    sessions.close(conn, fresh)
    assert sessions.resume(conn, session, AT + timedelta(minutes=20)) is None
    assert sessions.resume(conn, fresh, AT + timedelta(minutes=20)) is None
    sessions.close(conn, fresh)


def test_no_session_token_is_kept(conn, session):
    assert session not in str(conn.execute("SELECT s::text FROM app.session s").fetchall())
    assert sessions.resume(conn, "guess", AT) is None


def test_a_token_speaks_for_its_facility_only(conn):
    made = tokens.create(conn, operator(), facility="01999", province="01", name="HIS")
    actor = tokens.actor(conn, made)
    assert (actor.kind, actor.facility, actor.roles, actor.province) == (
        "sender",
        "01999",
        ("sender",),
        "01",
    )
    assert made.split("_")[2] not in str(conn.execute("SELECT t::text FROM app.token t").fetchall())
    assert tokens.listed(conn, "01999")[0].name == "HIS"
    assert tokens.listed(conn, "79001") == []


@pytest.mark.parametrize(
    "harm",
    [lambda t: t[:-1] + "A" * (t[-1] != "A") + "B" * (t[-1] == "A"), lambda t: "", str.upper],
)
def test_another_token_is_nobody(conn, harm):
    made = tokens.create(conn, operator(), facility="01999", name="HIS")
    assert tokens.actor(conn, harm(made)) is None


def test_a_token_ends(conn):
    made = tokens.create(conn, operator(), facility="01999", name="HIS", life=timedelta(days=1))
    assert tokens.actor(conn, made, datetime.now(UTC) + timedelta(days=2)) is None
    tokens.revoke(conn, operator(), made.split("_")[1])
    assert tokens.actor(conn, made) is None
    with pytest.raises(NotFound):
        tokens.revoke(conn, operator(), made.split("_")[1])
