"""A program that loads files until somebody kills it: run by test_kill, one line of output per thing done."""

from __future__ import annotations

import sys
from pathlib import Path

from lienthong.database import Database
from lienthong.records import intake


def tell(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main(url: str, home: str, files: list[str]) -> None:
    folder = Path(home)

    def told(stage: str, *_: int) -> None:
        tell(stage)

    with Database(url).connect(autocommit=True) as conn:
        tell("ready")
        for waiting in intake.resume_unfinished(conn, home=folder):
            tell("resumed", waiting.receipt)
        for file in files:
            given = intake.receive(
                conn,
                Path(file),
                contract="trial",
                sender="01999",
                actor="mai",
                name="VISIT.csv",
                channel="test",
                home=folder,
            )
            tell("received", given.receipt)
            intake.process(conn, given.receipt, home=folder, progress=told)
            tell("processed", given.receipt)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
