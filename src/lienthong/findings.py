"""A finding says what is wrong, where, and what to do: the one shape in which every check speaks."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec.structs import replace

LANGUAGES = ("vi", "en", "fr")

Text = dict[str, str]
"""One sentence in each of LANGUAGES."""


class Criterion(StrEnum):
    """The ministry's four words for good data (đúng, đủ, sạch, sống)."""

    CORRECT = "correct"
    SUFFICIENT = "sufficient"
    CLEAN = "clean"
    ALIVE = "alive"


class Severity(StrEnum):
    """What a finding does: an error quarantines the unit of acceptance, a warning is kept and counted."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


DIMENSION_CRITERION = {
    "accuracy": Criterion.CORRECT,
    "conformity": Criterion.CORRECT,
    "completeness": Criterion.SUFFICIENT,
    "coverage": Criterion.SUFFICIENT,
    "uniqueness": Criterion.CLEAN,
    "consistency": Criterion.CLEAN,
    "timeliness": Criterion.ALIVE,
}
"""ODCS quality dimensions to the four criteria (design, decision 1)."""


class OtherRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a database that a finding names beside its own: `table` was looked at, `root` opens the record.

    `personal`: its key tells of a person, so it stands in no sentence and in no address.
    """

    contract: str
    table: str
    root: str
    key: str
    sender: str
    personal: bool = False

    def known_to(self, sender: str) -> OtherRecord:
        """What the sender of the finding's own record may know of it.

        Of a record that another facility sent it is neither told which facility that was (where a person was treated
        is health data), nor a key that tells of a person.
        """
        if self.sender == sender:
            return self
        return replace(self, sender="", key="" if self.personal else self.key)


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault at one place.

    `row` is the position in the table's file from 0 (None: the whole file or table), `unit` the ordinal
    of the unit of acceptance in the submission (for `care` the HOSO), `key` the record's own key,
    `value` the cell as sent, already masked by the field's sensitivity, `others` the records of other databases
    that a rule across databases found.
    """

    rule: str
    criterion: Criterion
    severity: Severity
    message: Text
    remedy: Text = {}
    table: str | None = None
    row: int | None = None
    unit: int | None = None
    key: str | None = None
    field: str | None = None
    value: str | None = None
    others: tuple[OtherRecord, ...] = ()
