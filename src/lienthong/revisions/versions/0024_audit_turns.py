"""A writer of the trail who finds every lane held waits for one of them, and always gets it."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Statements stand in 0024_audit_turns.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
