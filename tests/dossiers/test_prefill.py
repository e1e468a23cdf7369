"""Nobody is asked what the state knows: values with their source, conflicts shown, papers not asked for again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from psycopg import sql

from lienthong.access import Actor
from lienthong.contracts.rules.cache import cached_contract
from lienthong.dossiers import forms, prefill, sources
from lienthong.errors import NotAllowed
from lienthong.procedures.procedure import Component, Procedure
from lienthong.records import intake
from lienthong.records.store import schema
from tests.declared.test_practice_rules import LICENCE
from tests.declared.test_practice_rules import WORLD as PRACTICE
from tests.dossiers import desk

PERSON = "001085012345"
REISSUE = Procedure(
    code="1.012279",
    name={"vi": "Cấp lại giấy phép hoạt động"},
    components=(
        Component(name={"vi": "Đơn đề nghị cấp lại giấy phép hoạt động"}),
        Component(code="TP02", name={"vi": "Bản sao giấy phép hoạt động bị mất"}),
        Component(name={"vi": "Bản gốc giấy phép hoạt động đã cấp"}),
        Component(
            code="TP04", name={"vi": "Bản sao giấy phép hành nghề của người chịu trách nhiệm"}
        ),
        Component(
            code="TP05", name={"vi": "Giấy chứng sinh"}, data="vital_events.birth_certificates"
        ),
    ),
)
BOOK = {
    "MA_SO": "S0001",
    "SO_CCCD": PERSON,
    "HO_TEN": "Nguyễn Văn  Mẫu",
    "NGAY_SINH": "19850321",
    "GIOI_TINH": "1",
    "MATINH_CU_TRU": "01",
    "MAXA_CU_TRU": "00070",
    "MA_CSKCB": "01999",
    "NGAY_CAP_NHAT": "20260101",
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(db, tmp_path_factory):
    """The databases hold one hospital, one practitioner with a licence, and the same person's health book."""
    home = tmp_path_factory.mktemp("home")
    files = [
        ("practice", name, PRACTICE[name]) for name in ("facilities", "practitioners", "licences")
    ]
    files.append(("personal_health", "books", [BOOK]))
    with db.connect() as conn:
        for contract, name, rows in files:
            lines = [
                ",".join(rows[0]),
                *(",".join(f'"{cell}"' for cell in row.values()) for row in rows),
            ]
            given = intake.receive(
                conn, "\n".join(lines).encode(), contract=contract, sender="01999", actor="mai", name=f"{name}.csv",
                channel="load", home=home,
            )  # fmt: skip
            conn.commit()
            receipt = intake.process(conn, given.receipt, home=home)
            assert receipt.kept == len(rows), (name, receipt)
    return home


@pytest.fixture
def conn(db, kept):
    with db.connect() as connection:
        yield connection
        connection.rollback()


def log(conn):
    return conn.execute(
        "SELECT resource ->> 'contract', resource ->> 'table', resource ->> 'key', purpose FROM app.read_log"
        " WHERE action = 'record.prefill' AND actor = 'clerk' ORDER BY at"
    ).fetchall()


def test_a_facility_is_not_asked_what_its_licence_says(conn):
    form = forms.form_of("1.012279")
    found = prefill.prefill(conn, desk.CLERK, form, {"facility": "01999"}, procedure=REISSUE)
    name = found.offers["form.TEN_CSKCB"]
    assert (name.value, name.conflict) == ("Bệnh viện Mẫu", False)
    assert name.answers[0].place == "practice.facilities.TEN_CSKCB"
    assert name.answers[0].key.startswith("01999") and name.answers[0].as_of is not None
    assert found.offers["form.NGAYCAP_GPHD"].value == "2024-01-05", (
        "a day of digits as the form writes it"
    )
    values = found.into(forms.Values(form={"DIA_CHI": "Số 2"}))
    assert (values.form["DIA_CHI"], values.form["SO_GPHD"]) == ("Số 2", "000123/BYT-GPHĐ"), (
        "what was written stays"
    )


def test_every_look_and_every_record_stands_in_the_read_log(conn):
    form = forms.form_of("1.012279")
    prefill.prefill(conn, desk.CLERK, form, {"facility": "01999"})
    written = log(conn)
    assert ("practice", "facilities", None, "procedure") in written, "the look"
    assert any(
        line[:2] == ("practice", "facilities") and (line[2] or "").startswith("01999")
        for line in written
    )


def test_a_component_that_a_database_holds_is_not_handed_in(conn):
    form = forms.form_of("1.012279")
    found = prefill.prefill(
        conn, desk.CLERK, form, {"facility": "01999", "licence": LICENCE}, procedure=REISSUE
    )
    states = {one.component: (one.state, one.place) for one in found.held}
    assert states == {
        "TP02": ("held", "practice.facilities"),
        "TP04": ("held", "practice.licences"),
        "TP05": ("unknown", "vital_events.birth_certificates"),
    }, "an application and an original are always asked for"
    assert next(one for one in found.held if one.component == "TP04").key == LICENCE


def test_what_no_database_holds_is_said(conn):
    form = forms.form_of("1.012279")
    found = prefill.prefill(conn, desk.CLERK, form, {"facility": "99999"}, procedure=REISSUE)
    assert found.offers == {} and "practice.facilities" in found.empty
    assert next(one for one in found.held if one.component == "TP02").state == "nothing"
    assert "practice.licences" in found.silent, "without a key nobody was asked"


def test_a_licence_that_ended_must_be_handed_in(conn):
    from datetime import date

    form = forms.form_of("1.012279")
    found = prefill.prefill(
        conn, desk.CLERK, form, {"licence": LICENCE}, procedure=REISSUE, on=date(2030, 1, 1)
    )
    assert next(one for one in found.held if one.component == "TP04").state == "ended"


def test_a_licence_is_found_by_the_person_through_the_practitioner(conn):
    form = forms.form_of("1.012279")
    found = prefill.prefill(conn, desk.CLERK, form, {"person": PERSON}, procedure=REISSUE)
    assert next(one for one in found.held if one.component == "TP04").key == LICENCE


def test_two_answers_are_shown_and_none_is_chosen(conn):
    found = prefill.prefill(conn, desk.CLERK, forms.form_of("1.001699"), {"person": PERSON})
    born, name = found.offers["applicant.birth_date"], found.offers["applicant.name"]
    assert {one.value for one in born.answers} == {"1985-03-12", "1985-03-21"}
    assert born.conflict and born.value == ""
    assert not name.conflict, "capitals and spaces are no difference"
    assert "birth_date" not in found.into(forms.Values()).applicant


def test_a_mother_who_files_for_her_child_is_not_mixed_up(conn):
    form = forms.form_of("1.001699")
    values = forms.Values(
        applicant={"number": PERSON, "number_kind": "cccd"}, form={"SO_DINH_DANH": "001320000001"}
    )
    found = prefill.for_values(conn, desk.CLERK, form, values)
    assert found.offers["applicant.name"].value == "NGUYỄN VĂN MẪU"
    assert not any(name.startswith("form.") for name in found.offers)


def test_only_who_settles_procedures_may_ask(conn):
    form = forms.form_of("1.012279")
    officer = Actor(id="o", kind="person", roles=("ministry_officer",))
    for actor, purpose in ((officer, "procedure"), (desk.CLERK, "statistics"), (None, "procedure")):
        with pytest.raises(NotAllowed):
            prefill.prefill(conn, actor, form, {"facility": "01999"}, purpose=purpose)


def test_the_desk_sees_no_more_than_before(conn):
    from lienthong import database

    database.visible_to(conn, facility=desk.UNIT)
    prefill.prefill(conn, desk.CLERK, forms.form_of("1.012279"), {"facility": "01999"})
    assert conn.execute("SELECT current_setting('lienthong.scope')").fetchone() == ("facility",)
    assert conn.execute("SELECT count(*) FROM practice.facilities").fetchone() == (0,)


def plan(conn, place, asked):
    """How PostgreSQL would answer, were reading the whole table dear; as somebody whose sight row security narrows."""
    table = cached_contract(place.partition(".")[0]).contract.table(place.partition(".")[2])
    query, values = sources.question(table, place, sources.declared().sources[place], asked)
    conn.execute("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in conn.execute(sql.SQL("EXPLAIN ") + query, values).fetchall())


@pytest.mark.parametrize("place", sorted(sources.declared().sources))
def test_every_look_goes_by_an_index(conn, place):
    contract = cached_contract(place.partition(".")[0]).contract
    schema.ensure(conn, contract)
    by = sources.declared().sources[place].by
    for asked in [*({one: {"x"}} for one in by), {one: {"x", "y"} for one in by}]:
        said = plan(conn, place, asked)
        assert "Seq Scan" not in said, said
        assert "Index" in said, said


def test_an_index_comes_with_the_contract_and_goes_with_it(conn):
    def there():
        return {
            row[0]
            for row in conn.execute(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'practice' AND tablename = 'practitioners'"
                " AND indexname LIKE 'lookup_%'"
            ).fetchall()
        }

    contract = cached_contract("practice").contract
    assert len(there()) == 1
    (table,) = (one for one in contract.tables if one.name == "practitioners")
    other = replace(
        table,
        fields=tuple(
            replace(one, properties={k: v for k, v in one.properties.items() if k != "lookup"})
            for one in table.fields
        ),
    )
    tables = tuple(other if one is table else one for one in contract.tables)
    schema.ensure(conn, replace(contract, tables=tables, digest="without"))
    assert there() == set()
    schema.ensure(conn, replace(contract, digest="again"))
    assert len(there()) == 1
