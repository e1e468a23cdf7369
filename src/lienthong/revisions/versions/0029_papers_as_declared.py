"""An agency goes back to the papers that come with the program; who did it and when is kept."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Statements stand in 0029_papers_as_declared.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
