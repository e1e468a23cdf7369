"""Reserved: tables of warehouse."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Statements stand in 0009_warehouse.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
