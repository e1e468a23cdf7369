"""Submissions with their bytes, what is in quarantine, the counts of rules, and the versions of contracts."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Statements stand in 0002_records.sql, to be read as SQL."""
    op.get_bind().connection.driver_connection.execute(
        Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    )
