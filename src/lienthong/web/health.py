"""Whether the site and its database answer, for whoever watches over the machine."""

from __future__ import annotations

from litestar import MediaType, Response, get
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout


@get("/healthz", opt={"public": True}, sync_to_thread=True, media_type=MediaType.TEXT)
def health(pool: ConnectionPool) -> Response[str]:
    """`ok`, or 503 while the database does not answer."""
    try:
        with pool.connection(timeout=3) as conn:
            conn.execute("SELECT 1")
    except (OperationalError, PoolTimeout):
        return Response("database", status_code=503, media_type=MediaType.TEXT)
    return Response("ok", media_type=MediaType.TEXT)


ROUTES = [health]
