"""The store of record: kept rows in versions, one pair of tables (current, history) per contract table."""
