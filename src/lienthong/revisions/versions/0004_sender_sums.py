"""The sums of each sender beside those of provinces and days."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Statements stand in 0004_sender_sums.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
