"""An invented dossier for a look at a template before it is used: every place filled, nobody's data."""

from __future__ import annotations

from datetime import datetime

from lienthong.dossiers.papers import wording
from lienthong.dossiers.papers.filling import Sheet, Values, fill
from lienthong.dossiers.papers.letterhead import Letterhead
from lienthong.dossiers.papers.template import Template

_NAME = "Nguyễn Văn Mẫu"
_PROCEDURE = "Cấp lại giấy phép hoạt động khám bệnh, chữa bệnh"
_ADDRESS = "Số 1 đường Mẫu, phường Thử Nghiệm"
_CODE = "H00.00-261120-0001"


def look(template: Template, head: Letterhead, unit: str, moment: datetime) -> Sheet:
    """The sheet of a template with an invented dossier."""
    said = wording.moment(moment)
    return fill(
        template, Values(places=head.places() | _places(unit, template, moment, said), lists=_LISTS)
    )


def _places(unit: str, template: Template, moment: datetime, said: str) -> dict[str, str]:
    return {
        "paper.sign": f"00/{moment.year}/{template.symbol}",
        "paper.date": wording.day(moment.date()),
        "officer.name": "Trần Thị Tiếp Nhận",
        "dossier.code": _CODE,
        "dossier.summary": "Đề nghị cấp lại do bị mất",
        "dossier.channel": wording.CHANNELS["direct"],
        "dossier.unit": unit,
        "dossier.received_by": unit,
        "dossier.filed_at": said,
        "dossier.received_at": said,
        "dossier.due_at": said,
        "dossier.state": "Đang xử lý",
        "procedure.code": "1.012279",
        "procedure.name": _PROCEDURE,
        "procedure.limit": "20 ngày",
        "procedure.sets": "1",
        "procedure.fee": "1.500.000 đồng",
        "procedure.coordinating": "Văn phòng Bộ",
        "applicant.name": _NAME,
        "applicant.owner": "Phòng khám Mẫu",
        "applicant.number": "001099000000",
        "applicant.number_kind": wording.NUMBERS["cccd"],
        "applicant.address": _ADDRESS,
        "applicant.phone": "024 0000 0000",
        "applicant.email": "mau@example.vn",
        "applicant.hand_over": wording.HAND_OVERS["counter"],
        "event.reason": "Lý do được ghi ở đây",
        "event.at": said,
        "event.guidance": "Hướng dẫn được ghi ở đây",
        "event.answer_by": said,
        "event.old_due": said,
        "event.new_due": said,
        "period.from": "01/11/2026",
        "period.to": "30/11/2026",
        "period.count": "1",
    }


_MOMENT = "09:15 20/11/2026"
_LISTS = {
    "papers": [
        {"at": "1", "name": "Đơn đề nghị cấp lại", "originals": "1", "copies": "", "note": ""},
        {"at": "2", "name": "Giấy phép hoạt động", "originals": "", "copies": "", "note": "Đã có trong CSDL"},
    ],
    "lacking": [{"at": "1", "name": "Giấy tờ chứng minh thông tin sai", "reason": "Chưa có chữ ký"}],
    "steps": [
        {"at": "1", "act": "Tiếp nhận", "by": "Trần Thị Tiếp Nhận", "to": "", "moment": _MOMENT},
        {"at": "2", "act": "Phân công", "by": "Lê Lãnh Đạo", "to": "Phạm Thụ Lý", "moment": _MOMENT},
    ],
    "dossiers": [
        {
            "at": "1", "code": _CODE, "procedure": _PROCEDURE, "sets": "1", "applicant": _NAME, "contact": _ADDRESS,
            "unit": "Sở Y tế", "received": _MOMENT, "due": "17:00 10/12/2026", "how": "Trực tiếp", "note": "Đang xử lý",
        }
    ],
}  # fmt: skip
