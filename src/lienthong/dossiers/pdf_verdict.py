"""Reads the signatures of one PDF and says what they are worth. Runs in a process of its own: see pdf_signatures.py.

A hostile file may ask for all memory and time there is, so this process gives itself limits before it opens anything,
and has no network: trust comes from certificates that are handed in. Revocation is therefore never known.
"""

from __future__ import annotations

import io
import json
import socket
import sys
from typing import Any, NoReturn

MEMORY = 1 << 30
SECONDS = 10
MOST_SIGNATURES = 20
"""More signatures than a paper of an office carries; each costs a comparison of the whole file."""
USAGES = frozenset({"digital_signature", "non_repudiation"})

Verdict = dict[str, str]


def verdict(data: bytes, trusted: list[bytes]) -> Verdict:
    """State, subject and reason of the signatures of a PDF: the worst of them, or the last when all are good."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    signatures = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures
    if not signatures:
        return _that("unsigned")
    if len(signatures) > MOST_SIGNATURES:
        return _that("not_checked", "many")
    found = [_one(each, trusted) for each in signatures]
    for state in ("invalid", "untrusted"):
        worst = next((one for one in found if one["state"] == state), None)
        if worst:
            return worst
    last = _status(signatures[-1], trusted)
    return found[-1] if _whole(last) else _that("invalid", "changed_after")


def _one(signature: Any, trusted: list[bytes]) -> Verdict:
    from pyhanko.sign.validation.errors import SignatureValidationError

    try:
        status = _status(signature, trusted)
    except SignatureValidationError:
        return _that("invalid", "broken")
    by = str(status.signing_cert.subject.human_friendly)[:200]
    if not (status.intact and status.valid):
        return _that("invalid", "broken")
    if not status.docmdp_ok or status.seed_value_constraint_error:
        return _that("invalid", "changed_after")
    if not status.trusted:
        return _that("untrusted", _why(status), by)
    return _that("valid", "", by)


def _status(signature: Any, trusted: list[bytes]) -> Any:
    import asyncio

    from asn1crypto.x509 import Certificate
    from pyhanko.sign.validation import KeyUsageConstraints, async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    def context() -> Any:
        roots = [Certificate.load(one) for one in trusted]
        return ValidationContext(
            trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail"
        )

    usage = KeyUsageConstraints(key_usage=USAGES, match_all_key_usages=False)
    return asyncio.run(
        async_validate_pdf_signature(
            signature, signer_validation_context=context(), key_usage_settings=usage
        )
    )


def _whole(status: Any) -> bool:
    """Whether nothing that a reader sees came after the last signature."""
    from pyhanko.sign.diff_analysis import ModificationLevel

    return status.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)


def _why(status: Any) -> str:
    """Why the certificate is not trusted, as far as it can be said without asking anybody."""
    from pyhanko.sign.ades.report import AdESIndeterminate

    said = status.trust_problem_indic
    late = (AdESIndeterminate.OUT_OF_BOUNDS_NO_POE, AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED)
    if said == AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE:
        return "not_for_signing"
    return "expired" if said in late else "unknown_signer"


def _that(state: str, why: str = "", by: str = "") -> Verdict:
    return {"state": state, "why": why, "by": by}


def _no_network(*_: object, **__: object) -> NoReturn:
    raise OSError("no network here")


def confine() -> None:
    """Take memory, time and network away from this process."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    socket.socket.connect = _no_network  # type: ignore[method-assign]


def main() -> None:
    """Standard input: one line of JSON with the trusted certificates, then the file. Standard output: the verdict."""
    confine()
    trusted = [bytes.fromhex(one) for one in json.loads(sys.stdin.buffer.readline())]
    try:
        said = verdict(sys.stdin.buffer.read(), trusted)
    except Exception:  # whatever a strange file brings about, it could not be read
        said = _that("not_checked", "unreadable")
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
