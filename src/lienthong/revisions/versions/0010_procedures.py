"""The catalogue of procedures in versions."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Statements stand in 0010_procedures.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
