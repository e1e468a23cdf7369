"""Counts that scores and explanations are read from."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Statements stand in 0003_quality.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
