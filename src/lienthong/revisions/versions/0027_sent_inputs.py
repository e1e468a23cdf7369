"""What a report that was sent counted: its dossiers and procedures with the numbers that each is in."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Statements stand in 0027_sent_inputs.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
