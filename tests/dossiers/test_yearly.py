"""How many dossiers were filed under each procedure in a span of Vietnam's days."""

from __future__ import annotations

from datetime import date, datetime

from lienthong.clock import VIETNAM
from lienthong.dossiers import yearly


def test_dossiers_are_counted_by_procedure_and_vietnams_day(connection):
    moments = [
        ("H1", "1.000056", datetime(2026, 1, 1, 0, 0, tzinfo=VIETNAM)),
        ("H2", "1.000056", datetime(2026, 12, 31, 23, 59, tzinfo=VIETNAM)),
        ("H3", "1.012279", datetime(2026, 6, 1, 9, 0, tzinfo=VIETNAM)),
        ("H4", "1.012279", datetime(2027, 1, 1, 0, 0, tzinfo=VIETNAM)),
        ("H5", "1.012279", datetime(2025, 12, 31, 23, 59, tzinfo=VIETNAM)),
    ]
    for code, procedure, filed_at in moments:
        connection.execute(
            "INSERT INTO dossiers.dossier (code, procedure, procedure_version, unit, received_by, channel,"
            " state, filed_at)"
            " VALUES (%s, %s, 1, 'H15', 'H15', 'direct', 'new', %s)",
            [code, procedure, filed_at],
        )
    found = yearly.filed(connection, date(2026, 1, 1), date(2027, 1, 1))
    assert found == {"1.000056": 2, "1.012279": 1}
    assert yearly.filed(connection, date(2020, 1, 1), date(2021, 1, 1)) == {}
