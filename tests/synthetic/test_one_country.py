"""One population feeds all databases: they agree, are right by every rule, and what was planted is what is found."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from functools import cache

import pytest

from lienthong.contracts.reading import declared_contracts
from lienthong.contracts.rules.declared import table_rules
from lienthong.demo_loading import RECEIPTS, Sent, load, nation_of
from lienthong.findings import Criterion, Severity
from lienthong.records.crossing import again
from lienthong.synthetic import across_faults, any_faults
from lienthong.synthetic.databases.personal_health import _moved
from lienthong.synthetic.databases.personal_health import emit as emit_personal_health
from lienthong.synthetic.files import LEDGER, LIST, read_list
from lienthong.synthetic.judging import judge
from lienthong.synthetic.ledger import GROUPS, compare, read_ledger
from lienthong.synthetic.lives import lives
from lienthong.synthetic.nation import ORDER, Nation
from lienthong.synthetic.scene import Scene

UNTIL = datetime(2026, 11, 20, 16, 0)
SMALL = {"seed": 15, "citizens": 7000, "until": UNTIL, "days": 20, "small": True}


class Told:
    """A finding as far as a comparison looks."""

    def __init__(self, table: str, row: int, rule: str, field: str = "") -> None:
        self.table, self.row, self.rule, self.field = table, row, rule, field


@cache
def parcels(**more: object) -> tuple[list, Nation]:
    """Everything that three hospitals send, with what is planted in it."""
    nation = Nation(**{**SMALL, "hospitals_only": 3, **more})
    return [pair for one in nation.catchments for pair in nation.parcels(one)], nation


def said(parcel) -> list[Told]:
    """What the rules say of a parcel, without what only informs."""
    return [
        Told(table, row, rule.id, rule.fields[0] if len(rule.fields) == 1 else "")
        for table, row, rule in judge(parcel.contract).said(
            parcel.tables, parcel.sent, parcel.sender
        )
        if rule.severity is not Severity.INFORMATION
    ]


def rows(contract: str, table: str) -> list[dict[str, str]]:
    """The rows of a table in the country without faults."""
    return [
        row
        for parcel, _ in parcels(faults=False)[0]
        if parcel.contract == contract
        for row in parcel.tables.get(table, [])
    ]


def test_all_databases_are_told_of():
    assert (
        set(ORDER)
        == set(declared_contracts())
        == {one.contract for one, _ in parcels(faults=False)[0]}
    )


@pytest.mark.parametrize(
    "other",
    [{}, {"until": datetime(2028, 2, 29, 16, 0), "hospitals_only": 1}],
    ids=["now", "later"],
)
def test_a_country_without_faults_breaks_no_rule(other):
    for parcel, faults in parcels(faults=False, **other)[0]:
        assert not faults
        assert [(one.table, one.rule) for one in said(parcel)] == [], parcel.name


def test_every_planted_fault_is_found_and_nobody_else_accused():
    """What another database must say is asked of the store, in the test below."""
    kinds = Counter()
    for parcel, faults in parcels(kinds=("all",))[0]:
        own = [fault for fault in faults if not fault.rule.startswith("X-")]
        answer = compare(own, said(parcel))
        assert answer.missed == (), parcel.name
        assert answer.wrongly_accused == (), parcel.name
        told = {(one.table, one.row, one.rule) for one in said(parcel)}
        also = {(table, row, rule) for fault in own for table, row, _, rule in fault.also}
        assert also <= told, parcel.name  # what the ledger calls a consequence is one
        kinds.update(fault.kind for fault in faults)
    assert len((set(any_faults.KINDS) | {any_faults.TWICE}) & set(kinds)) > 5
    assert set(GROUPS) == {
        fault.group for _, faults in parcels(kinds=("all",))[0] for fault in faults
    }


def test_mothers_children_and_certificates_agree():
    certificates = {row["MA_GCS"]: row for row in rows("vital_events", "birth_certificates")}
    newborns = {row["MA_GCS"]: row for row in rows("mother_child", "newborns")}
    deliveries = {row["MA_LAN_DE"]: row for row in rows("mother_child", "deliveries")}
    papers = Counter(row["SO_CCCD_NND"] for row in rows("care", "XML9"))
    assert newborns
    assert set(newborns) == set(certificates)
    for code, row in newborns.items():
        told = certificates[code]
        assert (row["GIOI_TINH"], row["CAN_NANG"]) == (told["GIOI_TINH_CON"], told["CAN_NANG_CON"])
        assert deliveries[row["MA_LAN_DE"]]["SO_DINH_DANH"] == told["SO_GIAYTO_NND"]
    assert papers == Counter(row["SO_GIAYTO_NND"] for row in certificates.values())
    visited = {row["SO_DINH_DANH"] for row in rows("mother_child", "antenatal_visits")}
    assert visited & {row["SO_DINH_DANH"] for row in deliveries.values()}
    assert {row["MA_GCS"] for row in rows("prevention", "subjects") if row["MA_GCS"]} <= set(
        certificates
    )


def test_no_two_people_share_a_record():
    """Minutes of an assessment are a record by their number: who else has it replaces the first."""
    numbers = [row["SO_BIEN_BAN"] for row in rows("care", "XML12")]
    assert numbers
    assert len(set(numbers)) == len(numbers)
    assert not any(
        int(number[2:]) == 0 for number in numbers
    )  # each its own, not the first of a pattern


def test_nobody_comes_after_death():
    died = {row["SO_GIAYTO"]: row["NGAY_TV"][:8] for row in rows("vital_events", "death_notices")}
    assert died
    for row in rows("care", "XML1"):
        assert died.get(row["SO_CCCD"], "99999999") >= row["NGAY_VAO"][:8]
    for row in rows("personal_health", "checkup_persons"):
        assert row["SO_CCCD"] not in died or row["MA_LK"][8:14] <= died[row["SO_CCCD"]][2:]


def test_prescribers_are_licensed_and_drugs_registered():
    licences = {row["SO_GPHN"] for row in rows("practice", "licences")}
    drugs = {row["SO_DANG_KY"]: row for row in rows("medicines", "drugs")}
    visits = {row["MA_LK"] for row in rows("care", "XML1")}
    prescriptions = rows("medicines", "prescriptions")
    assert prescriptions
    assert {row["MA_BAC_SI"] for row in prescriptions} <= licences
    assert {row["MA_LK"] for row in prescriptions} <= visits
    for row in rows("medicines", "prescription_lines") + rows("care", "XML2"):
        assert drugs[row["SO_DANG_KY"]]["TRANG_THAI"] == "hieu_luc"
    staff = {row["SO_GPHN"] for row in rows("workforce", "staff") if row["SO_GPHN"]}
    assert staff == licences
    assert any(not row["SO_GPHN"] for row in rows("workforce", "staff"))


def test_machines_are_registered_and_remedies_known():
    devices = {
        row["SO_CHUAN"] for row in rows("devices", "devices") if row["TRANG_THAI"] == "hieu_luc"
    }
    assert {row["SO_CHUAN"] for row in rows("devices", "equipment")} <= devices
    known = {row["MA_DUOC_LIEU"] for row in rows("traditional_medicine", "materials")}
    assert {
        row["MA_DUOC_LIEU"] for row in rows("traditional_medicine", "prescription_lines")
    } <= known


def test_visits_bring_what_programmes_want_to_know():
    for name in ("XML0", "XML6", "XML12", "XML15"):
        assert rows("care", name), name
    assert len({row["MA_LK"] for row in rows("care", "XML0")}) == len(rows("care", "XML0"))


def test_who_moves_is_told_of_at_the_new_home():
    """The book says the old home first; the day of the move brings another version of it."""
    nation = Nation(**SMALL)
    scene = next(
        scene
        for one in nation.catchments
        if (scene := Scene(lives(nation.seed, one, nation.span))) and list(_moved(scene))
    )
    who, day, before = next(_moved(scene))
    told = [
        (parcel.sent.date(), row)
        for parcel in emit_personal_health(scene)
        for row in parcel.tables.get("books", [])
        if row["SO_CCCD"] == who.cccd
    ]
    (_, first), (when, second) = told
    assert (first["MAXA_CU_TRU"], second["MAXA_CU_TRU"]) == (before.commune, who.commune)
    assert when == day
    assert first["MA_SO"] == second["MA_SO"]


def test_the_same_seed_makes_the_same_country():
    again = [pair for one in parcels()[1].catchments[1:2] for pair in parcels()[1].parcels(one)]
    first = [pair for pair in parcels()[0] if pair[0].name in {parcel.name for parcel, _ in again}]
    assert [(one.name, one.tables) for one, _ in again] == [
        (one.name, one.tables) for one, _ in first
    ]
    assert [faults for _, faults in again] == [faults for _, faults in first]


def test_a_larger_country_has_more_people_and_the_same_first_hospital():
    small, large = Nation(**SMALL), Nation(**{**SMALL, "citizens": 1_000_000})
    assert small.hospitals[0] == large.hospitals[0]
    assert len(large.catchments) == 50
    assert sum(one.households for one in large.catchments) > 300_000
    stations = [code for one in large.catchments for code in one.stations()]
    assert len(set(stations)) == len(stations)


@pytest.mark.slow
def test_what_the_store_finds_is_what_the_ledger_tells(fresh_db, home, tmp_path):
    """All twelve databases through the real intake: every fault, those across databases too, and nothing else."""
    nation = nation_of(
        home, seed=15, citizens=7000, until=UNTIL, days=20, small=True, faults=True, hospitals=3
    )  # fmt: skip
    load(fresh_db, nation, tmp_path, home)
    import msgspec

    names = {
        sent.receipt: sent.name
        for line in (tmp_path / RECEIPTS).read_bytes().splitlines()
        for sent in [msgspec.json.decode(line, type=Sent)]
    }
    told = defaultdict(list)
    with fresh_db.connect() as conn:
        found = conn.execute(
            "SELECT receipt, table_name, row, rule, coalesce(field, '') FROM records.finding"
            " WHERE severity <> 'information'"
            " AND (severity = 'error' OR rule NOT LIKE 'ENV-%' AND rule NOT LIKE 'FILE-%')"
        ).fetchall()
        received = dict(
            conn.execute(
                "SELECT contract, sum(received) FROM records.submission GROUP BY 1"
            ).fetchall()
        )
        quarantined = conn.execute("SELECT sum(quarantined) FROM records.submission").fetchone()[0]
    for receipt, table, row, rule, field in found:
        told[names[receipt]].append(Told(table, row, rule, field))
    ledger = defaultdict(list)
    for fault in read_ledger(tmp_path / LEDGER):
        ledger[fault.submission].append(fault)
    listed = read_list(tmp_path / LIST)
    missed, wrong = [], []
    for one in listed:
        answer = compare(ledger[one.name], told[one.name])
        missed += [(one.name, fault.kind, fault.rule) for fault in answer.missed]
        wrong += [(one.name, *place) for place in answer.wrongly_accused]
    assert missed == []
    assert wrong == []
    units = Counter()
    for one in listed:
        units[one.contract] += one.units
    assert received == units
    assert quarantined > 0
    assert {fault.kind for faults in ledger.values() for fault in faults} & set(across_faults.KINDS)
    with fresh_db.connect(autocommit=True) as conn:
        while again.look_again(conn, home):
            pass
        shown = {
            (contract, province): tuple(map(int, numbers))
            for contract, province, *numbers in conn.execute(
                "SELECT contract, province, row_count, correct_broken, sufficient_broken, clean_broken, alive_broken"
                " FROM quality.daily WHERE day = '-infinity'"
            ).fetchall()
        }
    assert shown == overview(nation, listed, ledger)


def overview(nation, listed, ledger) -> dict[tuple[str, str], tuple[int, ...]]:
    """The rows of each database and province, and how many break a rule of each criterion: from the ledger alone."""
    home_of = {one.sender: one.province for one in listed}
    rows, broken = Counter(), defaultdict(set)
    for one in listed:
        place = one.contract, one.province
        rows[place] += sum(one.rows.values()) - sum(one.again.values())
        rules = {
            rule.id: rule
            for table in nation.contract(one.contract).tables
            for rule in table_rules(table)
        }
        for fault in ledger[one.name]:
            for table, row, rule in [
                (fault.table, fault.row, fault.rule),
                *((table, row, rule) for table, row, _, rule in fault.also),
            ]:
                if rules[rule].severity is not Severity.INFORMATION:
                    broken[(*place, rules[rule].criterion)].add((one.name, table, row))
            if fault.both:
                there = one.contract, home_of[fault.both], rules[fault.rule].criterion
                broken[there].add((fault.both, fault.table, fault.other))
    return {
        place: (number, *(len(broken[(*place, criterion)]) for criterion in Criterion))
        for place, number in rows.items()
    }
