"""What reports read of the exchange with the Portal, of fees, ratings and papers, under names of their own."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Statements stand in 0021_report_views.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
