"""Accounts of people: made and closed by an administrator, opened by a password that only its owner knows.

Passwords are kept as argon2id. Guessing is slowed per account and per address; the count survives a restart and
is written before the password is looked at, so that guesses at the same moment are counted too.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import psycopg

from lienthong import audit, clock
from lienthong.access.actor import Actor
from lienthong.access.roles import roles as declared_roles
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused
from lienthong.findings import LANGUAGES

SHORTEST = 12
WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 100
"""Wrong passwords within WINDOW after which an account, or an address, has to wait."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account as an administrator sees it."""

    id: str
    name: str
    roles: tuple[str, ...]
    facility: str | None
    province: str | None
    language: str
    active: bool
    created_at: datetime

    @property
    def actor(self) -> Actor:
        """The account as one who acts."""
        return Actor(
            id=self.id, kind="person", roles=self.roles, name=self.name,
            facility=self.facility, province=self.province, language=self.language,
        )  # fmt: skip


_COLUMNS = "id, name, roles, facility, province, language, active, created_at"


def create(
    connection: psycopg.Connection,
    by: Actor,
    id: str,
    *,
    name: str,
    roles: Sequence[str],
    password: str | None = None,
    facility: str | None = None,
    province: str | None = None,
    language: str = "vi",
) -> str:
    """Make an account and return its password (a made one when none is given; it is shown only here).

    Raises Refused for what is not possible, Conflict when the name is taken.
    """
    _check(id, roles, facility, province, language)
    chosen = secrets.token_urlsafe(12) if password is None else password
    row = connection.execute(
        "INSERT INTO app.account (id, name, password, roles, facility, province, language)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [id, name, hashed(chosen), list(roles), facility, province, language],
    ).fetchone()
    if row is None:
        raise Conflict("access.taken", "The account %(account)s exists already.", account=id)
    audit.write(
        connection,
        by,
        "account.created",
        {"account": id, "roles": list(roles), "facility": facility},
    )
    return chosen


def _check(
    id: str, names: Sequence[str], facility: str | None, province: str | None, language: str
) -> None:
    if not _ID.fullmatch(id):
        raise Refused(
            "access.id",
            "An account name has 2 to 64 small letters, digits, dots or dashes: %(account)s",
            account=id,
        )
    known = declared_roles().roles
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise Refused(
            "access.role", "Unknown role %(unknown)s; there are: %(known)s.",
            unknown=", ".join(unknown) or "–", known=", ".join(known),
        )  # fmt: skip
    if others := [name for name in names if known[name].holder != "person"]:
        raise Refused(
            "access.holder", "No person is given the role %(role)s.", role=", ".join(others)
        )
    reaches = {grant.reach for name in names for grant in known[name].grants}
    if "facility" in reaches and not facility:
        raise Refused("access.facility", "These roles need the code of a facility.")
    if "province" in reaches and not province:
        raise Refused("access.province", "These roles need the code of a province.")
    if language not in LANGUAGES:
        raise Refused(
            "access.language", "The language is one of: %(known)s.", known=", ".join(LANGUAGES)
        )


def find(connection: psycopg.Connection, id: str) -> Account | None:
    """The account of that name."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM app.account WHERE id = %s", [id]).fetchone()  # noqa: S608
    return _account(row) if row else None


def listed(connection: psycopg.Connection) -> list[Account]:
    """All accounts by name."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM app.account ORDER BY id")  # noqa: S608
    return [_account(row) for row in rows]


def _account(row: tuple) -> Account:
    names = ("id", "name", "roles", "facility", "province", "language", "active", "created_at")
    values = dict(zip(names, row, strict=True))
    return Account(**(values | {"roles": tuple(values["roles"])}))


def change_password(connection: psycopg.Connection, by: Actor, id: str, password: str) -> None:
    """Give an account a new password and end its sessions."""
    _alter(connection, id, "password", hashed(password))
    connection.execute("DELETE FROM app.session WHERE account = %s", [id])
    audit.write(connection, by, "account.password_changed", {"account": id})


def close(connection: psycopg.Connection, by: Actor, id: str) -> None:
    """Let nobody in with this account any more; what it did stays known."""
    _alter(connection, id, "active", False)
    connection.execute("DELETE FROM app.session WHERE account = %s", [id])
    audit.write(connection, by, "account.closed", {"account": id})


def _alter(connection: psycopg.Connection, id: str, column: str, value: object) -> None:
    from psycopg import sql

    statement = sql.SQL("UPDATE app.account SET {} = %s WHERE id = %s").format(
        sql.Identifier(column)
    )
    if not connection.execute(statement, [value, id]).rowcount:
        raise NotFound("access.none", "There is no account %(account)s.", account=id)


def hashed(password: str) -> str:
    """The argon2id hash to keep; raises Refused for a password that is too short."""
    from argon2 import PasswordHasher

    plain = unicodedata.normalize("NFC", password)
    if len(plain) < SHORTEST:
        raise Refused(
            "access.short", "A password has at least %(shortest)s characters.", shortest=SHORTEST
        )
    return PasswordHasher().hash(plain)


def _fits(kept: str | None, password: str) -> bool:
    from argon2 import PasswordHasher, exceptions

    try:
        PasswordHasher().verify(kept or _nobody(), unicodedata.normalize("NFC", password))
    except (exceptions.VerificationError, exceptions.InvalidHashError):
        return False
    return kept is not None


_dummy: list[str] = []


def _nobody() -> str:
    """A hash to compare with when there is no account, so that the answer takes as long."""
    if not _dummy:
        _dummy.append(hashed(secrets.token_urlsafe(16)))
    return _dummy[0]


def authenticate(
    connection: psycopg.Connection,
    id: str,
    password: str,
    address: str = "",
    at: datetime | None = None,
) -> Actor:
    """The person behind a name and a password; raises NotAllowed, with the same words for every wrong guess.

    Commits by itself: a wrong guess stays counted although the caller's request fails.
    """
    moment, subjects = at or clock.now(), _subjects(id, address)
    _throttle(connection, subjects, moment)
    connection.cursor().executemany(
        "INSERT INTO app.login_failure (subject, at) VALUES (%s, %s)",
        [(subject, moment) for subject in subjects],
    )
    connection.commit()
    row = connection.execute(
        "SELECT password FROM app.account WHERE id = %s AND active", [id]
    ).fetchone()
    account = find(connection, id) if _fits(row[0] if row else None, password) else None
    if account is None:
        audit.write(
            connection,
            "nobody",
            "account.refused",
            {"account": id[:64] if _ID.fullmatch(id) else "?"},
        )
        connection.commit()
        raise NotAllowed("access.wrong", "The name or the password is wrong.")
    connection.execute("DELETE FROM app.login_failure WHERE subject = %s", [subjects[0]])
    connection.execute(
        "DELETE FROM app.login_failure WHERE subject = %s AND at = %s", [subjects[-1], moment]
    )
    audit.write(connection, account.actor, "account.signed_in", {})
    connection.commit()
    return account.actor


def _subjects(id: str, address: str) -> list[str]:
    return [f"account:{id[:64]}"] + ([f"address:{address[:64]}"] if address else [])


def _throttle(connection: psycopg.Connection, subjects: list[str], at: datetime) -> None:
    connection.execute("DELETE FROM app.login_failure WHERE at < %s", [at - WINDOW])
    for subject, most in zip(subjects, (PER_ACCOUNT, PER_ADDRESS), strict=False):
        count, first = connection.execute(
            "SELECT count(*), min(at) FROM app.login_failure WHERE subject = %s", [subject]
        ).fetchone() or (0, None)
        if count >= most:
            minutes = max(1, -(-int((first + WINDOW - at).total_seconds()) // 60))
            raise NotAllowed(
                "access.slow",
                "Too many wrong passwords; try again in %(minutes)s minutes.",
                minutes=minutes,
            )
