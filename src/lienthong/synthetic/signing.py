"""Signatures of invented hospitals in CHUKYDONVI and of invented agencies in PDF, by an authority made for it.

The key stays in the demonstration's own folder, so that a run that was interrupted writes the same bytes again; nothing
of it comes with the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

TRUSTED = "demo.pem"
"""The certificate of the invented authority among those that the data folder trusts."""
KEY = "signer.key"
AGENCY = "TTHC"
"""The part of an invented administration that signs results."""
SECTIONS = ("THONGTINDONVI", "THONGTINHOSO")
_FROM, _UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


def signs(facility: str) -> bool:
    """Whether the program of a hospital signs what it sends: that of every second one does."""
    return sum(map(ord, facility)) % 2 == 1


class Signer:
    """Signs envelopes; keeps its key in `folder` and its certificate among those that `trusted` holds."""

    def __init__(self, folder: Path, trusted: Path) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        self._key = _key(folder / KEY)
        self._authority = _certificate(self._key, self._key, "Tổ chức chứng thực mẫu", "", 1)
        trusted.mkdir(parents=True, exist_ok=True)
        (trusted / TRUSTED).write_bytes(self._authority.public_bytes(Encoding.PEM))

    def sign(self, file: Path, facility: str) -> None:
        """Put the signature of a facility into an envelope, over its unit and its records."""
        from lxml import etree
        from signxml import XMLSigner

        root = etree.fromstring(file.read_bytes())
        for name in SECTIONS:
            found = root.find(name)
            assert found is not None, name
            found.set("Id", name)
        # RSA: the same bytes get the same signature.
        signer = XMLSigner(signature_algorithm="rsa-sha256")
        holder = _certificate(
            self._key, self._key, f"Bệnh viện mẫu {facility}", facility, int(facility) + 2
        )
        done = signer.sign(root, key=self._key, cert=[holder], reference_uri=list(SECTIONS))
        place, made = done.find("CHUKYDONVI"), done.find(f"{_DS}Signature")
        assert place is not None
        if made is not None:
            place.append(made)
        file.write_bytes(etree.tostring(done, xml_declaration=True, encoding="utf-8"))

    def sign_paper(self, pdf: bytes, agency: str, serial: int) -> bytes:
        """A PDF with the signature of an invented agency inside."""
        from cryptography.hazmat.primitives import serialization

        holder = _certificate(self._key, self._key, agency, AGENCY, serial)
        private = self._key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        chain = [one.public_bytes(serialization.Encoding.DER) for one in (holder, self._authority)]
        return signed_pdf(pdf, private, chain)


def signed_pdf(pdf: bytes, key: bytes, chain: Sequence[bytes]) -> bytes:
    """A PDF signed with a PKCS8 key; `chain` are certificates in DER, the signer's first."""
    from asn1crypto.keys import PrivateKeyInfo
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    own, *others = (Certificate.load(one) for one in chain)
    known = SimpleCertificateStore()
    known.register_multiple([own, *others])
    signer = SimpleSigner(
        signing_cert=own, signing_key=PrivateKeyInfo.load(key), cert_registry=known
    )
    about = PdfSignatureMetadata(field_name="ChuKy", md_algorithm="sha256")
    return sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), about, signer=signer).getvalue()


def _key(file: Path) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    if file.exists():
        return serialization.load_pem_private_key(file.read_bytes(), None)
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


@lru_cache(maxsize=4096)
def _certificate(key: Any, issuer: Any, name: str, facility: str, serial: int) -> Any:
    """The certificate of a facility, or (without one) of the authority itself; the same one each time."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tổ chức chứng thực mẫu")])
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if facility:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, facility))
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=not facility, path_length=None), critical=True)
    )
    if facility:
        made = made.add_extension(for_signing(), critical=True)
    return made.sign(issuer, hashes.SHA256())


def for_signing() -> Any:
    """What a certificate of somebody who signs papers says that it is for."""
    from cryptography import x509

    for_it = {"digital_signature": True, "content_commitment": True}
    rest = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
            "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**for_it, **dict.fromkeys(rest, False))
