"""Which sender may send which database."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Statements stand in 0019_senders.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
