"""The feed of changes, the delays of records, and what is sent to subscribers."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Statements stand in 0006_feed.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
