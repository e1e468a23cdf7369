"""Faults of registers: one mistake in one row of `practice` or `vital_events`, with the findings it must cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.lines import Row, moment, stamp
from lienthong.synthetic.promises import property_rules

Tables = dict[str, list[Row]]
Place = tuple[str, int, str, str]
Planter = Callable[[Tables, int, Random], "tuple[Place, tuple[Place, ...]] | None"]
"""Changes a row of its table in place; gives the finding that must come and those that may come with it."""

KINDS: dict[str, tuple[str, str, int, Planter]] = {}
"""Name to contract, table, group of fault and the planting function."""


def kind(contract: str, table: str, group: int) -> Callable[[Planter], Planter]:
    """Register a planting function under its own name."""

    def register(plant: Planter) -> Planter:
        KINDS[plant.__name__] = (contract, table, group, plant)
        return plant

    return register


def plant(
    contract: str,
    submission: str,
    tables: Tables,
    random: Random,
    share: float,
    kinds: tuple[str, ...] = (),
    eligible: Callable[[Row], bool] | None = None,
) -> list[Fault]:
    """Plant faults in a share of the rows (0 to 1) that can carry one, at most one in a row; `kinds`
    ("all",): any kind; `eligible` says which rows may carry one (default: all)."""
    faults: list[Fault] = []
    for name, (where, table, group, planter) in sorted(KINDS.items()):
        if (
            where != contract
            or table not in tables
            or (kinds and kinds != ("all",) and name not in kinds)
        ):
            continue
        touched = {fault.row for fault in faults if fault.table == table}
        for at in range(len(tables[table])):
            if at in touched or random.random() >= share:
                continue
            if eligible is not None and not eligible(tables[table][at]):
                continue
            planted = planter(tables, at, random)
            if planted:
                faults.append(_fault(contract, submission, name, group, planted))
                touched.add(at)
    return faults


def _fault(
    contract: str, submission: str, name: str, group: int, planted: tuple[Place, tuple[Place, ...]]
) -> Fault:
    (table, row, field, rule), also = planted
    known = property_rules(contract)
    return Fault(
        submission=submission, table=table, row=row, field=field, rule=known.get((table, field, rule), rule),
        kind=name, group=group,
        also=tuple((t, r, f, known.get((t, f, named), named)) for t, r, f, named in also),
    )  # fmt: skip


@kind("practice", "registrations", 4)
def title_in_name(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A title before the name of a member of staff."""
    row = tables["registrations"][at]
    row["HO_TEN"] = f"{random.choice(('BS.', 'ThS.', 'TS.', 'KTV.'))} {row['HO_TEN']}"
    return ("registrations", at, "HO_TEN", "PRA-040"), ()


@kind("practice", "registrations", 4)
def staff_number_short(
    tables: Tables, at: int, random: Random
) -> tuple[Place, tuple[Place, ...]] | None:
    """A personal number that lost its leading zeros."""
    row = tables["registrations"][at]
    number = row["SO_DINH_DANH"].lstrip("0")
    if len(number) == len(row["SO_DINH_DANH"]):
        return None
    row["SO_DINH_DANH"] = number
    return ("registrations", at, "SO_DINH_DANH", "PRA-081"), ()


@kind("practice", "registrations", 4)
def licence_date_local(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A licence date written as people write it."""
    row = tables["registrations"][at]
    date8 = row["NGAYCAP_CCHN"]
    row["NGAYCAP_CCHN"] = f"{date8[6:]}/{date8[4:6]}/{date8[:4]}"
    more = (
        ("registrations", at, "NGAYCAP_CCHN", "length"),
        ("registrations", at, "NGAYCAP_CCHN", "PRA-116"),
    )
    return ("registrations", at, "NGAYCAP_CCHN", "PRA-001"), more


@kind("practice", "registrations", 6)
def ended_before_begun(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A registration that ends before it begins."""
    row = tables["registrations"][at]
    row["DEN_NGAY"] = "20100101"
    return ("registrations", at, "", "PRA-003"), ()


@kind("practice", "practitioners", 6)
def staff_sex_against_number(
    tables: Tables, at: int, random: Random
) -> tuple[Place, tuple[Place, ...]]:
    """Sex and personal number of a practitioner disagree."""
    row = tables["practitioners"][at]
    row["GIOI_TINH"] = "2" if row["GIOI_TINH"] == "1" else "1"
    return ("practitioners", at, "SO_DINH_DANH", "PRA-036"), ()


@kind("vital_events", "birth_certificates", 1)
def mother_name_missing(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A birth certificate without the mother's name."""
    tables["birth_certificates"][at]["HOTEN_NND"] = ""
    return ("birth_certificates", at, "HOTEN_NND", "required"), (
        ("birth_certificates", at, "", "VIT-031"),
    )


@kind("vital_events", "birth_certificates", 4)
def weight_with_unit(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A birth weight in kilograms with its unit."""
    tables["birth_certificates"][at]["CAN_NANG_CON"] = "3,2 kg"
    return ("birth_certificates", at, "CAN_NANG_CON", "VIT-025"), ()


@kind("vital_events", "birth_certificates", 4)
def mother_number_short(
    tables: Tables, at: int, random: Random
) -> tuple[Place, tuple[Place, ...]] | None:
    """A mother's personal number that lost its leading zeros."""
    row = tables["birth_certificates"][at]
    number = row["SO_GIAYTO_NND"].lstrip("0")
    if len(number) == len(row["SO_GIAYTO_NND"]):
        return None
    row["SO_GIAYTO_NND"] = number
    return ("birth_certificates", at, "SO_GIAYTO_NND", "VIT-061"), ()


@kind("vital_events", "birth_certificates", 7)
def birth_sent_late(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A birth certificate that was issued a week ago."""
    row = tables["birth_certificates"][at]
    row["NGAY_CT"] = stamp(moment(row["NGAY_CT"]) - timedelta(days=7))
    row["NGAY_SINH_CON"] = stamp(moment(row["NGAY_SINH_CON"]) - timedelta(days=7))
    return ("birth_certificates", at, "NGAY_CT", "VIT-050"), ()


@kind("vital_events", "death_notices", 5)
def cause_code_unknown(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A cause of death with one digit more than the catalogue has."""
    tables["death_notices"][at]["BENH_ICD10_ID"] = "S06.00"
    return ("death_notices", at, "BENH_ICD10_ID", "VIT-076"), ()


@kind("vital_events", "death_notices", 6)
def dead_sex_against_number(
    tables: Tables, at: int, random: Random
) -> tuple[Place, tuple[Place, ...]]:
    """Sex and personal number of the dead person disagree."""
    row = tables["death_notices"][at]
    row["GIOI_TINH"] = "2" if row["GIOI_TINH"] == "1" else "1"
    return ("death_notices", at, "SO_GIAYTO", "VIT-066"), ()


@kind("vital_events", "death_notices", 7)
def death_sent_late(tables: Tables, at: int, random: Random) -> tuple[Place, tuple[Place, ...]]:
    """A death notice that was issued a week ago."""
    row = tables["death_notices"][at]
    for field in ("NGAYGIO_VV", "NGAY_TV", "NGAY_CAPGIAYBT"):
        row[field] = stamp(moment(row[field]) - timedelta(days=7))
    return ("death_notices", at, "NGAY_CAPGIAYBT", "VIT-050"), ()
