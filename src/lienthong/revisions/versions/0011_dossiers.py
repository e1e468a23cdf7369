"""Dossiers, their numbers and their events."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Statements stand in 0011_dossiers.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
