"""What is known of signatures inside PDF files: whole but of nobody trusted, and why one does not fit."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Statements stand in 0022_signatures.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
