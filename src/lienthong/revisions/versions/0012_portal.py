"""What the Portal knows of our dossiers and what it sent us."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Statements stand in 0012_portal.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
