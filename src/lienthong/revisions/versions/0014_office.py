"""The lists of three units, readiness, reduction and the register of legal documents."""

from pathlib import Path

from lienthong.database.migration import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Statements stand in 0014_office.sql, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql"))
