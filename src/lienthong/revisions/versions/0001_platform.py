"""The platform: the limited role, accounts, sessions, tokens, the read log and the audit trail."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Statements stand in 0001_platform.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
