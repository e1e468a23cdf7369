"""The store as columns: Parquet snapshots of every database, and questions to the whole nation at once.

A snapshot never changes after its manifest is written; whatever asks it (rescoring, statistics) answers the same
next year.
"""
