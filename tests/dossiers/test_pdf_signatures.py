"""Signatures inside PDF: whose they are, whether anything came after them, and files that mean harm."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lienthong import words
from lienthong.dossiers import pdf_signatures, signed
from lienthong.dossiers.pdf_signatures import Verdict
from lienthong.findings import LANGUAGES
from lienthong.synthetic.signing import for_signing, signed_pdf

NOW = datetime.now(UTC)
DER = serialization.Encoding.DER


def made(key, name, issuer, by, *, ca=False, since=-10, until=300, usage=True):
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, by)]
    one = (
        x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=since)).not_valid_after(NOW + timedelta(days=until))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )  # fmt: skip
    if usage and not ca:
        one = one.add_extension(for_signing(), critical=True)
    return one.sign(issuer, hashes.SHA256())


def der(one):
    return one.public_bytes(DER)


@pytest.fixture(scope="module")
def keys():
    return [rsa.generate_private_key(65537, 2048) for _ in range(2)]


@pytest.fixture(scope="module")
def root(keys):
    return made(keys[0], "CA mẫu", keys[0], "CA mẫu", ca=True)


@pytest.fixture(scope="module")
def blank():
    import typst

    return bytes(typst.compile(b"Gi\xe1\xba\xa5y ph\xc3\xa9p", format="pdf"))


@pytest.fixture(scope="module")
def paper(keys, root, blank):
    """A permit signed by an office whose certificate an authority gave."""

    def sign(**more):
        holder = made(keys[1], "Sở Y tế mẫu", keys[0], "CA mẫu", **more)
        private = keys[1].private_bytes(
            DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return signed_pdf(blank, private, [der(holder), der(root)]), holder

    return sign


def test_a_signature_by_a_trusted_authority_is_valid_and_names_its_signer(paper, root):
    data, holder = paper()
    found = pdf_signatures.verify(data, [der(root)])
    assert (found.state, found.why) == ("valid", "")
    assert "Sở Y tế mẫu" in found.by
    assert pdf_signatures.verify(data, [der(holder)]).state == "valid", "the signer itself is known"


def test_without_a_trusted_authority_it_fits_and_nobody_vouches(paper, keys):
    other = made(keys[1], "CA khác", keys[1], "CA khác", ca=True)
    for trusted in ([], [der(other)]):
        found = pdf_signatures.verify(paper()[0], trusted)
        assert (found.state, found.why) == ("untrusted", "unknown_signer")


def test_a_certificate_out_of_its_time_proves_nothing(paper, root):
    found = pdf_signatures.verify(paper(since=-9, until=-1)[0], [der(root)])
    assert (found.state, found.why) == ("untrusted", "expired")


def test_a_certificate_that_is_not_for_signing_is_refused(paper, root):
    found = pdf_signatures.verify(paper(usage=False)[0], [der(root)])
    assert (found.state, found.why) == ("untrusted", "not_for_signing")


def test_a_changed_byte_is_found(paper, root):
    data = paper()[0]
    at = data.index(b"/MediaBox")
    forged = data[:at] + b"/MediaBax" + data[at + 9 :]
    assert pdf_signatures.verify(forged, [der(root)]).state != "valid"
    at = data.index(b"stream", 200) + 20
    forged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert pdf_signatures.verify(forged, [der(root)]) == Verdict("invalid", "broken")


def test_a_page_added_after_the_signature_is_found(paper, root):
    from io import BytesIO

    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(paper()[0]))
    drawn = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = drawn
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    assert pdf_signatures.verify(out.getvalue(), [der(root)]) == Verdict("invalid", "changed_after")


def test_a_pdf_without_a_signature_is_unsigned(blank, tmp_path):
    assert signed.signature(blank, "application/pdf", tmp_path) == Verdict("unsigned")
    assert pdf_signatures.verify(blank + b"%/ByteRange", []).state == "unsigned"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4 /ByteRange [0 1 2 3]", b"%PDF-1.7\n" + b"/ByteRange" * 9 + b"\nstartxref\n99999\n%%EOF",
        b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"/ByteRange\ntrailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF",
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer <</Size 1/Root 1 0 R/Prev 9>>/ByteRange\n"
        b"startxref\n9\n%%EOF",
    ],
    ids=["stump", "table beyond the end", "deep", "a table before itself"],
)  # fmt: skip
def test_a_strange_file_is_not_checked_and_ends_soon(data):
    began = time.monotonic()
    found = pdf_signatures.verify(data, [])
    assert found.state == "not_checked"
    assert found.why in signed.WHY
    assert time.monotonic() - began < pdf_signatures.SECONDS + 5


def test_a_large_file_and_a_slow_one_are_not_checked(paper, root, monkeypatch):
    data = paper()[0]
    assert pdf_signatures.verify(data, [der(root)], seconds=0.001).why == "long"
    monkeypatch.setattr(pdf_signatures, "MOST_BYTES", len(data) - 1)
    assert pdf_signatures.verify(data, [der(root)]).why == "large"


def test_the_reader_has_no_network_little_memory_and_writes_no_file(tmp_path):
    import subprocess
    import sys

    program = (
        "import socket, sys\n"
        "from lienthong.dossiers.pdf_verdict import confine, MEMORY\n"
        "confine()\n"
        "for hostile in (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: bytearray(MEMORY),\n"
        f"    lambda: open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x')):\n"
        "    try:\n        hostile()\n        print('done')\n"
        "    except (OSError, MemoryError) as error:\n        print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "OSError no network here"
    assert done.stdout.splitlines()[1].startswith("MemoryError")
    assert "done" not in done.stdout


def test_the_reasons_are_said_in_three_languages():
    for language in LANGUAGES:
        known = dict(
            line
            for path in (words.LOCALE / language).glob("*.po")
            for line in words.read_catalogue(path)
        )
        assert [one for one in signed.WHY.values() if one not in known] == []


def test_no_more_files_are_read_at_once_than_memory_takes(monkeypatch):
    asked = []
    monkeypatch.setattr(pdf_signatures.subprocess, "run", lambda *_, **__: asked.append(1))
    monkeypatch.setattr(pdf_signatures, "AT_ONCE", threading.BoundedSemaphore(1))
    with pdf_signatures.AT_ONCE:
        found = pdf_signatures.verify(b"%PDF-1.7 /ByteRange", [], seconds=0.01)
    assert (found, asked) == (Verdict("not_checked", "long"), [])


def test_fields_that_name_the_same_fields_again_end_in_time():
    """Each of 37 fields has the next twice: 2³⁷ paths in four kilobytes. The process is ended, and a next one reads."""
    fields = {
        n: b"<< /T (a) /Kids [%d 0 R %d 0 R] /ByteRange [0 1 2 3] >>" % (n + 1, n + 1)
        for n in range(3, 40)
    }
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [3 0 R] /SigFlags 3 >> >>",
        2: b"<< /Type /Pages /Kids [] /Count 0 >>",
        **fields,
        40: b"<< /FT /Sig /T (a) >>",
    }  # fmt: skip
    body, at = b"%PDF-1.7\n", []
    for number, said in objects.items():
        at.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, said)
    start = len(body)
    body += b"xref\n0 41\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % one for one in at)
    body += b"trailer\n<< /Size 41 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    assert pdf_signatures.verify(body, [], seconds=3) == Verdict("not_checked", "long")
    assert pdf_signatures.AT_ONCE.acquire(blocking=False), "its place is free again"
    pdf_signatures.AT_ONCE.release()
