"""Papers of dossiers: told by content, limited, checked, kept under their hash, never said to be clean unasked."""

from __future__ import annotations

import io
import sys
import zipfile

import pytest

from lienthong.dossiers import attachments, signed
from lienthong.dossiers.sniffing import allowed, media_type
from lienthong.errors import Conflict, NotFound, Refused, Unavailable
from tests.dossiers.world import filed, publish

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
XML = "<don><ten>Nguyễn Văn Mẫu</ten></don>".encode()
RULES = allowed()


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (PDF, "pdf"), (b"\xff\xd8\xff\xe0rest", "jpg"), (b"\x89PNG\r\n\x1a\nrest", "png"), (b"II*\x00rest", "tif"),
        (XML, "xml"), (office("word/document.xml"), "docx"), (office("xl/workbook.xml"), "xlsx"),
    ],
)  # fmt: skip
def test_a_type_is_told_from_the_content(data, end):
    assert end in RULES.types[media_type(data, RULES)].ends


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "ATTACHMENT-EMPTY"), (b"MZ\x90\x00program", "ATTACHMENT-TYPE"), (b"just words", "ATTACHMENT-TYPE"),
        (b"<html><script>1</script></html>", "ATTACHMENT-TYPE"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "ATTACHMENT-TYPE"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a", "ATTACHMENT-TYPE"),
        (office("some/other"), "ATTACHMENT-TYPE"),
        (office("word/document.xml", "word/vbaProject.bin"), "ATTACHMENT-MACRO"),
        (b"PK\x03\x04 and no archive", "ATTACHMENT-TYPE"),
    ],
)  # fmt: skip
def test_what_may_not_be_attached_is_refused(data, code):
    with pytest.raises(Refused) as refused:
        media_type(data, RULES)
    assert refused.value.code == code


def add(conn, code, data=PDF, home=None, **more):
    return attachments.attach(conn, "tn", code, data, home=home, **({"name": "đơn.pdf"} | more))


def test_a_file_is_kept_byte_for_byte_and_given_out_again(conn, tmp_path):
    code = filed(conn)
    one = add(conn, code, home=tmp_path, component="TP01", form="digitised")
    assert (one.name, one.media_type, one.bytes) == ("đơn.pdf", "application/pdf", len(PDF))
    assert (one.malware, one.signature, one.form) == ("not_checked", "unsigned", "digitised")
    assert attachments.content(tmp_path, one) == PDF
    assert not list((tmp_path / "attachments" / "incoming").iterdir())
    with pytest.raises(Conflict):
        add(conn, code, home=tmp_path)
    other = filed(conn)
    add(conn, other, home=tmp_path)
    assert attachments.attachment(conn, code, one.id) == one
    with pytest.raises(NotFound):
        attachments.attachment(conn, other, one.id)


def test_bytes_that_were_changed_on_disk_are_not_given_out(conn, tmp_path):
    one = add(conn, filed(conn), home=tmp_path)
    attachments.path_of(tmp_path, one.sha256).write_bytes(PDF + b"more")
    with pytest.raises(NotFound):
        attachments.content(tmp_path, one)


def test_a_file_taken_away_stays_with_its_reason(conn, tmp_path):
    code = filed(conn)
    one = add(conn, code, home=tmp_path)
    with pytest.raises(Refused):
        attachments.remove(conn, "tn", code, one.id, " ")
    attachments.remove(conn, "tn", code, one.id, "nhầm hồ sơ")
    [kept] = attachments.attachments(conn, code)
    assert (kept.removed_by, kept.removed_why) == ("tn", "nhầm hồ sơ")
    assert add(conn, code, home=tmp_path).id != one.id, "it may be handed in again"


def command(text: str) -> str:
    return f'{sys.executable} -c "{text}"'


@pytest.mark.parametrize(
    ("check", "failure"),
    [
        (command("import sys; sys.exit(1)"), Refused),
        (command("import sys; sys.exit(2)"), Unavailable),
        ("/no/such/program", Unavailable),
    ],
    ids=["refuses", "fails", "is not there"],
)
def test_a_check_that_does_not_pass_keeps_nothing(conn, tmp_path, check, failure):
    code = filed(conn)
    with pytest.raises(failure):
        add(conn, code, home=tmp_path, check=check)
    assert attachments.attachments(conn, code) == []
    assert not [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]


def test_a_check_that_is_too_slow_keeps_nothing(conn, tmp_path):
    folder = tmp_path / "dossiers"
    folder.mkdir()
    declared = "most_mib: 1\nmost_files: 1\ncheck_seconds: 0.05\n"
    kinds = "types:\n  application/pdf: {ends: [pdf], vi: PDF, en: PDF, fr: PDF}\n"
    (folder / "attachments.yaml").write_text(declared + kinds)
    with pytest.raises(Unavailable):
        add(conn, filed(conn), home=tmp_path, check=command("import signal; signal.pause()"))
    code = filed(conn)
    one = add(conn, code, home=tmp_path)
    assert one.malware == "not_checked"
    with pytest.raises(Refused, match="1 files"):
        add(conn, code, PDF + b"2", home=tmp_path)
    with pytest.raises(Refused, match="1 MiB"):
        add(conn, code, PDF + bytes(1024 * 1024), home=tmp_path)


def test_a_check_that_passes_is_said(conn, tmp_path):
    looks = command("import sys, pathlib; sys.exit(not pathlib.Path(sys.argv[1]).read_bytes())")
    assert add(conn, filed(conn), home=tmp_path, check=looks).malware == "passed"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"), ("a\\b\\c.PDF", "c.PDF"), ("đơn đề nghị.pdf", "đơn đề nghị.pdf"),
        ("virus.exe", "virus.exe.pdf"), ("", "attachment.pdf"), (".pdf", "attachment.pdf"), ('a"b\n.pdf', "a_b_.pdf"),
    ],
)  # fmt: skip
def test_a_name_is_only_a_name(given, kept):
    assert attachments.plain_name(given, "application/pdf", ("pdf",)) == kept


def test_what_is_known_of_a_signature_is_kept_with_the_file(conn, tmp_path):
    one = add(conn, filed(conn), PDF + b"/ByteRange [0 1 2 3]", home=tmp_path)
    assert (one.signature, one.signature_why, one.signed_by) == ("not_checked", "unreadable", "")


def signed_xml(key, certificate) -> bytes:
    from lxml import etree
    from signxml import XMLSigner

    root = XMLSigner().sign(etree.fromstring(XML), key=key, cert=[certificate])
    return etree.tostring(root)


@pytest.fixture(scope="module")
def signer():
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sở Y tế mẫu")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return key, made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_signature_is_valid_only_from_somebody_trusted_and_over_the_whole(signer, tmp_path):
    data = signed_xml(*signer)
    assert signed.signature(data, "application/xml", tmp_path).state == "not_checked"
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "so.pem").write_text(signer[1])
    one = signed.signature(data, "application/xml", tmp_path)
    assert one.state == "valid"
    assert "Sở Y tế mẫu" in one.by
    forged = data.replace(b"<ten>", b"<ten>x")
    assert signed.signature(forged, "application/xml", tmp_path).state == "invalid"
    assert signed.signature(XML, "application/xml", tmp_path).state == "unsigned"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>",
        b"<?xml version='1.0'?><!DOCTYPE a><a>1</a>",
    ],
)
def test_a_document_type_that_names_other_files_is_refused(data):
    with pytest.raises(Refused) as refused:
        media_type(data, allowed())
    assert refused.value.code == "ATTACHMENT-DOCTYPE"


def test_a_bomb_of_an_office_file_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(70):
                part.write(b"0" * (1 << 20))
    with pytest.raises(Refused) as refused:
        media_type(out.getvalue(), allowed())
    assert refused.value.code == "ATTACHMENT-BOMB"
    assert media_type(office("word/document.xml"), allowed())
