"""The store of record: kept rows in versions, one pair of tables (current, history) per contract table."""

from lienthong.records.store.reading import Record, Row, Version, record, search, versions

__all__ = ["Record", "Row", "Version", "record", "search", "versions"]
