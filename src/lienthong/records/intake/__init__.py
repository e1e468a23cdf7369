"""Receiving: bytes are kept first, a receipt is given, and every unit ends kept, unchanged or in quarantine."""

from lienthong.records.intake.findings import export_findings, finding_counts, findings
from lienthong.records.intake.processing import process, resume, resume_unfinished, unfinished
from lienthong.records.intake.receipts import Submission, submission, submissions
from lienthong.records.intake.receiving import receive

__all__ = [
    "Submission",
    "export_findings",
    "finding_counts",
    "findings",
    "process",
    "receive",
    "resume",
    "resume_unfinished",
    "submission",
    "submissions",
    "unfinished",
]
