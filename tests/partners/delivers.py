"""A program that delivers until somebody kills it: run by test_killed, one line of output for each step."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from lienthong.database import Database
from lienthong.partners.subscribers import Deliveries, delivering, posting
from lienthong.partners.subscribers.running import Running


def main(url: str, home: str) -> None:
    delivering.FIRST_WAIT = delivering.LONGEST_WAIT = 0.01

    def post(*given):
        answer = posting.post(*given)
        sys.stdout.write(f"{answer.verdict}\n")
        sys.stdout.flush()
        return answer

    deliveries = Deliveries(Path(home), frozenset(("127.0.0.1",)), post=post)
    threading.Thread(target=Running(Database(url), deliveries, 30).run, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
