"""What the stand-in Portal keeps and how it answers: as the sheet describes the real one, its faults included.

Steps have no number and a repeated step is a second step; codes come as numbers or as text; a dossier that is made
twice is answered with "đã tồn tại"; nothing is paged.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any


class Memory:
    """The other side's own state; `answer` is what the wire calls. Safe for several threads."""

    def __init__(self, username: str = "byt", password: str = "practise") -> None:  # noqa: S107 no secret: a stand-in
        self.username, self.password = username, password
        self.dossiers: dict[str, dict[str, Any]] = {}
        self.steps: dict[str, list[dict[str, Any]]] = {}
        self.ratings: dict[str, dict[str, Any]] = {}
        self.procedures: dict[str, dict[str, Any]] = {}
        self.agencies: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.history: dict[str, list[str]] = {}
        self._sessions: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self.codes_as_text = itertools.cycle((False, True))

    def log_in(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A session for the right name and password."""
        with self._lock:
            self.counts["login"] += 1
            if (body.get("username"), body.get("password")) != (self.username, self.password):
                return {"error_code": 1, "message": "Sai tên đăng nhập hoặc mật khẩu"}
            session = f"s{next(self._numbers):06d}"
            self._sessions.add(session)
            return {"error_code": 0, "message": "", "session": session}

    def expire(self) -> None:
        """All sessions end now."""
        with self._lock:
            self._sessions.clear()

    def answer(self, body: Mapping[str, Any], *, upto: int | None = None) -> dict[str, Any]:
        """The answer to one call; `upto` takes only so many lines of `data` before failing (a chunk that breaks)."""
        with self._lock:
            if body.get("session") not in self._sessions:
                return {"error_code": -1, "message": "Phiên làm việc không hợp lệ hoặc đã hết hạn"}
            service = str(body.get("service"))
            self.counts[service] += 1
            acts = {
                "DongBoHoSoMC": self._dossier,
                "CapNhatTienDoHoSoMC": self._progress,
                "TraCuuHoSo": self._look_up,
                "LayDanhSachTTHC": lambda body, upto: self._said(result=[
                    {"MATTHC": code, "TENTTHC": one.get("TENTTHC", "")} for code, one in self.procedures.items()
                ]),
                "LayThuTuc": lambda body, upto: self._said(result=[
                    self.procedures[code] for code in [str(body.get("maTTHC"))] if code in self.procedures
                ]),
                "LayDanhMucCoQuan": lambda body, upto: self._said(result=self.agencies),
            }  # fmt: skip
            if service not in acts:
                return self._said(-1, f"Dịch vụ {service} không tồn tại")
            return acts[service](body, upto)

    def rate(self, code: str, rating: Mapping[str, Any]) -> None:
        """A citizen's word on a dossier; only what was settled can be rated."""
        with self._lock:
            if self.dossiers.get(code, {}).get("TrangThaiHoSo") not in ("9", "10"):
                raise ValueError("not settled")
            self.ratings[code] = dict(rating)

    def _dossier(self, body: Mapping[str, Any], upto: int | None) -> dict[str, Any]:
        updating = str(body.get("isUpdating")) == "True"
        for fields in list(body.get("data") or [])[: upto if upto is not None else None]:
            code = str(fields.get("MaHoSo") or "")
            if not code:
                return self._said(-1, "Thiếu MaHoSo")
            if not updating and code in self.dossiers:
                return self._said(-3, f"Hồ sơ {code} đã tồn tại")
            if updating and code not in self.dossiers:
                return self._said(-1, f"Hồ sơ {code} không tìm thấy")
            self.dossiers[code] = dict(fields)
            self.history.setdefault(code, []).append(str(fields.get("TrangThaiHoSo")))
        return self._said(0, "Đồng bộ thành công")

    def _progress(self, body: Mapping[str, Any], upto: int | None) -> dict[str, Any]:
        lines = list(body.get("data") or [])
        if len(lines) > 10:
            return self._said(-1, "Quá 10 bước trong một lần")
        for at, step in enumerate(lines):
            if upto is not None and at >= upto:
                return self._said(-1, "Lỗi hệ thống khi ghi tiến độ")
            code = str(step.get("MaHoSo") or "")
            if code not in self.dossiers:
                return self._said(-1, f"Hồ sơ {code} không tìm thấy")
            self.steps.setdefault(code, []).append(dict(step))
        return self._said(0, "Cập nhật thành công")

    def _look_up(self, body: Mapping[str, Any], upto: int | None) -> dict[str, Any]:
        code = str(body.get("mahoso") or "")
        if code not in self.dossiers:
            return self._said(result=[])
        return self._said(result=[self.dossiers[code] | {"TienDo": list(self.steps.get(code, ()))}])

    def _said(self, code: int = 0, message: str = "", **more: Any) -> dict[str, Any]:
        return {
            "error_code": str(code) if next(self.codes_as_text) else code,
            "message": message,
            **more,
        }
