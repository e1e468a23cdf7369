"""What acts, roles and the things said with an act are called in sentences: words of the office, not of the program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lienthong.findings import LANGUAGES, Text

if TYPE_CHECKING:
    from lienthong.dossiers.moves import Moves

ROLES: dict[str, Text] = {
    "receiver": {"vi": "cán bộ tiếp nhận", "en": "reception", "fr": "l’accueil"},
    "processor": {"vi": "chuyên viên thụ lý", "en": "the case officer", "fr": "l’instructeur"},
    "decider": {"vi": "lãnh đạo", "en": "the head", "fr": "le chef"},
    "counter": {"vi": "nơi nhận hồ sơ hộ", "en": "the desk where it was handed in", "fr": "le guichet de dépôt"},
    "applicant": {"vi": "người nộp hồ sơ", "en": "the applicant", "fr": "le demandeur"},
    "payment": {"vi": "hệ thống thanh toán", "en": "the payment platform", "fr": "la plateforme de paiement"},
    "clock": {"vi": "hệ thống khi hết hạn", "en": "the system when time runs out", "fr": "le système à l’échéance"},
}  # fmt: skip
ACTS: dict[str, Text] = {
    "step": {"vi": "Chuyển bước xử lý", "en": "Go to another step", "fr": "Passer à une autre étape"},
    "extend": {"vi": "Xin lỗi và gia hạn", "en": "Apologise and promise a new date",
             "fr": "S’excuser et promettre une nouvelle date"},
    "assign": {"vi": "Phân công, chuyển việc", "en": "Hand the work to somebody",
               "fr": "Confier le travail à quelqu’un"},
}  # fmt: skip
THINGS: dict[str, Text] = {
    "reason": {"vi": "lý do", "en": "the reason", "fr": "le motif"},
    "components": {"vi": "nội dung còn thiếu hoặc sai", "en": "what is missing or wrong",
                   "fr": "ce qui manque ou est faux"},
    "fees": {"vi": "phí, lệ phí phải nộp", "en": "the fees to be paid", "fr": "les frais à payer"},
    "result": {"vi": "tên kết quả", "en": "the result", "fr": "le résultat"},
    "due": {"vi": "ngày hẹn mới", "en": "the new date", "fr": "la nouvelle date"},
    "step": {"vi": "bước cần chuyển đến", "en": "the step to go to", "fr": "l’étape visée"},
    "holder": {"vi": "người nhận việc", "en": "to whom the work goes", "fr": "à qui va le travail"},
    "approved_by": {"vi": "lãnh đạo phê duyệt", "en": "which head approved it", "fr": "le chef qui a approuvé"},
    "unit": {"vi": "cơ quan giải quyết", "en": "the competent agency", "fr": "l’autorité compétente"},
    "theirs": {"vi": "mã của Cổng", "en": "the Portal's code", "fr": "le code du Portail"},
    "ours": {"vi": "mã của ta", "en": "our code", "fr": "notre code"},
    "absent": {"vi": "người vắng mặt", "en": "who is absent", "fr": "la personne absente"},
    "substitute": {"vi": "người thay", "en": "who stands in", "fr": "qui la remplace"},
}  # fmt: skip


def things(names: Iterable[str]) -> Text:
    """What must be said with an act."""
    return _joined(THINGS.get(name, _same(name)) for name in names)


def roles(names: Iterable[str]) -> Text:
    """Who does an act."""
    return _joined(ROLES.get(name, _same(name)) for name in names)


def act(name: str, table: Moves) -> Text:
    """What an act is called; one that nobody knows as it was written."""
    known = next((one.label for one in table.moves if one.act == name), None)
    return known or ACTS.get(name) or _same(name[:40])


def acts(names: Iterable[str], table: Moves) -> Text:
    """What some acts are called; a dash for none."""
    return _joined(act(name, table) for name in names)


def _joined(texts: Iterable[Text]) -> Text:
    several = list(texts)
    return {
        language: ", ".join(dict.fromkeys(one[language] for one in several)) or "–"
        for language in LANGUAGES
    }


def _same(name: str) -> Text:
    return dict.fromkeys(LANGUAGES, name)
