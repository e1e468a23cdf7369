"""Row 3 of the goals: a million rows from the file to kept versions, beside a bare binary COPY of the same rows."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pgpq
import psycopg
import pyarrow.parquet as pq

from bench import data
from bench.checks import CONTRACT
from bench.measuring import PROGRAM, Line, run
from bench.store import kept_store


def measure(folder: Path, rows: int) -> list[Line]:
    """Rows a second of `lienthong load`, and of COPY into a table with a primary key in the same server."""
    files = data.make(folder / f"visits-{rows}", rows)
    sent = folder / "sent"
    shutil.rmtree(sent, ignore_errors=True)
    sent.mkdir()
    shutil.copy(files["parquet"], sent / "visits.parquet")
    shutil.copy(files["facilities"], sent / "facilities.parquet")
    with kept_store(folder / "store-intake") as environment:
        copied = copy_seconds(files["parquet"], environment["LIENTHONG_DATABASE_URL"])
        command = [PROGRAM, "load", sent, "-c", CONTRACT, "-s", "00009", "--json"]
        first = run(command, **environment)
        receipt = json.loads(first.out)
        # The same rows in another file: everything is compared, nothing is written again.
        (sent / "visits.parquet").unlink()
        shutil.copy(files["csv"], sent / "visits.csv")
        again = run(command, **environment)
        second = json.loads(again.out)
    shutil.rmtree(sent)
    rate, yardstick = rows / first.wall, rows / copied
    wrong = [
        name
        for name, one in (("first", receipt), ("second", second))
        if one["received"] != one["kept"] + one["unchanged"] + one["quarantined"]
    ]
    note = (
        f"{receipt['kept']:,} kept, {receipt['quarantined']:,} in quarantine; {first.mib:.0f} MiB,"
        f" {first.cpu:.1f} s of processor beside the server"
    )
    return [
        Line(
            f"intake of {rows:,} rows, end to end", f"{rate:,.0f} rows/s", f"{yardstick:,.0f} rows/s (COPY)",
            f"{yardstick / rate:.1f}", "≥ 60,000 rows/s", rate >= 60_000 and not wrong, note,
            {"receipt": receipt, "ours": first._replace(out="")._asdict(), "copy": copied},
        ),
        Line(
            f"the same {rows:,} rows again, as CSV", f"{rows / again.wall:,.0f} rows/s", "", "", "–", not wrong,
            f"{second['unchanged']:,} unchanged, {second['kept']:,} kept anew", {"receipt": second},
        ),
    ]  # fmt: skip


def copy_seconds(file: Path, url: str) -> float:
    """Seconds of a binary COPY of the file into a logged table with a primary key, commit included."""
    stream = pq.ParquetFile(file)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(stream.schema_arrow)
    kinds = [column.data_type.ddl() for column in encoder.schema().columns]
    columns = list(zip(stream.schema_arrow.names, kinds, strict=True))
    shown = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE warm AS SELECT 1")
        conn.execute("CREATE SCHEMA IF NOT EXISTS yardstick")
        conn.execute(
            f"CREATE TABLE yardstick.visits ({shown}, at bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"
        )
        begun = time.perf_counter()
        names = ", ".join(f'"{name}"' for name, _ in columns)
        with (
            conn.transaction(),
            conn.cursor() as cursor,
            cursor.copy(f"COPY yardstick.visits ({names}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(encoder.write_header())
            for batch in stream.iter_batches(65_536):
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())
        seconds = time.perf_counter() - begun
        conn.execute("DROP SCHEMA yardstick CASCADE")
    return seconds
