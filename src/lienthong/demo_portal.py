"""The stand-in Portal beside the site of the demonstration, and what the site must know to speak with it.

Whoever has set a Portal of their own keeps it: then nothing is started here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong.demo_dossiers import STAND_IN

if TYPE_CHECKING:
    from lienthong.database import Database
    from lienthong.settings import Settings

PORT = 8010
TOKEN, SECRET = "portal-token", "portal-secret"
PRACTISE = "practise"
ACCOUNT = "byt"
PAYMENTS = "payments.yaml"
LINKED, MOST_LINKED = "results-linked-to", 100
"""For which address results went out with links, and how many: the stand-in fetches and holds each of them."""


@contextmanager
def beside(
    database: Database, chosen: Settings, address: str, port: int = PORT
) -> Iterator[str | None]:
    """The stand-in's address for the length of this block; None when another Portal is set."""
    if chosen.portal_url:
        yield None
        return
    folder = chosen.home / "demo"
    portal = f"http://127.0.0.1:{port}"
    token = _token(database, folder)
    told = _told(chosen, folder, portal, address)
    os.environ.update(told)
    _write_payments(chosen.home)
    _send_results_again(database, folder, address)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "lienthong", "portal-stand-in", "--attached", "--port", str(port), "--site", address,
            "--token-file", str(token), "--file", str(folder / STAND_IN),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until_it_answers(portal)
        yield portal
    finally:
        for name in told:
            os.environ.pop(name, None)
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()  # what it holds stands in its file
            process.wait()


def _send_results_again(database: Database, folder: Path, address: str) -> None:
    """Let the newest results go out again with the links of this address: when they were invented there was none."""
    file = folder / LINKED
    if file.exists() and file.read_text("utf-8") == address:
        return
    with database.connect() as connection:
        connection.execute(
            "UPDATE portal.dossier SET again = true WHERE code IN ("
            " SELECT r.dossier FROM dossiers.result r JOIN portal.dossier p ON p.code = r.dossier"
            " WHERE r.attachment IS NOT NULL AND r.corrected_at IS NULL AND p.blocked IS NULL AND p.attempts = 0"
            " AND NOT EXISTS (SELECT 1 FROM portal.difference d WHERE d.dossier = r.dossier)"
            " ORDER BY p.sent_at DESC NULLS LAST, r.dossier LIMIT %s)",
            [MOST_LINKED],
        )
        connection.commit()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(address, "utf-8")


def _until_it_answers(portal: str) -> None:
    """A site that starts before the stand-in would begin with failures that nobody caused."""
    import httpx

    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=30) as asking:
            asking.get(portal + "/static/style.css")
    except httpx.HTTPError:
        return  # the site shows that the line is down; the stand-in's own words stand above


def _told(chosen: Settings, folder: Path, portal: str, address: str) -> dict[str, str]:
    """The settings of the site and of its worker; what somebody chose stays."""
    _private(folder / SECRET, PRACTISE + "\n")
    said = {
        "LIENTHONG_PORTAL_URL": portal,
        "LIENTHONG_PORTAL_ACCOUNT": ACCOUNT,
        "LIENTHONG_PORTAL_SECRET_FILE": str(folder / SECRET),
        "LIENTHONG_PORTAL_PAYMENT_URL": portal,
        "LIENTHONG_PUBLIC_URL": address,
    }
    return {name: value for name, value in said.items() if not os.environ.get(name)}


def _token(database: Database, folder: Path) -> Path:
    """The token with which the stand-in pushes, made once."""
    from lienthong.access import operator, tokens

    file = folder / TOKEN
    if not file.exists():
        with database.connect() as connection:
            made = tokens.create(
                connection, operator(), facility="NPSP", name="portal (stand-in)", roles=("portal",)
            )
            connection.commit()
        _private(file, made + "\n")
    return file


def _write_payments(home: Path) -> None:
    """Invented accounts for every agency, unless the folder has its own terms."""
    import yaml

    from lienthong.procedures.agencies import agencies

    file = home / PAYMENTS
    if file.exists():
        return
    roots = sorted(
        {code.partition(".")[0] for code in agencies(home).by_code if not code[0].isdigit()}
    )
    payees = {
        root: {"account": f"0000{at:06d}", "bank": "NHM", "holder": f"Tài khoản mẫu {root}"}
        for at, root in enumerate(roots, 1)
    }
    said = {"partner": "BYT", "secret_file": f"demo/{SECRET}", "ip": "127.0.0.1", "payees": payees}
    head = "# Terms with the stand-in's payment platform: every account is invented.\n"
    file.write_text(head + yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")


def _private(file: Path, text: str) -> None:
    """A file that nobody else reads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
