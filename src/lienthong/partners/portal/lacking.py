"""What an official must fill in when a dossier cannot be sent without inventing: a sentence for each field."""

from __future__ import annotations

HELP: dict[str, str] = {
    "SoGiayToChuHoSo": "The number of the applicant's paper: write it in the dossier.",
    "DinhDanhCHS": "An identity number of 12 digits (9 on an old card): write it in the dossier.",
    "LoaiDoiTuong": "What the applicant is: a person, an enterprise, an agency or another organisation.",
    "MaDoiTuong": "The Portal's own id of the applicant: the Portal knows nobody with this number.",
    "MaLinhVuc": "The code of the field: write it in the procedure, or fetch the Portal's catalogues.",
    "TenLinhVuc": "The field of the procedure: complete the procedure.",
    "TenTTHC": "The Vietnamese name of the procedure: complete the procedure.",
    "NgayNopHoSo": "When the dossier was filed.",
    "HinhThuc": "How the result is handed over.",
    "DonViXuLy": "Which agency settles it.",
    "NoiNopHoSo": "Where it was filed.",
    "KenhThucHien": "Through which channel it was filed.",
    "TrangThaiHoSo": "A state that the Portal knows.",
    "Email": "The applicant's mail address: write it in the dossier.",
    "SoDienThoai": "The applicant's telephone: write it in the dossier.",
    "TrichYeuHoSo": "What the dossier is about: write a summary.",
    "SoTien": "The sum of the fee: say it when payment is asked for, or complete the procedure.",
    "TKThuHuong": "The account of the agency: write it in payments.yaml of the data folder.",
    "HoTenNguoiNop": "Who pays: write the applicant's name in the dossier.",
    "SoCMNDNguoiNop": "The number of whoever pays: write it in the dossier.",
    "Ip": "Our address as the payment platform knows it: write it in payments.yaml of the data folder.",
}
REASONS: dict[str, str] = {
    "PROCEDURE-NOT-FOUND": "The procedure is not in force here on the day of filing: map its code or publish it.",
    "PROCEDURE-CODE": "This is no code of a procedure: map it to one of ours.",
    "AGENCY-UNKNOWN": "Nobody knows this agency code: map it to one of ours.",
    "AGENCY-ENDED": "This agency code has ended and nobody said who has its work: map it.",
    "portal.lacks": "Something that must be there is missing: ask the Portal's operator to send it again whole.",
    "PORTAL-TIME": "A moment cannot be read: ask the Portal's operator.",
    "DOSSIER-CODE": "The dossier's code has another form than the rule: ask the Portal's operator.",
    "portal.shape": "The message has another shape than the profile says: ask the Portal's operator.",
    "portal.signature": "An electronic signature cannot be read: tell the applicant, and reject or take it again.",
    "portal.nameless": "It has no code to know it by: ask the Portal's operator.",
    "DOSSIER-NOT-FOUND": "The dossier is not here yet: it may wait in this queue itself.",
    "DOSSIER-MOVE": "The dossier is in a state in which this cannot be done: look at the dossier.",
    "portal.payment-hash": "The payment message is not signed by the platform: tell the platform, pay nothing on it.",
    "portal.payment-amount": "Another sum was paid than asked for: clear it with the platform.",
    "portal.payment-unknown": "Nobody here asked for this payment: clear it with the platform.",
    "portal.payment-partner": "The payment is meant for another partner: tell the platform.",
    "portal.payment-twice": "The fee was paid twice: pay one back.",
    "portal.payment-terms": "payments.yaml is missing or wrong: the operator must write it.",
    "portal.early": "It was rated before it ended: it is taken when the dossier has ended.",
    "portal.same-supplement": "Look at the papers: try again if they answer the last request, else reject them.",
    "portal.silent": "The Portal did not answer when we asked about the person: tried again by itself.",
}  # fmt: skip
"""What to do about a message that waits, by the code of its reason."""
OTHERWISE = "Read the reason, mend its cause and try again, or reject the message with a reason."


def help_for(field: str) -> str:
    """An English sentence (a gettext key) for a field of the Portal."""
    return HELP.get(field, "A value that the Portal insists on: complete the dossier.")


def act_for(reason: str | None) -> str:
    """An English sentence (a gettext key) for the reason of a message."""
    return REASONS.get((reason or "").split(":")[0], OTHERWISE)
