"""The money of a line and of a visit, in whole cents (hundredths of a dong) so that every sum is exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lienthong.synthetic.chance import declared


@dataclass
class Amounts:
    """What one line costs and who pays, in cents."""

    hospital: int
    insured: int
    level: int

    @property
    def fund(self) -> int:
        """The insurance fund's part, rounded to the nearest cent."""
        return (self.insured * self.level * 2 + 100) // 200

    @property
    def copay(self) -> int:
        """The patient's part inside the insurance scope."""
        return self.insured - self.fund

    @property
    def outside(self) -> int:
        """The patient's part outside the insurance scope."""
        return self.hospital - self.insured

    def cells(self) -> dict[str, str]:
        """The amounts by field name, as a line of XML2 or XML3 writes them."""
        return {
            "THANH_TIEN_BV": dong(self.hospital),
            "THANH_TIEN_BH": dong(self.insured),
            "T_NGUONKHAC_NSNN": "0.00",
            "T_NGUONKHAC_VTNN": "0.00",
            "T_NGUONKHAC_VTTN": "0.00",
            "T_NGUONKHAC_CL": "0.00",
            "T_NGUONKHAC": "0.00",
            "MUC_HUONG": str(self.level),
            "T_BNTT": dong(self.outside),
            "T_BNCCT": dong(self.copay),
            "T_BHTT": dong(self.fund),
        }


def dong(cents: int) -> str:
    """Cents as dong with two decimals and a point."""
    return f"{cents // 100}.{cents % 100:02d}"


def cents(text: str) -> int:
    """The inverse of `dong` for the amounts written here."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(f"{part:0<2}")


def totals(drugs: Iterable[dict[str, str]], services: Iterable[dict[str, str]]) -> dict[str, str]:
    """The sums of XML1 over the lines of XML2 and XML3."""
    drugs, services = list(drugs), list(services)
    both = drugs + services

    def total(field: str, rows: list[dict[str, str]] = both) -> int:
        return sum(cents(row[field]) for row in rows)

    supplies = [row for row in services if row["MA_NHOM"] in ("10", "11")]
    return {
        "T_THUOC": dong(total("THANH_TIEN_BV", drugs)),
        "T_VTYT": dong(total("THANH_TIEN_BV", supplies)),
        "T_TONGCHI_BV": dong(total("THANH_TIEN_BV")),
        "T_TONGCHI_BH": dong(total("THANH_TIEN_BH")),
        "T_BNTT": dong(total("T_BNTT")),
        "T_BNCCT": dong(total("T_BNCCT")),
        "T_BHTT": dong(total("T_BHTT")),
        "T_NGUONKHAC": "0.00",
        "T_BHTT_GDV": dong(total("T_BHTT")),
    }


def small(total_insured: int, day: int) -> bool | None:
    """Is the visit below 15 % of the base salary of that day (yyyymmdd)? None: too near the border of
    either salary to be clear."""
    salaries = declared("clinic")["base_salary"]
    lowest, highest = min(salaries.values()), max(salaries.values())
    if lowest * 14 < total_insured < highest * 16:
        return None
    border = [salary for start, salary in salaries.items() if start <= day] or [lowest]
    return total_insured < border[-1] * 15
