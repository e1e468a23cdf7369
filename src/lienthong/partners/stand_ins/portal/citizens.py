"""What a citizen does on the Portal: files, follows, supplements, withdraws, pays, rates, asks. All of it is invented.

The Portal issues the code of what is filed here; its serials begin high, so that they meet none of a desk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lienthong.clock import local
from lienthong.dossiers.moves import moves
from lienthong.errors import NotFound, Refused
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.paying import Paying
from lienthong.partners.stand_ins.portal.pushing import Pushing
from lienthong.partners.stand_ins.portal.services import kept_bytes, technical_id

MOST_BYTES = 5 * 1024 * 1024
FIRST_SERIAL = 5000
STATES = {str(state.code): state.label for state in moves().states.values()}
"""The ten states by their numbers, in three languages."""
RATEABLE = ("3", "8", "9", "10")
WITHDRAWABLE = ("1", "2", "4", "5", "6")
"""States in which a dossier can be taken back."""
CRITERIA = (
    "Time against the rule", "Time at each unit", "Number of contacts", "Number of agencies contacted",
    "One-stop organisation", "Publicity", "Attitude of the staff", "Handling of feedback", "Progress shown online",
)  # fmt: skip
"""The nine criteria of satisfaction, in the order of their numbers."""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a citizen attaches."""

    component: str
    name: str
    content: bytes
    media_type: str = "application/octet-stream"


class Citizens:
    """The acts of citizens on one stand-in; `address` is where our system reaches its files."""

    def __init__(self, memory: Memory, pushing: Pushing, paying: Paying, address: str) -> None:
        self.memory, self.pushing, self.paying, self.address = memory, pushing, paying, address

    def file(
        self,
        procedure: str,
        unit: str,
        person: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        papers: Sequence[Paper] = (),
    ) -> str:
        """File a dossier and push it to our system; its code. Raises Refused for what the form must have."""
        memory = self.memory
        known = memory.procedures.get(procedure)
        if known is None:
            raise Refused("stand_in.procedure", "Choose a procedure from the list.")
        if not any(one["MADONVI"] == unit for one in memory.agencies):
            raise Refused("stand_in.agency", "Choose the agency from the list.")
        number, name = person.get("number", "").strip(), person.get("name", "").strip()
        if not name or not (number.isdigit() and len(number) in (9, 12)):
            raise Refused(
                "stand_in.person",
                "Write a name and a number of 12 digits (9 for an old card); invented ones.",
            )
        kept = [self._keep(paper) for paper in papers if paper.content]
        with memory.lock:
            code = self._code(unit)
            moment = f"{local(memory.now()):%Y%m%d%H%M%S}"
            body = {
                "MaHoSo": code, "MaTTHC": procedure, "MaDonViTiepNhan": unit, "NgayNopHoSo": moment,
                "KenhThucHien": "2", "TrichYeuHoSo": known.get("TENTTHC", "")[:1000],
                "NguoiNop": {
                    "TechID": technical_id(number), "LoaiTaiKhoan": person.get("kind") or "1", "SoDinhDanh": number,
                    "HoVaTen": name, "Email": person.get("email") or None, "SoDienThoai": person.get("phone") or None,
                    "VNeID": True,
                },
                "BieuMau": {key: value for key, value in (form or {}).items() if value},
                "TaiLieuNop": kept,
            }  # fmt: skip
            memory.change("dossier", fields={
                "MaHoSo": code, "MaTTHC": procedure, "TenTTHC": known.get("TENTTHC", ""), "ChuHoSo": name,
                "SoGiayToChuHoSo": number, "NgayNopHoSo": moment, "TrangThaiHoSo": "1", "DonViXuLy": unit,
                "KenhThucHien": "2", "NoiNopHoSo": "1",
            })  # fmt: skip
            memory.change("filing", key=code, fields={
                "code": code, "unit": unit, "procedure": procedure, "name": name, "number": number,
                "filed_at": memory.now().isoformat(), "supplements": 0,
                "papers": [paper["TenTepDinhKem"] for paper in kept],
            })  # fmt: skip
            memory.count("filed")
        self.pushing.add("dossier", code, body)
        return code

    def supplement(self, code: str, papers: Sequence[Paper], note: str = "") -> None:
        """Answer a request for a supplement. Raises Refused when none is open or nothing comes with it."""
        fields = self.found(code)
        if fields.get("TrangThaiHoSo") != "5":
            raise Refused(
                "stand_in.no-request", "Nobody asks for a supplement to this dossier now."
            )
        kept = [self._keep(paper) for paper in papers if paper.content]
        if not kept and not note.strip():
            raise Refused("stand_in.nothing", "Attach a paper or write what you add.")
        done = int(self.memory.filings.get(code, {}).get("supplements", 0)) + 1
        self.memory.change("filing", key=code, fields={
            "supplements": done, "supplemented_at": self.memory.now().isoformat(),
            "papers": self.memory.filings.get(code, {}).get("papers", []) + [one["TenTepDinhKem"] for one in kept],
        })  # fmt: skip
        self.pushing.add("supplement", code, {
            "MaHoSoQG": code, "service": "BoSungHoSo", "isUpdating": "True",
            "NgayBoSung": f"{local(self.memory.now()):%Y%m%d%H%M%S}",
            "data": {
                "MaHoSoQG": code, "MaTTHC": fields.get("MaTTHC"), "LanBoSung": str(done), "LyDoDieuChinh": note[:1000],
                "TaiLieuNop": kept,
            },
        })  # fmt: skip

    def withdraw(self, code: str, reason: str = "") -> None:
        """Take a dossier back. Raises Refused when it has ended or was taken back already.

        How the real Portal tells this is published nowhere: the names of the message follow those of a supplement.
        """
        fields, filing = self.found(code), self.memory.filings.get(code, {})
        if fields.get("TrangThaiHoSo") not in WITHDRAWABLE:
            raise Refused("stand_in.ended", "This dossier has ended: it cannot be withdrawn.")
        if filing.get("withdrawn_at"):
            raise Refused("stand_in.withdrawn", "You have withdrawn this dossier already.")
        now = self.memory.now()
        self.memory.change("filing", key=code, fields={"withdrawn_at": now.isoformat()})
        self.pushing.add("withdrawal", code, {
            "MaHoSoQG": code, "service": "RutHoSo", "NgayRutHoSo": f"{local(now):%Y%m%d%H%M%S}",
            "data": {"MaHoSoQG": code, "MaTTHC": fields.get("MaTTHC"), "LyDo": reason.strip()[:1000]},
        })  # fmt: skip

    def rate(self, code: str, overall: str, criteria: Mapping[str, str], note: str = "") -> None:
        """Say how satisfied one is (2 very, 1 satisfied, 0 not). Raises Refused before the end of a dossier."""
        fields = self.found(code)
        if fields.get("TrangThaiHoSo") not in RATEABLE:
            raise Refused("stand_in.not-settled", "A dossier can be rated when it has ended.")
        if overall not in ("0", "1", "2"):
            raise Refused("stand_in.overall", "Choose how satisfied you are.")
        said = {
            "MaHoSo": code, "MaTTHC": fields.get("MaTTHC"), "MucDoHaiLong": overall, "YKien": note[:1000] or None,
            "TieuChi": {key: value for key, value in criteria.items() if value in ("0", "1", "2")},
            "NgayDanhGia": f"{local(self.memory.now()):%Y%m%d%H%M%S}",
        }  # fmt: skip
        self.memory.change("rating", key=code, fields=said)
        self.pushing.add(
            "rating", code, {key: value for key, value in said.items() if value is not None}
        )

    def ask(self, question: str, name: str, unit: str = "", procedure: str = "") -> str:
        """Ask the authorities something; the number of the question."""
        if not question.strip():
            raise Refused("stand_in.question", "Write your question.")
        with self.memory.lock:
            number = f"HD{self.memory.serials['question'] + 1:06d}"
            self.memory.change("serial", of="question", last=self.memory.serials["question"] + 1)
        said = {
            "HOIDAPID": number, "NOIDUNG": question[:4000], "HOVATEN": name or "Công dân mẫu", "MADONVI": unit,
            "MATTHCDP": procedure, "TRANGTHAI": "1", "NGAYHOI": f"{local(self.memory.now()):%Y%m%d%H%M%S}",
        }  # fmt: skip
        self.memory.change("question", key=number, fields=said)
        self.pushing.add("question", number, said)
        return number

    def found(self, code: str) -> dict[str, Any]:
        """What the Portal holds under a code. Raises NotFound."""
        fields = self.memory.dossiers.get(code.strip())
        if fields is None:
            raise NotFound(
                "stand_in.unknown", "There is no dossier %(number)s here.", number=code[:60]
            )
        return fields

    def _code(self, unit: str) -> str:
        """The next code of a unit and day, as the Portal would issue it."""
        day = local(self.memory.now())
        serial = self.memory.serials[f"{unit}-{day:%y%m%d}"] + 1
        self.memory.change("serial", of=f"{unit}-{day:%y%m%d}", last=serial)
        central = "18" if unit.startswith("G18") or unit.endswith("G18") else ""
        return f"{unit}-{day:%y%m%d}-{central}{FIRST_SERIAL + serial:04d}"

    def _keep(self, paper: Paper) -> dict[str, Any]:
        if len(paper.content) > MOST_BYTES:
            raise Refused("stand_in.large", "A file may have 5 MB at most.")
        sha = hashlib.sha256(paper.content).hexdigest()
        key = hashlib.sha256(f"{sha}:{paper.name}".encode()).hexdigest()[:32]
        self.memory.change("paper", key=key, fields={
            "name": paper.name[:200], "type": paper.media_type[:100], "content": kept_bytes(paper.content),
            "sha256": sha,
        })  # fmt: skip
        return {
            "MaThanhPhanHoSo": paper.component, "TenTepDinhKem": paper.name[:200], "Sha256": sha,
            "Url": f"{self.address}/files/{key}", "TepDinhKemId": key,
        }  # fmt: skip
