"""Envelopes of visits: a HOSO is accepted or set aside as a whole, and none is lost, however broken."""

from __future__ import annotations

import base64
from collections import Counter

import pytest
from tests.formats.test_signature import certificate, pem, signed

from lienthong.contracts.reading import read_contract
from lienthong.errors import Unavailable
from lienthong.records import intake, quarantine, store

INNER = {
    "XML1": "<TONG_HOP><MA_LK>{key}</MA_LK><STT>1</STT><MA_CSKCB>01999</MA_CSKCB><HO_TEN>AN</HO_TEN></TONG_HOP>",
    "XML2": (
        "<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC><CHI_TIET_THUOC><MA_LK>{key}</MA_LK><STT>1</STT>"
        "</CHI_TIET_THUOC></DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>"
    ),
}


def hoso(key, *kinds, broken=()):
    files = []
    for kind in kinds:
        content = base64.b64encode(INNER[kind].format(key=key).encode()).decode()
        content = "@@@" if kind in broken else content
        files.append(
            f"<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"
        )
    return f"<HOSO>{''.join(files)}</HOSO>"


def envelope(*parts):
    return (
        '<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI>'
        f"<THONGTINHOSO><NGAYLAP>20261120</NGAYLAP><SOLUONGHOSO>{len(parts)}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{''.join(parts)}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


@pytest.fixture
def care(desk):
    """Sends care envelopes; half-empty visits wait in quarantine, which is what these tests look at."""

    def send(data, sender="01999"):
        given = intake.receive(
            desk.conn,
            data,
            contract="care",
            sender=sender,
            actor="his",
            name="hoso.xml",
            channel="test",
            home=desk.home,
        )
        return intake.process(desk.conn, given.receipt, home=desk.home)

    return send


def test_every_hoso_is_accounted_for(desk, care):
    given = care(
        envelope(
            hoso("V1", "XML1", "XML2"),
            hoso("V2", "XML1", "XML2", broken=("XML1",)),
            hoso("V3", "XML2"),
            hoso("V4"),
            hoso("V5", "XML1", "XML2", broken=("XML1", "XML2")),
            hoso("V6", "XML1"),
        )
    )
    assert given.state == "done"
    assert given.received == 6
    assert given.received == given.kept + given.unchanged + given.quarantined
    entries = [quarantine.entry(desk.conn, line.id) for line in quarantine.entries(desk.conn)]
    assert sorted(entry.unit for entry in entries) == list(range(6))
    assert Counter(entry.root for entry in entries) == {"XML1": 6}
    by_unit = {entry.unit: entry for entry in entries}
    assert by_unit[0].key and "V1" in by_unit[0].key
    assert len(by_unit[0].rows["XML2"]) == 1
    assert by_unit[1].rows.get("XML1", []) == [] and len(by_unit[1].rows["XML2"]) == 1
    assert any(cause.startswith("ENV-06") for cause in by_unit[1].causes)
    assert by_unit[4].rows == {} or not any(by_unit[4].rows.values())
    assert quarantine.findings(desk.conn, by_unit[4])
    from lienthong.records.store import counts

    contract = read_contract("care")
    assert counts.counted(desk.conn, contract) == counts.recompute(desk.conn, contract)


def test_a_file_that_breaks_off_loses_only_what_is_missing(desk, care):
    whole = envelope(hoso("V1", "XML1"), hoso("V2", "XML1"), hoso("V3", "XML1"))
    given = care(whole[: whole.rindex(b"<HOSO>") + 40])
    assert given.state == "done"
    assert given.received >= 2
    assert given.received == given.quarantined
    keys = {line.key for line in quarantine.entries(desk.conn)}
    assert sum("V1" in (key or "") or "V2" in (key or "") for key in keys) == 2


def test_a_visit_of_the_synthetic_country_is_kept_whole_and_read_as_of(desk, care, tmp_path):
    from datetime import datetime

    from lienthong.synthetic.country import Country
    from lienthong.synthetic.files import write_country

    country = Country(
        seed=3, visits=30, until=datetime(2026, 11, 20, 17), per_file=30, faults=False
    )
    (written,) = list(write_country(country, tmp_path))
    given = care((tmp_path / written.name).read_bytes(), sender=written.sender)
    assert given.received == 30
    assert given.kept + given.quarantined == 30 and given.kept >= 25
    contract = read_contract("care")
    listed = store.search(desk.conn, contract, limit=100)
    assert len(listed) == given.kept
    record = store.record(desk.conn, contract, listed[0].key)
    assert record.root == "XML1" and len(record.rows["XML1"]) == 1
    assert sum(map(len, record.rows.values())) > 1
    assert {row["MA_LK"] for rows in record.rows.values() for row in rows} == {
        record.rows["XML1"][0]["MA_LK"]
    }


def test_unencoded_inner_documents_are_read_where_the_institution_says_so(desk, care, monkeypatch):
    bare = "".join(
        f"<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE><![CDATA[{INNER[kind].format(key='B1')}]]>"
        "</NOIDUNGFILE></FILEHOSO>"
        for kind in INNER
    )
    refused = care(envelope(f"<HOSO>{bare}</HOSO>"))
    assert "ENV-06" in found_in(desk, refused)
    monkeypatch.setenv("LIENTHONG_UNENCODED_INNER", "yes")
    read = care(envelope(f"<HOSO>{bare}</HOSO>\n"))
    assert "ENV-06" not in found_in(desk, read)


def test_a_signature_is_verified_with_the_certificates_of_the_data_folder(desk, care):
    facility, stranger = certificate("Facility 01999"), certificate("Somebody")
    folder = desk.home / "certificates"
    folder.mkdir()
    (folder / "01999.pem").write_text(pem(facility[0]))
    assert "ENV-08" not in found_in(desk, care(signed(facility)))
    assert "ENV-08" in found_in(desk, care(signed(stranger)))


def test_an_unreadable_certificate_makes_submissions_wait(desk, care):
    folder = desk.home / "certificates"
    folder.mkdir()
    (folder / "ca.pem").write_text("lost")
    with pytest.raises(Unavailable, match="ca.pem|PEM"):
        care(envelope(hoso("W1", "XML1", "XML2")))
    (folder / "ca.pem").unlink()
    (done,) = intake.resume_unfinished(desk.conn, home=desk.home)
    assert (done.state, done.received) == ("done", 1)


def found_in(desk, given):
    """Rule ids that the receipt names."""
    return {one.rule for one in intake.findings(desk.conn, given.receipt)}


def test_text_pasted_into_xml_is_settled_once_a_person_mended_the_record(desk, care):
    whole = hoso("P1", "XML1").encode()
    name = base64.b64encode(INNER["XML1"].format(key="P1").encode()).decode()
    pasted = INNER["XML1"].format(key="P1").replace("AN<", "AN & CO<")
    given = care(
        envelope(
            whole.decode().replace(name, base64.b64encode(pasted.encode()).decode()),
        )
    )
    assert (given.received, given.quarantined) == (1, 1)
    (entry,) = quarantine.entries(desk.conn, receipt=given.receipt)

    def kinds():
        return [fault["kind"] for fault in quarantine.entry(desk.conn, entry.id).faults]

    assert "inner-mended" in kinds()
    assert quarantine.entry(desk.conn, entry.id).rows["XML1"][0]["cells"]["HO_TEN"] == "AN & CO"
    quarantine.replay(desk.conn, [entry.id], "lan", home=desk.home)
    assert "inner-mended" in kinds()
    quarantine.mend(desk.conn, entry.id, {"XML1": {0: {"HO_TEN": "AN"}}}, "lan")
    quarantine.replay(desk.conn, [entry.id], "lan", home=desk.home)
    assert "inner-mended" not in kinds()
