"""A store for the bench: the program's own PostgreSQL in a folder of its own, as a fresh machine would have it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lienthong import database, settings


@contextmanager
def kept_store(folder: Path) -> Iterator[dict[str, str]]:
    """Starts an empty store; yields the environment in which the program finds it."""
    shutil.rmtree(folder, ignore_errors=True)
    chosen = settings.read({"LIENTHONG_HOME": str(folder)})
    own = os.environ.pop("LIENTHONG_DATABASE_URL", None)
    try:
        with database.running(chosen) as found:
            yield {"LIENTHONG_HOME": str(folder), "LIENTHONG_DATABASE_URL": found.url}
    finally:
        if own is not None:
            os.environ["LIENTHONG_DATABASE_URL"] = own
        shutil.rmtree(folder, ignore_errors=True)
