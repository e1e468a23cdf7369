"""The rules of a contract made ready to run: one SQL predicate per rule, carried to DuckDB and to Python."""
