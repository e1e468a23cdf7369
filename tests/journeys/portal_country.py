"""An agency, its people, a procedure with a fee, and a citizen, for journeys through the Portal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lienthong.access import accounts, operator, tokens
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Component, Fee, Manner, Procedure, Result, TimeLimit

UNIT = "G18.12"
PASSWORD = "a sentence nobody guesses"
OFFICIALS = {
    "receiver": "receiver",
    "processor": "processor",
    "decider": "decider",
    "office": "office",
}
CITIZEN = {"name": "Lê Thị Mẫu", "number": "001190000001", "phone": "0900000000"}
SECRET = "practise"
FEE = 430_000
PROCEDURE = Procedure(
    code="1.003844", name={"vi": "Cấp giấy phép nhập khẩu thiết bị y tế"}, field="Thiết bị y tế",
    field_code="G18-YT51", levels=("ministry",),
    manners=(
        Manner(
            limits=(TimeLimit(value=15, unit="working_days"),),
            fees=(Fee(amount=FEE, code="PLP01", name={"vi": "Phí thẩm định"}),),
        ),
    ),
    components=(Component(code="TP01", name={"vi": "Đơn đề nghị"}), Component(code="TP02", name={"vi": "Bản mô tả"})),
    results=(Result(name={"vi": "Giấy phép nhập khẩu"}, code="000.00.00.G18-KQ000001"),),
)  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
RESULT_PDF = PDF.replace(b"/Catalog", b"/Catalog/Lang(vi)")


def settle(db, home: Path) -> str:
    """Open the accounts, publish the procedure, write the terms of payment; the token of the Portal."""
    (home / "agencies.yaml").write_text(
        f"agencies:\n  - {{code: {UNIT}, parent: G18, vi: Cục mẫu}}\n", "utf-8"
    )
    (home / "payments.yaml").write_text(
        "partner: BYT\nsecret_file: secret\nip: 127.0.0.1\n"
        "payees: {G18: {account: '0000000001', bank: NHM, holder: Tài khoản mẫu}}\n", "utf-8",
    )  # fmt: skip
    (home / "secret").write_text(SECRET + "\n", "utf-8")
    with db.connect() as conn:
        for name, role in OFFICIALS.items():
            where = {} if role == "office" else {"facility": UNIT}
            accounts.create(
                conn,
                operator(),
                name,
                name=f"Cán bộ {name}",
                roles=[role],
                password=PASSWORD,
                **where,
            )
        catalogue.draft(conn, "editor", PROCEDURE, "test")
        catalogue.publish(conn, "head", PROCEDURE.code, date(2025, 7, 1))
        token = tokens.create(conn, operator(), facility="NPSP", name="portal", roles=("portal",))
        conn.commit()
    return token
