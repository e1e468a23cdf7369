"""Payments, questions, ratings and files between the Portal and us."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Statements stand in 0018_portal_more.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
