"""`lienthong worker`: processes submissions as they are received, and what a killed program left unfinished.

Any number of workers may run: those of one sender wait for each other, so that versions follow the order of arrival.
A worker may be killed at any moment; what it did not finish is as if it had not begun.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from lienthong import clock
from lienthong import settings as all_settings
from lienthong.database import Database, running
from lienthong.errors import Failure, Unavailable
from lienthong.words import say

if TYPE_CHECKING:
    from lienthong.contracts.contract import Contract
    from lienthong.quality.expected import Expected

EVERY = 30.0
"""Seconds after which a worker looks again even when nobody called."""

PAUSE = 5.0
"""Seconds of rest when the database or the disk does not answer."""

NIGHT_AGAIN = 600.0
"""Seconds after which the work of the night is tried again when it failed."""


class Worker:
    """Does what waits in one database until it is told to `stop`."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self._stopped = threading.Event()
        self.log = structlog.get_logger()
        self._night: date | None = None
        self._night_after = 0.0
        self._reported: date | None = None

    def stop(self) -> None:
        """End after the submission at hand."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; a silent database is waited for."""
        from lienthong.records.intake import blobs

        blobs.sweep(self.home)
        while not self._stopped.is_set():
            try:
                self._listen()
            except Unavailable as silent:
                self.log.warning("worker.waits", why=silent.code)
                self._stopped.wait(PAUSE)

    def _listen(self) -> None:
        import psycopg

        try:
            with self.database.connect(autocommit=True) as conn:
                conn.execute("LISTEN lienthong_submission")
                while not self._stopped.is_set():
                    self.once(conn)
                    self.tickets(conn, night=False)  # what is known need not wait
                    self.across(conn)
                    self.tickets(conn)
                    self.lapses(conn)
                    self.files(conn)
                    self.reports(conn)
                    for _ in conn.notifies(timeout=EVERY, stop_after=1):
                        pass
        except psycopg.OperationalError as error:
            raise Unavailable(
                "database.silent",
                "The database does not answer. Nothing was taken; try again in a moment.",
            ) from error

    def once(self, conn: Any) -> int:
        """Process everything that waits now; returns how many. A submission that fails does not stop the others."""
        from lienthong.records import intake
        from lienthong.records.store import counts

        counts.fold_all(conn)  # what a site that was killed has left; it usually does it itself
        done = 0
        for receipt in intake.unfinished(conn):
            if self._stopped.is_set():
                break
            try:
                given = intake.resume(conn, receipt, home=self.home)
            except Unavailable:
                raise
            except Failure as failure:
                self.log.error("worker.failed", receipt=receipt, why=failure.code)
                continue
            except Exception:
                self.log.exception("worker.failed", receipt=receipt)
                continue
            if given is not None:
                done += 1
                self.log.info(
                    "worker.processed", receipt=given.receipt, state=given.state, received=given.received,
                    kept=given.kept, unchanged=given.unchanged, quarantined=given.quarantined,
                )  # fmt: skip
        return done

    def across(self, conn: Any) -> int:
        """Ask the kept records again whose other side changed; returns how many."""
        from lienthong.records.crossing import again

        asked = again.look_again(conn, self.home)
        if asked:
            self.log.info("worker.asked_again", records=asked)
        return asked

    def lapses(self, conn: Any) -> None:
        """Stop the dossiers whose applicants did not answer in time. A failure stops nothing else."""
        import psycopg

        from lienthong.dossiers import lapsing, line

        try:
            done = lapsing.lapse(conn)
            line.forget_keys(conn)
        except (psycopg.OperationalError, Unavailable):
            raise
        except Exception:
            self.log.exception("worker.lapses_failed")
            return
        if done:
            self.log.info("worker.lapsed", dossiers=len(done))

    def files(self, conn: Any) -> None:
        """Look again at files of dossiers that nobody could check when they came. A failure stops nothing else."""
        import psycopg

        from lienthong.dossiers import rechecking

        check = all_settings.read().attachment_check
        try:
            done = rechecking.round_of(conn, self.home, check)
        except psycopg.OperationalError:
            raise
        except Exception:
            self.log.exception("worker.files_failed")
            return
        if done.looked_at or done.silent:
            self.log.info(
                "worker.files", looked_at=done.looked_at, changed=done.changed, refused=done.refused,
                silent=done.silent,
            )  # fmt: skip

    def reports(self, conn: Any) -> None:
        """Count what happened to dossiers, and keep figures of periods that ended. A failure stops nothing else."""
        import psycopg

        from lienthong.records.intake import terms
        from lienthong.reports import editions, keeping

        try:
            counted = keeping.keep_up(conn)
            if self._reported != clock.today():
                codes, declared = terms.codes(self.home), editions.declared(self.home)
                keeping.keep_closed(conn, clock.today(), codes, declared)
                self._reported = clock.today()
        except (psycopg.OperationalError, Unavailable):
            raise
        except Exception:
            self.log.exception("worker.reports_failed")
            return
        if counted:
            self.log.info("worker.reports", dossiers=counted)

    def tickets(self, conn: Any, *, night: bool = True) -> None:
        """Make tickets say what is open now, and once a day the work of the night. A failure stops nothing else."""
        import psycopg

        for work in (self._keep_up, self._do_night) if night else (self._keep_up,):
            try:
                work(conn)
            except (psycopg.OperationalError, Unavailable):
                raise
            except Exception:
                self.log.exception("worker.tickets_failed")

    def _keep_up(self, conn: Any) -> None:
        from lienthong.quality.tickets import upkeep

        done = upkeep.keep_up(conn)
        if done.opened or done.reopened or done.closed:
            self.log.info(
                "worker.tickets", opened=len(done.opened), reopened=len(done.reopened), closed=len(done.closed),
            )  # fmt: skip

    def _do_night(self, conn: Any) -> None:
        """The first look of a day does it; one that failed is tried again after a while."""
        from lienthong.quality.tickets import nightly

        today = clock.today()
        if self._night == today or time.monotonic() < self._night_after:
            return
        self._night_after = time.monotonic() + NIGHT_AGAIN
        if not nightly.is_done(conn, today):
            night = nightly.run(conn, *self._expected(today), today=today)
            self.log.info("worker.night", done=night is not None)
        self._night, self._night_after = today, 0.0

    def _expected(self, today: date) -> tuple[list[Contract], Expected]:
        from lienthong.contracts.reading import read_contract
        from lienthong.quality.expected import Expected
        from lienthong.records.intake import terms

        # Who is expected to send stands in the contracts; their rules need not be compiled for it.
        paths = (terms.path_of(name, self.home) for name in terms.names(self.home))
        contracts = [read_contract(path) for path in paths]
        return contracts, Expected.load(terms.codes(self.home), contracts, today)


@contextmanager
def beside(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own for the length of this block; it also ends when we are killed."""
    environment = os.environ | {"LIENTHONG_DATABASE_URL": database.url}
    process = subprocess.Popen(
        [sys.executable, "-m", "lienthong", "worker", "--attached"],
        stdin=subprocess.PIPE, env=environment,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()  # safe at any moment
            process.wait()


def worker(
    attached: Annotated[
        bool,
        typer.Option(
            "--attached", help=say("End when the input ends (for the program that serves).")
        ),
    ] = False,
) -> None:
    """Do the jobs that wait."""
    from lienthong import logs

    chosen = all_settings.read()
    logs.configure(chosen.log_level)
    with running(chosen) as database:
        made = Worker(database, chosen.home)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _leave(made, database))
        if attached:
            threading.Thread(target=_until_end_of_input, args=[made, database], daemon=True).start()
        threading.Thread(target=_tell_subscribers, args=[database, chosen], daemon=True).start()
        if chosen.portal_url:
            threading.Thread(target=_exchange, args=[database, chosen], daemon=True).start()
        made.run()


def _tell_subscribers(database: Database, chosen: all_settings.Settings) -> None:
    from lienthong.partners.subscribers import Deliveries
    from lienthong.partners.subscribers.running import Running

    deliveries = Deliveries(chosen.home, chosen.webhook_hosts)
    Running(database, deliveries, chosen.feed_days).run()


def _exchange(database: Database, chosen: all_settings.Settings) -> None:
    from lienthong.partners.portal.running import Running

    Running(database, chosen).run()


def _leave(made: Worker, database: Database) -> None:
    """Go at once: what is under way is rolled back by the database and taken up again later."""
    made.stop()
    database.close()
    os._exit(0)


def _until_end_of_input(made: Worker, database: Database) -> None:
    sys.stdin.buffer.read()
    _leave(made, database)
