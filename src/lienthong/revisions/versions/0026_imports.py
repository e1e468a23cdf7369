"""Files of procedures that an editor brings: kept as they came, looked at, then taken or given up."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Statements stand in 0026_imports.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
