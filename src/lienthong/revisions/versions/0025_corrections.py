"""A corrected result: the end of the dossier and what waits for it; what people decided about steps held back."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Statements stand in 0025_corrections.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
