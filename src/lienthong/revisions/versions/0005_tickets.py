"""Tickets at the source with their acts, and the nightly profile."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Statements stand in 0005_tickets.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
