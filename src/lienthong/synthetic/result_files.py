"""Results of invented dossiers as files: a few PDF papers, marked as demonstration and signed by an invented agency.

A paper for each level of administration serves all dossiers of that level, so that thousands of results cost three
prints and three signatures. The key is the demonstration's own; no paper names a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from lienthong import audit
from lienthong.access import operator
from lienthong.dossiers import attachments, signed
from lienthong.dossiers.papers import printing
from lienthong.dossiers.papers.filling import Piece, Sheet, Text
from lienthong.synthetic.agencies import units
from lienthong.synthetic.chance import declared
from lienthong.synthetic.signing import Signer

PDF = "application/pdf"
NAME = "ket-qua-ban-mau.pdf"
AGENCIES = {
    "ministry": "Bộ Y tế (cơ quan mẫu)",
    "province": "Sở Y tế (cơ quan mẫu)",
    "commune": "Ủy ban nhân dân cấp xã (cơ quan mẫu)",
}
FIRST_SERIAL = 900_001
"""Serial numbers of the certificates of these agencies; hospitals have those of their codes."""


def issue_files(
    conn: psycopg.Connection[Any], home: Path, signer: Signer, *, seed: int, moment: datetime
) -> int:
    """Give the declared share of results with a code a file, in the caller's transaction; returns how many.

    A result that was taken back to be corrected gets none: the paper that follows it does.
    """
    shares: Mapping[str, int] = declared("dossiers")["result_files"]
    own = [(one.code, one.level) for one in units(seed)]
    done = 0
    for at, (level, agency) in enumerate(AGENCIES.items()):
        data = signer.sign_paper(paper(agency, moment, home), agency, FIRST_SERIAL + at)
        said = signed.signature(data, PDF, home)
        sha256 = hashlib.sha256(data).hexdigest()
        attachments.keep_bytes(home, sha256, data)
        made = conn.execute(
            _ISSUE,
            {
                "name": NAME, "type": PDF, "sha256": sha256, "bytes": len(data), "signature": said.state,
                "why": said.why, "by": said.by, "units": [code for code, which in own if which == level],
                "share": shares[level],
            },
        )  # fmt: skip
        done += made.rowcount
    audit.write(conn, operator(), "dossier.invented", {"result_files": done})
    return done


_ISSUE = """
    WITH chosen AS (
        SELECT r.dossier, r.event, e.at, e.actor
        FROM dossiers.result r JOIN dossiers.dossier d ON d.code = r.dossier
        JOIN dossiers.event e ON e.dossier = r.dossier AND e.number = r.event
        WHERE r.attachment IS NULL AND r.corrected_at IS NULL AND r.code <> '' AND d.unit = ANY(%(units)s)
            AND abs(hashtext('result/' || r.dossier)::bigint) %% 100 < %(share)s
    ), made AS (
        INSERT INTO dossiers.attachment (dossier, kind, component, form, name, media_type, sha256, bytes, malware,
            signature, signature_why, signed_by, added_by, added_at)
        SELECT dossier, 'result', '', 'electronic', %(name)s, %(type)s, %(sha256)s, %(bytes)s, 'not_checked',
            %(signature)s, %(why)s, %(by)s, actor, at FROM chosen
        RETURNING id, dossier
    )
    UPDATE dossiers.result r SET attachment = made.id FROM made, chosen
    WHERE chosen.dossier = made.dossier AND (r.dossier, r.event) = (chosen.dossier, chosen.event)
"""


def paper(agency: str, moment: datetime, home: Path) -> bytes:
    """A result on paper, with nothing in it that is anybody's."""

    def line(text: str, level: int = 0, *, bold: bool = False) -> Text:
        return Text(pieces=[Piece(text=text, bold=bold)], level=level, align="center")

    sheet = Sheet(
        title="Kết quả giải quyết thủ tục hành chính (bản trình diễn)",
        parts=[
            line(agency.upper(), bold=True),
            line("KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH", 1),
            line("BẢN TRÌNH DIỄN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", 2),
            line("Hồ sơ và người nộp trong bản trình diễn đều là dữ liệu giả lập."),
            line("DEMONSTRATION, NO LEGAL VALUE · DÉMONSTRATION, SANS VALEUR LÉGALE"),
        ],
    )
    return printing.pdf(sheet, moment, home).pdf
