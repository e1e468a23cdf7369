"""The services that the stand-in Portal offers to a ministry's system, as the sheet describes the real one's.

Its faults are the real one's too: steps have no number and a repeated step is a second step; codes come as numbers or
as text; a dossier that is made twice is answered with "đã tồn tại"; nothing is paged and nothing has a cursor.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from lienthong.partners.stand_ins.portal.memory import SESSION_LIFE, Memory

MOST_STEPS = 10
EXPIRED = "Phiên làm việc không hợp lệ hoặc đã hết hạn"
Body = Mapping[str, Any]


class Services:
    """Answers calls out of a memory. Acts that are late wait here until their moment has come."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._numbers = itertools.count(1)
        self._as_text = itertools.cycle((False, True))
        self._late: list[tuple[datetime, Body, int | None]] = []
        self._acts: dict[str, Callable[[Body, int | None], dict[str, Any]]] = {
            "DongBoHoSoMC": self._dossier,
            "CapNhatTienDoHoSoMC": self._progress,
            "TraCuuHoSo": self._look_up,
            "TraCuuTechID": self._technical_id,
            "LayDanhSachTTHC": self._procedures,
            "LayThuTuc": self._procedure,
            "LayDanhMucCoQuan": lambda body, upto: self._said(result=self.memory.agencies),
            "LayDanhMucLinhVuc": self._fields,
            "LayDanhSachHoiDapGuiTuDVCQG": self._questions,
            "DongBoKetQuaHoiDapGuiTuDVCQG": self._answers,
            "DongBoDanhGia": self._ratings,
            "LayDanhSachGiayToKetQua": self._store,
            "LayTepGiayTo": self._store_file,
            "DongBoKetQuaXuLy": self._result,
        }

    def log_in(self, body: Body) -> dict[str, Any]:
        """A session for the right name and password; it ends by the stand-in's clock."""
        memory = self.memory
        with memory.lock:
            memory.count("login")
            if (body.get("username"), body.get("password")) != (memory.username, memory.password):
                return {"error_code": 1, "message": "Sai tên đăng nhập hoặc mật khẩu"}
            session = f"s{next(self._numbers):06d}"
            memory.sessions[session] = memory.now() + SESSION_LIFE
            return {"error_code": 0, "message": "", "session": session}

    def expire(self) -> None:
        """All sessions end now."""
        with self.memory.lock:
            self.memory.sessions.clear()

    def answer(self, body: Body, *, upto: int | None = None) -> dict[str, Any]:
        """The answer to one call; `upto` takes only so many lines of `data` before failing (a chunk that breaks)."""
        memory = self.memory
        with memory.lock:
            self.do_late()
            ends = memory.sessions.get(str(body.get("session")))
            if ends is None or ends <= memory.now():
                return self._said(-1, EXPIRED)
            service = str(body.get("service"))
            memory.count(service)
            if service not in self._acts:
                return self._said(-1, f"Dịch vụ {service} không tồn tại")
            return self._acts[service](body, upto)

    def later(self, body: Body, seconds: float) -> None:
        """Do what this call asks after a while, when nobody waits for the answer any more."""
        with self.memory.lock:
            self._late.append((self.memory.now() + timedelta(seconds=seconds), body, None))

    def do_late(self) -> None:
        """Do the late acts whose moment has come, in the order in which they fell due."""
        with self.memory.lock:
            now = self.memory.now()
            ripe = sorted((one for one in self._late if one[0] <= now), key=lambda one: one[0])
            self._late = [one for one in self._late if one[0] > now]
            for _, body, upto in ripe:
                act = self._acts.get(str(body.get("service")))
                if act is not None:
                    act(body, upto)

    # -- dossiers and steps

    def _dossier(self, body: Body, upto: int | None) -> dict[str, Any]:
        memory, updating = self.memory, str(body.get("isUpdating")) == "True"
        for fields in list(body.get("data") or [])[: upto if upto is not None else None]:
            code = str(fields.get("MaHoSo") or "")
            if not code:
                return self._said(-1, "Thiếu MaHoSo")
            if not updating and code in memory.dossiers:
                return self._said(-3, f"Hồ sơ {code} đã tồn tại")
            if updating and code not in memory.dossiers:
                return self._said(-1, f"Hồ sơ {code} không tìm thấy")
            memory.change("dossier", fields=fields)
            memory.count("changed" if updating else "made")
        return self._said(0, "Đồng bộ thành công")

    def _progress(self, body: Body, upto: int | None) -> dict[str, Any]:
        lines = list(body.get("data") or [])
        if len(lines) > MOST_STEPS:
            return self._said(-1, f"Quá {MOST_STEPS} bước trong một lần")
        for at, step in enumerate(lines):
            if upto is not None and at >= upto:
                return self._said(-1, "Lỗi hệ thống khi ghi tiến độ")
            code = str(step.get("MaHoSo") or "")
            if code not in self.memory.dossiers:
                return self._said(-1, f"Hồ sơ {code} không tìm thấy")
            self.memory.change("step", step=step)
            self.memory.count("steps")
        return self._said(0, "Cập nhật thành công")

    def _look_up(self, body: Body, upto: int | None) -> dict[str, Any]:
        code = str(body.get("mahoso") or "")
        if code not in self.memory.dossiers:
            return self._said(result=[])
        steps = list(self.memory.steps.get(code, ()))
        return self._said(result=[self.memory.dossiers[code] | {"TienDo": steps}])

    def _result(self, body: Body, upto: int | None) -> dict[str, Any]:
        """The decision and its files for a dossier that a citizen filed here."""
        said = body.get("data")
        for one in said if isinstance(said, list) else [said or {}]:
            code = str(one.get("MaHoSo") or "")
            if code not in self.memory.dossiers:
                return self._said(-1, f"Hồ sơ {code} không tìm thấy")
            self.memory.change("filing", key=code, fields={"result": dict(one)})
        return self._said(0, "Đồng bộ thành công")

    # -- catalogues and people

    def _technical_id(self, body: Body, upto: int | None) -> dict[str, Any]:
        number = str(body.get("mstorcmnd") or "")
        return self._said(result=[{"TECHNICALID": technical_id(number)}] if number else [])

    def _procedures(self, body: Body, upto: int | None) -> dict[str, Any]:
        return self._said(result=[
            {"MATTHC": code, "TENTTHC": one.get("TENTTHC", "")} for code, one in self.memory.procedures.items()
        ])  # fmt: skip

    def _procedure(self, body: Body, upto: int | None) -> dict[str, Any]:
        found = self.memory.procedures.get(str(body.get("maTTHC") or ""))
        return self._said(result=[found] if found else [])

    def _fields(self, body: Body, upto: int | None) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for one in self.memory.procedures.values():
            for field in one.get("LINHVUCTHUCHIEN", ()):
                seen.setdefault(str(field.get("MALINHVUC")), field | {"MANGANH": "G18"})
        return self._said(result=list(seen.values()))

    # -- questions, ratings, the citizen's own papers

    def _questions(self, body: Body, upto: int | None) -> dict[str, Any]:
        return self._said(result=list(self.memory.questions.values()))

    def _answers(self, body: Body, upto: int | None) -> dict[str, Any]:
        for one in _listed(body.get("data")):
            number = str(one.get("HOIDAPID") or "")
            if number not in self.memory.questions:
                return self._said(-1, f"Câu hỏi {number} không tìm thấy")
            self.memory.change("answer", key=number, fields=one)
            self.memory.change("question", key=number, fields={"TRANGTHAI": "2"})
        return self._said(0, "Đồng bộ thành công")

    def _ratings(self, body: Body, upto: int | None) -> dict[str, Any]:
        for one in _listed(body.get("data")):
            self.memory.change("rating", key=str(one.get("MaHoSo") or ""), fields=one)
        return self._said(0, "Đồng bộ thành công")

    def _store(self, body: Body, upto: int | None) -> dict[str, Any]:
        """What the store of electronic papers holds of one person: the results that were issued to them."""
        owner = str(body.get("SoDinhDanhChuSoHuu") or "")
        found = []
        for code, fields in self.memory.dossiers.items():
            if owner and str(fields.get("SoGiayToChuHoSo")) == owner:
                found += [
                    _stored(code, fields, one) for one in fields.get("DanhSachGiayToKetQua") or ()
                ]
        return self._said(result=[{"DanhSachGiayToKetQua": found}])

    def _store_file(self, body: Body, upto: int | None) -> dict[str, Any]:
        held = self.memory.fetched.get(str(body.get("DuongDan") or ""), {})
        return self._said(result=[held["content"]] if held.get("content") else [])

    def _said(self, code: int = 0, message: str = "", **more: Any) -> dict[str, Any]:
        return {
            "error_code": str(code) if next(self._as_text) else code,
            "message": message,
            **more,
        }


def technical_id(number: str) -> str:
    """The Portal's own id of a person, always the same for the same papers."""
    return hashlib.sha256(f"stand-in:{number}".encode()).hexdigest()[:24]


def kept_bytes(content: bytes) -> str:
    """Bytes as the file of the memory keeps them."""
    return base64.b64encode(content).decode()


def _listed(value: Any) -> Iterable[Mapping[str, Any]]:
    return value if isinstance(value, list) else [value or {}]


def _stored(code: str, fields: Body, result: Body) -> dict[str, Any]:
    return {
        "MaKetQua": result.get("MaGiayToKetQua") or "", "TenGiayTo": result.get("TenGiayTo") or "",
        "SoKyHieu": result.get("GiayToId") or code, "CoQuanChuQuan": fields.get("DonViXuLy") or "",
        "DanhSachTepDinhKem": [
            {"TenTep": result.get("TenGiayTo") or code, "DuongDan": result.get("DuongDanTepTinKetQua") or ""}
        ],
    }  # fmt: skip
