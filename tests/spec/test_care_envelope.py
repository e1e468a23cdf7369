"""Rules about the envelope itself: who sends, when, and how many records."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest

from lienthong.clock import VIETNAM
from lienthong.contracts.codes import Codes
from lienthong.contracts.reading import read_contract
from lienthong.records.checking.engine import check
from lienthong.records.formats.reading import read
from tests.spec.care_records import Visit, cells, visit_tables

FACILITY, DAY, COUNT = "01999", "20260304", "2"


@pytest.fixture(scope="module")
def contract():
    return read_contract("care")


def inner(contract, table, rows):
    """The inner document of one table, base64."""
    about = contract.table(table)
    made = []
    for row in rows:
        body = "".join(
            f"<{field.name}>{row[field.name]}</{field.name}>"
            if row.get(field.name)
            else f"<{field.name}/>"
            for field in about.fields
            if not field.properties.get("edition")
        )
        made.append(
            f"<{about.xml['row']}>{body}</{about.xml['row']}>" if about.xml.get("row") else body
        )
    body = "".join(made)
    if about.xml.get("list"):
        body = f"<{about.xml['list']}>{body}</{about.xml['list']}>"
    document = (
        f'<?xml version="1.0" encoding="utf-8"?><{about.xml["root"]}>{body}</{about.xml["root"]}>'
    )
    return base64.b64encode(document.encode()).decode()


def envelope(contract, *, facility=FACILITY, day=DAY, count=COUNT, stray=None):
    """An envelope of two visits; `stray` is the MA_LK that a note of the first one carries."""
    records = []
    for number in (1, 2):
        visit = Visit("inpatient", visit_tables("inpatient"), number=number)
        if stray and number == 1:
            visit.tables["XML5"][0]["MA_LK"] = stray
        files = "".join(
            f"<FILEHOSO><LOAIHOSO>{table}</LOAIHOSO><NOIDUNGFILE>"
            f"{inner(contract, table, [cells(visit, row) for row in rows])}</NOIDUNGFILE></FILEHOSO>"
            for table, rows in visit.tables.items()
        )
        records.append(f"<HOSO>{files}</HOSO>")
    return (
        '<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS>'
        f"<THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>"
        f"<THONGTINHOSO><NGAYLAP>{day}</NGAYLAP><SOLUONGHOSO>{count}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{''.join(records)}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    )


def findings(contract, folder, sender=None, **changes):
    """`rule` -> units it was found in."""
    path = folder / "envelope.xml"
    path.write_text(envelope(contract, **changes), encoding="utf-8")
    received = datetime(2026, 3, 5, 9, tzinfo=VIETNAM)
    reading = read(path, contract, workdir=folder)
    checked = check(contract, reading, received=received, codes=Codes(), sender=sender)
    found = {}
    for finding in checked.findings():
        found.setdefault(finding.rule, set()).add(finding.unit)
    return found


def test_a_right_envelope_lacks_only_its_signature(contract, tmp_path):
    assert set(findings(contract, tmp_path, sender=FACILITY)) == {"ENV-08"}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("ENV-02", {"facility": "01998"}),
        ("ENV-02", {"facility": "1999"}),
        ("ENV-02-TK", {"sender": "01998"}),
        ("ENV-03", {"day": "20260303"}),
        ("ENV-03", {"day": "20260306"}),
        ("ENV-03", {"day": "04/03/2026"}),
        ("ENV-04", {"count": "3"}),
        ("ENV-04", {"count": "hai"}),
    ],
)
def test_a_wrong_envelope_is_named_in_every_record(contract, tmp_path, rule, changes):
    assert findings(contract, tmp_path, **changes).get(rule) == {0, 1}


@pytest.mark.parametrize("changes", [{"day": "20260305"}, {"sender": FACILITY}, {"count": " 2 "}])
def test_what_comes_close_is_right(contract, tmp_path, changes):
    assert set(findings(contract, tmp_path, **changes)) == {"ENV-08"}


def test_a_row_of_another_visit_is_found(contract, tmp_path):
    assert "LNK-01" in findings(contract, tmp_path, stray="X")
    assert findings(contract, tmp_path, stray="01999000002")["LNK-01-HS"] == {0}
