"""Looking for a receipt stays as fast as it was in an empty database."""

from __future__ import annotations

from lienthong.records.intake.receipts import find


def test_no_plan_is_kept_from_when_there_were_no_submissions(connection):
    same = (
        "NOT test AND (contract, sender, sha256) IN (SELECT * FROM unnest(%(contracts)s::text[],"
        " %(senders)s::text[], %(hashes)s::text[]))"
    )
    for _ in range(20):
        assert find(connection, same, {"contracts": ["a"], "senders": ["b"], "hashes": ["c"]}) == []
    kept = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert [one for (one,) in kept if "records.submission" in one] == []
