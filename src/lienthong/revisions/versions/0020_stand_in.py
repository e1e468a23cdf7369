"""What the stand-in of the Portal keeps."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Statements stand in 0020_stand_in.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
