"""A program that exchanges with a Portal until somebody kills it: run by test_portal_killed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from lienthong import settings
from lienthong.database import Database
from lienthong.partners.portal.running import Running

if __name__ == "__main__":
    url, home, portal, secret = sys.argv[1:]
    chosen = replace(
        settings.read({"LIENTHONG_HOME": home}), portal_url=portal, portal_account="byt",
        portal_secret_file=Path(secret), portal_seconds=1, portal_lines=3,
    )  # fmt: skip
    Running(Database(url), chosen).run()
