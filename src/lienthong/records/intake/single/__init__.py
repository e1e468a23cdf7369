"""One record at a time, as a hospital's program posts it: checked in this process, many of them kept in one commit."""

from lienthong.records.intake.single.line import RecordIntake

__all__ = ["RecordIntake"]
