"""What the catalogue of procedures keeps beside its versions."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Statements stand in 0015_catalogue.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
