"""Whether an attached file is signed, and whether its signature fits and comes from somebody whom the office trusts.

XML signatures are checked by signxml against LIENTHONG_HOME/certificates. Signatures inside PDF are seen and not
checked: the library for it (pyHanko) brings a dozen packages and its own network trust; what is not checked is said.
"""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import Literal

from lxml import etree

from lienthong.records.formats.safety import safe_parser

Signature = Literal["valid", "invalid", "unsigned", "not_checked"]
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


def signature(data: bytes, media_type: str, home: Path) -> tuple[Signature, str]:
    """What is known of the signature, and the subject of the certificate when it is valid."""
    if media_type == "application/pdf":
        return ("not_checked" if b"/ByteRange" in data else "unsigned"), ""
    if media_type != "application/xml":
        return "unsigned", ""
    root = etree.fromstring(data, safe_parser())
    if root.find(f".//{_DS}Signature") is None:
        return "unsigned", ""
    return _checked(data, root, _trusted(home))


def _trusted(home: Path) -> list[str]:
    return [path.read_text() for path in sorted((home / "certificates").glob("*.pem"))]


def _checked(data: bytes, root: etree._Element, trusted: list[str]) -> tuple[Signature, str]:
    """Valid: by a trusted certificate, and over the whole document. Without a trusted one nobody can say."""
    from cryptography import x509
    from signxml import XMLVerifier
    from signxml.exceptions import SignXMLException

    enclosed = {
        "".join((element.text or "").split()) for element in root.iter(f"{_DS}X509Certificate")
    }
    known = [x509.load_pem_x509_certificate(text.encode()) for text in trusted]
    signers = [one for one in known if not enclosed or _der(one) in enclosed]
    if not signers:
        return "not_checked", ""
    for one in signers:
        try:
            found = XMLVerifier().verify(data, x509_cert=one)
        except (SignXMLException, ValueError, etree.LxmlError):
            continue
        results = found if isinstance(found, list) else [found]
        if any(_is_whole(r.signed_xml, root) for r in results):
            return "valid", one.subject.rfc4514_string()[:200]
    return "invalid", ""


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


def _der(certificate: object) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()  # type: ignore[attr-defined]
