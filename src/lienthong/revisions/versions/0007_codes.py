"""Codes that no list knows, and what was decided about them."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Statements stand in 0007_codes.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
