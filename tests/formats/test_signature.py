"""The signature in CHUKYDONVI: valid, broken, by a stranger, over too little."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner

from lienthong.records.formats import signature
from tests.formats.making import envelope, read_bytes, visit

FROM, UNTIL = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2036, 1, 1, tzinfo=dt.UTC)


def certificate(name, issuer=None, key=None, authority=False, until=UNTIL):
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued_by, signing = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signing, hashes.SHA256())
    )
    return made, key


@pytest.fixture(scope="module")
def facility():
    return certificate("Facility 01999")


def pem(made):
    return made.public_bytes(serialization.Encoding.PEM).decode()


def signed(who, part=None):
    """An envelope with a signature over all of it, or over one of its sections."""
    made, key = who
    root = etree.fromstring(envelope(visit("a"), visit("b"), signature="").encode())
    for name in ("THONGTINDONVI", "THONGTINHOSO"):
        root.find(name).set("Id", name)
    signer = XMLSigner(signature_algorithm="ecdsa-sha256")
    if part is None:
        holder = root.find("CHUKYDONVI")
        etree.SubElement(holder, "{http://www.w3.org/2000/09/xmldsig#}Signature", Id="placeholder")
        return etree.tostring(signer.sign(root, key=key, cert=[made]))
    done = signer.sign(root, key=key, cert=[made], reference_uri=part)
    found = done.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    if found is not None:
        done.find("CHUKYDONVI").append(found)
    return etree.tostring(done)


def result(tmp_path, data, *trusted):
    found = read_bytes(tmp_path, data, certificates=tuple(pem(one) for one in trusted))
    assert found.units == 2
    return found.envelope["signature"], found.kinds()


def test_without_certificates_nothing_is_claimed(tmp_path, facility):
    assert result(tmp_path, signed(facility)) == ("present", [])


def test_a_valid_signature(tmp_path, facility):
    assert result(tmp_path, signed(facility), facility[0]) == ("valid", [])


def test_a_signature_over_both_sections(tmp_path, facility):
    data = signed(facility, ["THONGTINDONVI", "THONGTINHOSO"])
    assert result(tmp_path, data, facility[0]) == ("valid", [])


def test_a_signature_over_too_little(tmp_path, facility):
    data = signed(facility, ["THONGTINDONVI"])
    assert result(tmp_path, data, facility[0]) == ("invalid", ["signature-invalid"])


def test_a_changed_file(tmp_path, facility):
    data = signed(facility).replace(b"20260304", b"20260305")
    assert result(tmp_path, data, facility[0]) == ("invalid", ["signature-invalid"])


def test_a_certificate_issued_by_a_trusted_one(tmp_path):
    authority = certificate("Authority", authority=True)
    issued = certificate("F 01999", authority)
    assert result(tmp_path, signed(issued), authority[0]) == ("valid", [])


def test_a_certificate_that_names_nobody_or_another(tmp_path):
    authority = certificate("Authority", authority=True)
    for name, expected in (
        ("F", ("valid", ["signature-nameless"])),
        ("Facility 79001", ("invalid", ["signature-other-facility"])),
        ("Facility 019990", ("valid", ["signature-nameless"])),
    ):
        assert result(tmp_path, signed(certificate(name, authority)), authority[0]) == expected


def test_a_certificate_that_had_ended_when_the_file_was_made(tmp_path):
    old = certificate("Facility 01999", until=dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    assert result(tmp_path, signed(old), old[0]) == ("invalid", ["signature-expired"])


def test_a_facility_makes_no_certificates_for_others(tmp_path, facility):
    found = result(tmp_path, signed(certificate("F", facility)), facility[0])
    assert found == ("unverifiable", ["signature-stranger"])


def test_a_second_section_beside_the_signed_one(tmp_path, facility):
    data = signed(facility, ["THONGTINDONVI", "THONGTINHOSO"])
    root = etree.fromstring(data)
    file = tmp_path / "wrapped.xml"
    file.write_bytes(etree.tostring(root))
    assert signature.verified(file, [pem(facility[0])])[0] == "valid"
    other = etree.fromstring(envelope(visit("x"), signature="").encode()).find("THONGTINHOSO")
    root.insert(1, other)
    file.write_bytes(etree.tostring(root))
    assert signature.verified(file, [pem(facility[0])])[0] == "invalid"


def test_a_signature_beside_chukydonvi(tmp_path, facility):
    root = etree.fromstring(envelope(visit("a"), visit("b"), signature="").encode())
    made, key = facility
    data = etree.tostring(
        XMLSigner(signature_algorithm="ecdsa-sha256").sign(root, key=key, cert=[made])
    )
    assert result(tmp_path, data, facility[0]) == ("valid", [])


def test_a_stranger(tmp_path, facility):
    pretender = certificate("Facility 01999")
    data = signed(pretender)
    assert result(tmp_path, data, facility[0]) == ("unverifiable", ["signature-stranger"])


def test_something_that_is_no_signature(tmp_path, facility):
    data = envelope(visit("a"), visit("b"), signature="signed by hand")
    assert result(tmp_path, data, facility[0]) == ("invalid", ["signature-invalid"])


def test_a_file_too_large_to_verify(tmp_path, facility, monkeypatch):
    monkeypatch.setattr(signature, "SIZE_LIMIT", 100)
    assert result(tmp_path, signed(facility), facility[0]) == (
        "unverifiable",
        ["signature-too-large"],
    )
