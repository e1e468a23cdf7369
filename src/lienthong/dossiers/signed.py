"""Whether an attached file is signed, and whether its signature fits and comes from somebody whom the office trusts.

XML signatures are checked by signxml, those inside PDF by pyHanko (pdf_signatures.py), both against the certificates
in LIENTHONG_HOME/certificates and without asking anybody: what is not checked is said, revocation is never known.
"""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from lienthong.dossiers import pdf_signatures
from lienthong.dossiers.pdf_signatures import Verdict
from lienthong.records.formats import chosen
from lienthong.records.formats.safety import safe_parser

if TYPE_CHECKING:
    from cryptography import x509

_DS = "{http://www.w3.org/2000/09/xmldsig#}"


WHY = {
    "broken": "the file is not what was signed",
    "changed_after": "something was added after the last signature",
    "unknown_signer": "no trusted certificate vouches for the signer",
    "expired": "the certificate is outside its time; when it was signed is not proved",
    "not_for_signing": "the certificate or one above it may not be used for this",
    "many": "it carries more signatures than are looked at",
    "large": "the file is too large to be looked at",
    "long": "looking at it took too long",
    "unreadable": "its signature cannot be read",
}
"""Why a signature is not valid or was not checked: code to sentence."""


def signature(data: bytes, media_type: str, home: Path) -> Verdict:
    """What is known of the signature: its state, the subject of the certificate, and why it is not valid."""
    if media_type == "application/pdf":
        if pdf_signatures.MARK not in data:
            return Verdict("unsigned")
        return pdf_signatures.verify(data, [_der(one) for one in _certificates(home)])
    if media_type != "application/xml":
        return Verdict("unsigned")
    root = etree.fromstring(data, safe_parser())
    if root.find(f".//{_DS}Signature") is None:
        return Verdict("unsigned")
    return _checked(data, root, _certificates(home))


def trusted(home: Path) -> list[str]:
    """The certificates that an official placed, in PEM. Raises Unavailable for a file without a readable one."""
    return chosen.trusted(home / chosen.FOLDER)


def _certificates(home: Path) -> list[x509.Certificate]:
    from cryptography import x509

    return [x509.load_pem_x509_certificate(one.encode()) for one in trusted(home)]


def _checked(data: bytes, root: etree._Element, known: list[x509.Certificate]) -> Verdict:
    """Valid: by a trusted certificate, and over the whole document. Without a trusted one nobody can say."""
    from signxml import XMLVerifier
    from signxml.exceptions import SignXMLException

    enclosed = {
        "".join((element.text or "").split()) for element in root.iter(f"{_DS}X509Certificate")
    }
    signers = [
        one for one in known if not enclosed or base64.b64encode(_der(one)).decode() in enclosed
    ]
    if not signers:
        return Verdict("not_checked", "unknown_signer")
    for one in signers:
        try:
            found = XMLVerifier().verify(data, x509_cert=one)
        except (SignXMLException, ValueError, etree.LxmlError):
            continue
        results = found if isinstance(found, list) else [found]
        if any(_is_whole(r.signed_xml, root) for r in results):
            return Verdict("valid", "", one.subject.rfc4514_string()[:200])
    return Verdict("invalid", "broken")


def _is_whole(signed: etree._Element | None, root: etree._Element) -> bool:
    """Whether what was signed is the document itself: a signed part inside a larger one looks like it by name."""
    if signed is None:
        return False
    return _canonical(signed) == _canonical(root)


def _canonical(element: etree._Element) -> bytes:
    """The element without the signatures right under it, in one way of writing."""
    alone = copy.deepcopy(element)
    for one in alone.findall(f"{_DS}Signature"):
        before, parent = one.getprevious(), one.getparent()
        if one.tail and before is not None:
            before.tail = (before.tail or "") + one.tail
        elif one.tail and parent is not None:
            parent.text = (parent.text or "") + one.tail
        alone.remove(one)
    alone.tail = None
    return etree.tostring(alone, method="c14n", exclusive=True, with_comments=False)


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)
