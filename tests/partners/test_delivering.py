"""Changes reach a subscriber in order and at least once, whatever fails; nothing has its effect twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lienthong.access import operator, tokens
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused
from lienthong.partners.subscribers import delivering, letters, posting, subscriptions


def test_changes_arrive_signed_and_in_order(office):
    id = office.subscribe()
    office.change("a", "b")
    office.change("a", version=2)
    assert office.deliver(id) == ["sent"]
    assert office.got() == [("a", 1), ("b", 1), ("a", 2)]
    assert office.receiver.forged == 0
    (message,) = office.receiver.messages
    assert message["subscription"] == id
    assert set(message["changes"][0]) == {
        "position", "contract", "table", "key", "sender", "province", "kind", "version", "receipt",
        "event_at", "received_at", "kept_at",
    }  # fmt: skip
    given = office.of(id)
    assert (given.sent, given.requests, given.failures, given.attempts) == (3, 1, 0, 0)
    served = office.conn.execute(
        "SELECT count(*) FROM records.change WHERE contract = %s AND served_at IS NULL",
        [office.contract],
    ).fetchone()
    assert served == (0,)
    assert office.deliver(id) == []


def test_a_subscription_begins_with_the_next_change_or_where_it_asks(office):
    office.change("before")
    office.deliver(office.subscribe())
    assert office.got() == []
    office.deliver(office.subscribe(after=0))
    assert office.got() == [("before", 1)]


def test_only_what_was_asked_for(office):
    id = office.subscribe(sender="79001")
    office.change("a")
    office.change("b", sender="79001")
    office.deliver(id)
    assert office.got() == [("b", 1)]
    assert office.of(id).position >= office.receiver.order[-1]


def test_what_is_dropped_after_it_was_taken_comes_again_and_counts_once(office):
    id = office.subscribe()
    office.receiver.answer = lambda message: "drop"
    office.change("a", "b")
    assert office.deliver(id) == ["failed"]
    office.receiver.answer = lambda message: 200
    assert office.later(id) == ["sent"]
    first, again = office.receiver.messages
    assert first["changes"] == again["changes"]
    assert office.got() == [("a", 1), ("b", 1)]


def test_a_program_that_dies_after_the_answer_sends_the_same_again(office):
    id = office.subscribe()
    office.change("a")

    def dies(*given):
        posting.post(*given)
        raise KeyboardInterrupt

    dying = office.made(post=dies)
    with office.db.connect(autocommit=True) as conn, pytest.raises(KeyboardInterrupt):
        dying.step(conn, id)
    assert office.deliver(id) == ["sent"]
    assert len(office.receiver.messages) == 2
    assert office.got() == [("a", 1)] and office.of(id).sent == 1


def test_failures_wait_longer_and_longer_and_one_message_tries(office):
    id = office.subscribe()
    office.receiver.answer = lambda message: 503
    office.change("a", "b", "c")
    waits = []
    for _ in range(6):
        assert office.deliver(id) == ["failed"]
        given = office.of(id)
        waits.append((given.next_at - office.now).total_seconds())
        office.now = given.next_at
    assert waits == [1, 2, 4, 8, 16, 32]
    assert [len(one["changes"]) for one in office.receiver.messages] == [3, 3, 3, 3, 3, 1]
    assert office.of(id).open and office.got() == []
    office.receiver.answer = lambda message: 200
    office.later(id)
    assert office.got() == [("a", 1), ("b", 1), ("c", 1)]
    assert not office.of(id).open and office.of(id).open_letters == 0


def test_nothing_is_sent_before_its_time(office):
    id = office.subscribe()
    office.receiver.answer = lambda message: 500
    office.change("a")
    assert office.deliver(id) == ["failed"]
    assert office.deliver(id) == [] and office.deliveries.due(office.conn) == []
    assert len(office.receiver.messages) == 1


def refuse(key):
    return lambda message: 422 if any(one["key"] == key for one in message["changes"]) else 200


def test_one_change_that_is_refused_does_not_stop_the_others(office):
    id = office.subscribe()
    office.receiver.answer = refuse("bad")
    office.change(*(f"k{at}" for at in range(9)), "bad", "z")
    office.change("bad", "y", version=2)
    office.deliver(id)
    office.later(id, 4)
    assert sorted(key for key, _ in office.got()) == sorted(
        [*(f"k{at}" for at in range(9)), "y", "z"]
    )
    dead, behind = letters.listed(office.conn, id)
    assert (dead.event["key"], dead.state, dead.failure_status) == ("bad", "dead", 422)
    assert dead.attempts == delivering.REFUSED_MOST
    assert (behind.event["key"], behind.event["version"], behind.state) == ("bad", 2, "behind")
    office.change("bad", version=3)
    office.deliver(id)
    assert [one.state for one in letters.listed(office.conn, id)] == ["dead", "behind", "behind"]


def test_a_letter_is_sent_again_and_those_behind_follow_in_order(office):
    id = office.subscribe()
    office.receiver.answer = refuse("bad")
    office.change("bad")
    office.deliver(id)
    office.later(id, 3)
    office.change("bad", version=2)
    office.change("bad", version=3)
    office.deliver(id)
    assert office.got() == []
    assert office.act(letters.send_again, id) == 1
    assert office.deliver(id) == ["failed"]
    assert letters.listed(office.conn, id)[0].state == "dead"
    office.receiver.answer = lambda message: 200
    office.act(letters.send_again, id)
    office.later(id)
    assert office.got() == [("bad", 1), ("bad", 2), ("bad", 3)]
    assert letters.listed(office.conn, id) == []
    assert {one.state for one in letters.listed(office.conn, id, closed=True)} == {"sent"}
    with pytest.raises(Conflict):
        office.act(letters.send_again, id)


def test_a_letter_that_is_given_up_lets_the_next_one_go(office):
    id = office.subscribe()
    office.receiver.answer = refuse("bad")
    office.change("bad")
    office.deliver(id)
    office.later(id, 3)
    office.change("bad", version=2)
    office.deliver(id)
    office.receiver.answer = lambda message: 200
    office.act(letters.drop, id)
    office.later(id)
    assert office.got() == [("bad", 2)]


def test_what_was_put_behind_a_letter_in_the_moment_it_was_given_up_goes_on(office):
    id = office.subscribe()
    office.receiver.answer = refuse("bad")
    office.change("bad")
    office.deliver(id)
    office.later(id, 3)
    office.change("bad", version=2)
    office.deliver(id)
    office.receiver.answer = lambda message: 200
    # Who gave it up did not yet see the one behind it.
    office.conn.execute("UPDATE partners.letter SET state = 'dropped' WHERE state = 'dead'")
    office.later(id)
    assert office.got() == [("bad", 2)]


def test_a_receiver_that_fails_at_one_change_for_long_gets_the_others(office):
    id = office.subscribe(most=1)
    office.receiver.answer = lambda message: 500 if message["changes"][0]["key"] == "bad" else 200
    office.change("bad", "good")
    office.deliver(id)
    office.later(id, delivering.FAILED_MOST)
    assert office.got() == [("good", 1)]
    assert [one.event["key"] for one in letters.listed(office.conn, id)] == ["bad"]


def test_a_replay_begins_where_it_is_told(office):
    office.change("a")
    id = office.subscribe(after=0)
    office.change("b")
    office.deliver(id)
    first = office.receiver.order[0]
    office.act(subscriptions.replay, id, first)
    office.deliver(id)
    assert [one["key"] for one in office.receiver.messages[-1]["changes"]] == ["b"]
    assert office.got() == [("a", 1), ("b", 1)]
    with pytest.raises(Refused):
        office.act(subscriptions.replay, id, 10**15)


def test_secrets_are_changed_without_a_gap(office):
    id = office.subscribe()
    former = office.receiver.secret
    _, secret = office.act(subscriptions.rotate, id, office.seal)
    assert secret != former
    office.change("a")
    assert office.deliver(id) == ["sent"]
    office.receiver.secret = secret
    office.change("b")
    assert office.deliver(id) == ["sent"]
    office.receiver.secret = former
    office.change("c")
    office.now += timedelta(hours=25)
    office.deliver(id)
    assert office.receiver.forged > 0 and office.got() == [("a", 1), ("b", 1)]


def test_a_pause_keeps_everything_and_an_end_sends_nothing(office):
    id = office.subscribe()
    office.act(subscriptions.pause, id)
    office.change("a")
    assert office.deliver(id) == []
    office.act(subscriptions.go_on, id)
    assert office.deliver(id) == ["sent"]
    office.act(subscriptions.end, id)
    office.change("b")
    assert office.deliver(id) == []
    with pytest.raises(Conflict):
        office.act(subscriptions.go_on, id)


def test_who_wants_no_more_is_paused(office):
    id = office.subscribe()
    office.receiver.answer = lambda message: 410
    office.change("a")
    assert office.deliver(id) == ["failed"]
    assert office.of(id).state == "paused" and office.got() == []


def test_two_programs_do_not_deliver_to_one_at_once(office):
    id = office.subscribe()
    office.change("a")
    seen = []

    def meanwhile(*given):
        with office.db.connect(autocommit=True) as other:
            seen.append(office.made().step(other, id))
        return posting.post(*given)

    assert office.made(post=meanwhile).step(office.conn, id) == "sent"
    assert seen == ["busy"]
    assert office.got() == [("a", 1)]


def test_rights_are_those_of_today(office):
    with office.db.connect() as conn:
        token = tokens.create(
            conn, operator(), facility="BHXH", name="insurance", roles=("subscriber",)
        )
        conn.commit()
        actor = tokens.actor(conn, token)
        conn.commit()
    id = office.subscribe(actor, purpose="insurance")
    office.change("a")
    assert office.deliver(id) == ["sent"]
    tokens.revoke(office.conn, operator(), actor.id.removeprefix("token:"))
    office.change("b")
    assert office.deliver(id) == ["failed"]
    given = office.of(id)
    assert given.state == "paused" and given.failure
    assert office.got() == [("a", 1)]


def test_nobody_subscribes_to_more_than_he_may_read(office):
    with office.db.connect() as conn:
        token = tokens.create(conn, operator(), facility="01999", name="his", roles=("sender",))
        conn.commit()
        sender = tokens.actor(conn, token)
        conn.commit()
    with pytest.raises(NotAllowed):
        office.subscribe(sender)
    with pytest.raises(NotAllowed):
        office.subscribe(purpose="insurance")


def test_a_facility_is_told_of_its_own_only(office):
    from lienthong.access import accounts

    with office.db.connect() as conn:
        accounts.create(
            conn, operator(), "officer-his", name="Officer", roles=["facility_officer"], facility="01999"
        )  # fmt: skip
    officer = accounts.find(office.conn, "officer-his").actor
    id = office.subscribe(officer)
    office.change("a")
    office.change("b", sender="79001")
    office.deliver(id)
    assert office.got() == [("a", 1)]


def test_a_program_manages_its_own_subscriptions_only(office):
    made = []
    with office.db.connect() as conn:
        for name in ("one", "two"):
            token = tokens.create(conn, operator(), facility=name, name=name, roles=("subscriber",))
            conn.commit()
            made.append(tokens.actor(conn, token))
            conn.commit()
    one, two = made
    id = office.subscribe(one, purpose="insurance")
    with office.db.connect() as conn:
        assert [given.id for given in subscriptions.listed(conn, one)] == [id]
        assert subscriptions.listed(conn, two) == []
        with pytest.raises(NotFound):
            subscriptions.pause(conn, two, id)


def test_the_database_alone_signs_nothing(office):
    office.subscribe()
    kept = office.conn.execute("SELECT secret FROM partners.subscription").fetchone()[0]
    raw = office.receiver.secret.removeprefix("whsec_").encode()
    assert raw not in bytes(kept)
    assert (office.home / "keys" / "subscribers.key").stat().st_mode & 0o077 == 0
