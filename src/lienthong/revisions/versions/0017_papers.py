"""Papers that went out and forms that agencies changed."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Statements stand in 0017_papers.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
