"""Rules across databases: links, what is looked at again, and what findings name."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Statements stand in 0008_crossing.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
