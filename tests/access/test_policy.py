"""The gate: who may do what, for whom, and what it leaves in the read log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.access import Actor, allow, may
from lienthong.access.policy import decide
from lienthong.access.roles import DECLARED, read_roles, roles
from lienthong.errors import NotAllowed, Refused

SENDER = Actor(id="token:1", kind="sender", roles=("sender",), facility="01999", province="01")
PROVINCE = Actor(id="lan", kind="person", roles=("province_officer",), province="01")
MINISTRY = Actor(id="minh", kind="person", roles=("ministry_officer",))
ADMIN = Actor(id="quan", kind="person", roles=("administrator",))
INSPECTOR = Actor(id="tra", kind="person", roles=("inspector",))
OWNER = Actor(id="chu", kind="person", roles=("database_owner",))
EVERYBODY = [SENDER, PROVINCE, MINISTRY, ADMIN, INSPECTOR, OWNER]
OWN = {"sender": "01999", "province": "01"}
NEIGHBOUR = {"sender": "01001", "province": "01"}
ELSEWHERE = {"sender": "79001", "province": "79"}


@pytest.mark.parametrize(
    ("actor", "action", "resource", "purpose", "code"),
    [
        (None, "contract.read", {}, None, "access.nobody"),
        (SENDER, "submission.send", OWN, None, None),
        (SENDER, "submission.send", NEIGHBOUR, None, "access.reach"),
        (SENDER, "submission.read", NEIGHBOUR, None, "access.reach"),
        (SENDER, "record.read", OWN, "care", None),
        (SENDER, "record.read", OWN, None, "access.purpose"),
        (SENDER, "record.read", OWN, "statistics", "access.purpose"),
        (SENDER, "record.read", OWN, "nonsense", "access.purpose"),
        (SENDER, "quarantine.abandon", OWN, "quality", "access.action"),
        (SENDER, "account.manage", {}, None, "access.action"),
        (SENDER, "no.such.action", {}, None, "access.unknown"),
        (PROVINCE, "submission.read", NEIGHBOUR, None, None),
        (PROVINCE, "submission.read", ELSEWHERE, None, "access.reach"),
        (PROVINCE, "submission.send", OWN, None, "access.action"),
        (PROVINCE, "quarantine.mend", OWN, "quality", "access.action"),
        (MINISTRY, "score.read", ELSEWHERE, None, None),
        (MINISTRY, "record.read", ELSEWHERE, "statistics", "access.action"),
        (ADMIN, "account.manage", {}, None, None),
        (ADMIN, "record.read", OWN, "quality", "access.action"),
        (INSPECTOR, "audit.read", {}, None, None),
        (INSPECTOR, "record.read", ELSEWHERE, "inspection", None),
        (INSPECTOR, "record.read", ELSEWHERE, "quality", "access.purpose"),
        (OWNER, "quarantine.read", ELSEWHERE, "quality", None),
        (OWNER, "quarantine.mend", ELSEWHERE, "quality", "access.action"),
        (OWNER, "ticket.decide", ELSEWHERE, None, None),
        (OWNER, "ticket.plan", ELSEWHERE, None, "access.action"),
    ],
)
def test_the_gate(actor, action, resource, purpose, code):
    if code is None:
        assert decide(actor, action, resource, purpose).covers(
            sender=resource.get("sender"), province=resource.get("province")
        )
        return
    with pytest.raises(NotAllowed) as refused:
        decide(actor, action, resource, purpose)
    assert refused.value.code == code


@given(
    actor=st.sampled_from(EVERYBODY),
    action=st.sampled_from(sorted(roles().actions)),
    sender=st.sampled_from(["01999", "01001", "79001"]),
    purpose=st.sampled_from([None, *sorted(roles().purposes)]),
)
def test_a_permit_never_covers_what_would_be_refused(actor, action, sender, purpose):
    resource = {"sender": sender, "province": sender[:2]}
    try:
        listing = decide(actor, action, {}, purpose)
    except NotAllowed:
        with pytest.raises(NotAllowed):
            decide(actor, action, resource, purpose)
        return
    assert may(actor, action, purpose)
    try:
        decide(actor, action, resource, purpose)
        reached = True
    except NotAllowed:
        reached = False
    assert reached == listing.covers(**resource)


def test_an_actor_without_a_facility_gets_nothing_of_a_facility_role():
    lost = Actor(id="x", kind="person", roles=("facility_officer",))
    with pytest.raises(NotAllowed):
        decide(lost, "submission.read", {})
    assert not may(Actor(id="y", kind="person", roles=("made_up",)), "contract.read")


def test_reading_a_person_is_logged_and_nothing_else_is(connection):
    allow(connection, MINISTRY, "score.read", {})
    allow(
        connection, SENDER, "record.read",
        OWN | {"contract": "care", "key": "MA1", "HO_TEN": "Đặng Văn Hai"}, "care",
    )  # fmt: skip
    rows = connection.execute(
        "SELECT actor, action, purpose, facility, resource FROM app.read_log"
    ).fetchall()
    assert rows == [
        ("token:1", "record.read", "care", "01999", OWN | {"contract": "care", "key": "MA1"})
    ]


def test_a_refusal_leaves_no_line(connection):
    with pytest.raises(NotAllowed):
        allow(connection, SENDER, "record.read", NEIGHBOUR, "care")
    assert connection.execute("SELECT count(*) FROM app.read_log").fetchone() == (0,)


@pytest.fixture(scope="module")
def shared(db):
    """A table with row security as the store makes it."""
    with db.connect("owner") as connection:
        connection.execute(
            "CREATE TABLE app.thing (sender text, province text);"
            "ALTER TABLE app.thing ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY visible ON app.thing USING (app.visible(sender, province));"
            "INSERT INTO app.thing VALUES ('01999', '01'), ('01001', '01'), ('79001', '79')"
        )
    return db


@pytest.mark.parametrize(("actor", "count"), [(SENDER, 1), (PROVINCE, 2), (MINISTRY, 3)])
def test_row_security_stands_behind_the_gate(shared, actor, count):
    with shared.connect() as connection:
        allow(connection, actor, "submission.read", {})
        assert connection.execute("SELECT count(*) FROM app.thing").fetchone() == (count,)
        connection.commit()
        assert connection.execute("SELECT count(*) FROM app.thing").fetchone() == (3,)


def test_a_row_of_others_cannot_be_written(shared):
    import psycopg

    with shared.connect() as connection:
        allow(connection, SENDER, "submission.read", {})
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO app.thing VALUES ('01001', '01')")


def test_a_bare_connection_of_the_role_sees_nothing(shared):
    import psycopg

    with psycopg.connect(shared.url, options="-c role=lienthong_app") as connection:
        assert connection.execute("SELECT count(*) FROM app.thing").fetchone() == (0,)


def test_the_gate_refuses_to_work_outside_a_transaction(shared):
    with shared.connect(autocommit=True) as connection, pytest.raises(RuntimeError):
        allow(connection, SENDER, "submission.read", {})


def test_no_role_that_manages_accounts_reads_persons():
    declared = read_roles(DECLARED)
    for role in declared.roles.values():
        actions = {action for grant in role.grants for action in grant.actions}
        if "account.manage" in actions and role.id != "operator":
            assert not actions & declared.personal


def test_every_fault_of_a_roles_file_is_named(tmp_path):
    file = tmp_path / "roles.yaml"
    text = DECLARED.read_text(encoding="utf-8")
    file.write_text(
        text.replace("reach: province", "reach: planet").replace(
            "purposes: [inspection]", "purposes: [fun]"
        ),
        encoding="utf-8",
    )
    with pytest.raises(Refused) as refused:
        read_roles(file)
    assert "planet" in str(refused.value)
    assert "'fun'" in str(refused.value)
