"""Submissions with their bytes, what is in quarantine, the counts of rules, and the versions of contracts."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Statements stand in 0002_records.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
