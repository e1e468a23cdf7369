"""Messages by which a citizen withdraws a dossier on the Portal, and the bills of paid fees."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Statements stand in 0023_withdrawals.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
