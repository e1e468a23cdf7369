"""The one store of record: where the PostgreSQL database is, how to speak with it, how it grows.

`running()` finds the database (LIENTHONG_DATABASE_URL, else an own server in the data folder), brings its
platform tables up to date and stops what it started. Every connection acts as the role `lienthong_app`, which
owns nothing and is subject to row security; `role="owner"` is for changing tables.
"""

from lienthong.database.connections import Database, running, start, visible_to
from lienthong.database.migration import HEAD, migrate

__all__ = ["HEAD", "Database", "migrate", "running", "start", "visible_to"]
