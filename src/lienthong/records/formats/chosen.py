"""What an institution chose about reading: the certificates it trusts, and whether inner XML may come un-encoded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lienthong.errors import Unavailable
from lienthong.records.formats.reading import ReadingOptions

FOLDER = "certificates"
"""Folder of the data folder that holds the trusted certificates, one or more in each .pem file."""


def reading_options(
    certificates: Iterable[Path], *, unencoded_inner: bool, optimistic: bool
) -> ReadingOptions:
    """Options of a reading that trusts the certificates in these files and folders (missing folders hold none).

    Raises Unavailable for a file without a readable certificate: a wrong trust store must not look like an empty one.
    """
    return ReadingOptions(
        certificates=tuple(text for path in certificates for text in trusted(path)),
        unencoded_inner=unencoded_inner,
        optimistic=optimistic,
    )


def trusted(path: Path) -> list[str]:
    """The PEM certificates of one file, or of all .pem files of a folder in the order of their names."""
    if path.is_dir():
        return [text for file in sorted(path.glob("*.pem")) for text in _of_file(file)]
    return _of_file(path) if path.exists() else []


def _of_file(file: Path) -> list[str]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError as error:
        raise Unavailable(
            "certificates.unreadable",
            "“%(name)s” holds no certificate that can be read; it must be PEM (BEGIN CERTIFICATE).",
            name=file.name,
        ) from error
    return [one.public_bytes(Encoding.PEM).decode("ascii") for one in found]
