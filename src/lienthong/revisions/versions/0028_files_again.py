"""Files of dossiers are looked at again when a scanner or a trusted certificate came; what nobody calls goes."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Statements stand in 0028_files_again.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
