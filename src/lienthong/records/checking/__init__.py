"""Checking: a contract's rules over a whole batch, every wrong row named, no row looped over."""

from lienthong.records.checking.checked import Checked, Measured, RuleCount, TableChecked
from lienthong.records.checking.engine import check, connect

__all__ = ["Checked", "Measured", "RuleCount", "TableChecked", "check", "connect"]
