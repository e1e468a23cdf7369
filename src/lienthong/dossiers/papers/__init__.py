"""Papers 01-07 of dossiers: from a template that an agency can change and the events of a dossier to PDF and Word."""

from lienthong.dossiers.papers.issuing import Paper, docx, expected, for_event, issued, make, pdf

__all__ = ["Paper", "docx", "expected", "for_event", "issued", "make", "pdf"]
