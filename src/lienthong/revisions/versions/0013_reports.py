"""What reports are made of: standings, figures, what was sent."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Statements stand in 0013_reports.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
