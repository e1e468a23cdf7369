"""Steps, substitutes and attachments of dossiers."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Statements stand in 0016_work.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
