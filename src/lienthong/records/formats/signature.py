"""CHUKYDONVI: whether a facility's XML signature fits the envelope (letter 3190/BHXH-CNTT; rule ENV-08).

A signature is trusted when its certificate is one of those configured, or issued by one of them, was valid on the day
on which the file was made (NGAYLAP; no clock is read here) and names the facility of the file in its subject.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from lienthong.records.formats.faults import Fault, fault
from lienthong.records.formats.safety import safe_parser

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SIZE_LIMIT = 64 * 1024 * 1024
"""A signature needs the whole document in memory."""
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_SIGNED = {"THONGTINDONVI", "THONGTINHOSO"}


def verified(path: Path, certificates: Sequence[str]) -> tuple[str, Fault | None]:
    """(valid|invalid|unverifiable, fault) of a signed envelope, for trusted certificates in PEM."""
    if path.stat().st_size > SIZE_LIMIT:
        return "unverifiable", fault("signature-too-large", limit=SIZE_LIMIT)
    try:
        root = etree.fromstring(path.read_bytes(), safe_parser())
    except etree.XMLSyntaxError:
        return "invalid", fault("signature-invalid")
    candidates = _candidates(root, certificates)
    if not candidates:
        return "unverifiable", fault("signature-stranger")
    if _doubled(root):
        return "invalid", fault("signature-invalid")
    data = path.read_bytes()
    for candidate in candidates:
        if _fits(data, candidate):
            return _of_facility(root, candidate)
    return "invalid", fault("signature-invalid")


_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9]{5}(?![0-9A-Za-z])")


def _of_facility(root: etree._Element, certificate: Certificate) -> tuple[str, Fault | None]:
    """Whether the certificate held on the day of the file and is that of its facility."""
    made = _day(_text(root, "NGAYLAP"))
    first, last = certificate.not_valid_before_utc.date(), certificate.not_valid_after_utc.date()
    if made is not None and not first <= made <= last:
        days = {
            "first": f"{first:%d/%m/%Y}",
            "last": f"{last:%d/%m/%Y}",
            "made": f"{made:%d/%m/%Y}",
        }
        return "invalid", fault("signature-expired", **days)
    facility = _text(root, "MACSKCB")
    values = [str(attribute.value) for attribute in certificate.subject]
    codes = {code for value in values for code in _CODE.findall(value)}
    if facility in codes or facility in values:
        return "valid", None
    if codes:
        return "invalid", fault(
            "signature-other-facility", facility=facility, named=", ".join(sorted(codes))
        )
    return "valid", fault("signature-nameless", facility=facility)


def _text(root: etree._Element, name: str) -> str:
    found = next(root.iter(f"{{*}}{name}"), None)
    return (found.text or "").strip() if found is not None else ""


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 a day has no zone
    except ValueError:
        return None


def _doubled(root: etree._Element) -> bool:
    """Whether a signed section stands twice: then the one that was signed need not be the one that is read."""
    return any(len(list(root.iter(f"{{*}}{name}"))) > 1 for name in _SIGNED)


def _candidates(root: etree._Element, certificates: Sequence[str]) -> list[Certificate]:
    """The trusted certificates that may have signed: the enclosed one, or all when none is enclosed."""
    from cryptography import x509

    trusted = [x509.load_pem_x509_certificate(text.encode()) for text in certificates]
    enclosed = []
    for element in root.iter(f"{_DS}X509Certificate"):
        try:
            enclosed.append(x509.load_der_x509_certificate(base64.b64decode(element.text or "")))
        except ValueError:
            continue
    if not enclosed:
        return trusted
    return [one for one in enclosed if any(_is_trusted(one, other) for other in trusted)]


def _is_trusted(certificate: Certificate, trusted: Certificate) -> bool:
    if certificate == trusted:
        return True
    if not _may_issue(trusted):
        return False
    try:
        certificate.verify_directly_issued_by(trusted)
    except (ValueError, TypeError):
        return False
    except Exception as error:  # the signature check has an exception class of its own
        if type(error).__name__ != "InvalidSignature":
            raise
        return False
    return True


def _may_issue(trusted: Certificate) -> bool:
    """Whether it is the certificate of an authority: that of a facility makes no certificates for others."""
    from cryptography import x509

    try:
        found = trusted.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return found.value.ca


def _fits(data: bytes, certificate: Certificate) -> bool:
    """Whether the signature fits and covers the facility and the records."""
    from signxml import SignatureConfiguration, XMLVerifier
    from signxml.exceptions import SignXMLException

    # Whether the certificate held is asked of the day of the file, not of today.
    then = certificate.not_valid_before_utc
    expected = SignatureConfiguration(expect_references=True, verification_time=then)
    try:
        results = XMLVerifier().verify(
            data, x509_cert=certificate, expect_config=expected, parser=None
        )
    except (SignXMLException, ValueError, etree.LxmlError):
        return False
    found = results if isinstance(results, list) else [results]
    covered: set[str] = set()
    for result in found:
        if result.signed_xml is not None:
            covered |= _names(result.signed_xml)
    return covered >= _SIGNED


def _names(element: etree._Element) -> set[str]:
    """The section an element is, or the sections inside it."""
    names = {etree.QName(element).localname}
    return names | {etree.QName(child).localname for child in element.iterchildren(etree.Element)}
