"""The own server: shared, crash-safe, reachable through long paths, run by the wheel as well as by the system's."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from lienthong import database, settings
from lienthong.database import connections, programs
from lienthong.database.cluster import Cluster
from lienthong.errors import Unavailable

FAST = {"fsync": "off"}


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="lt-"))
    made.chmod(0o711)
    yield made
    for note in made.rglob("postmaster.pid"):  # a test that failed may leave a server
        with_pid = int(note.read_text().split()[0])
        os.kill(with_pid, signal.SIGQUIT)
    shutil.rmtree(made, ignore_errors=True)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_two_programs_share_a_server_and_the_last_stops_it(folder):
    first, second = Cluster(folder / "pg", FAST), Cluster(folder / "pg", FAST)
    first.start()
    number = postmaster(first)
    second.start()
    assert postmaster(second) == number
    first.leave()
    assert second.answers()
    second.leave()
    assert not second.answers()
    assert not (second.data / "postmaster.pid").exists()
    second.leave()


def test_what_was_committed_outlives_a_killed_server_and_program(folder):
    script = (
        "import sys, os, signal; from pathlib import Path; from lienthong import database\n"
        "from lienthong.database.cluster import Cluster\n"
        "c = Cluster(Path(sys.argv[1])); c.start(); d = database.Database(c.conninfo, c)\n"
        "with d.connect('owner') as k: k.execute('CREATE TABLE kept AS SELECT 7 AS n')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder / "pg")], check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    again = Cluster(folder / "pg", FAST)
    assert again.answers()  # the killed program could not stop it
    os.kill(postmaster(again), signal.SIGKILL)
    again.start()
    with psycopg.connect(again.conninfo) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    again.leave()
    assert not again.answers()


def test_a_start_that_was_killed_half_way_leaves_nothing_in_the_way(folder):
    (folder / "pg" / "data.new").mkdir(parents=True)
    (folder / "pg" / "data.new" / "PG_VERSION").write_text("99")
    cluster = Cluster(folder / "pg", FAST)
    cluster.start()
    assert cluster.answers()
    cluster.leave()


def test_a_stale_note_of_another_process_is_seen_through(folder):
    cluster = Cluster(folder / "pg", FAST)
    cluster.start()
    cluster.leave()
    note = cluster.data / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{cluster.data}\n1\n5432\n{cluster.socket}\n\n\n")
    os.chown(note, cluster.account.uid, cluster.account.gid)
    cluster.start()
    assert cluster.answers()
    cluster.leave()


def test_a_path_that_is_too_long_for_a_socket_works(folder):
    cluster = Cluster(folder / ("x" * 120) / "pg", FAST)
    cluster.start()
    try:
        assert len(str(cluster.socket)) < 90
        assert cluster.answers()
    finally:
        cluster.leave()
        shutil.rmtree(cluster.socket, ignore_errors=True)


def test_nobody_else_may_enter(folder):
    cluster = Cluster(folder / "pg", FAST)
    cluster.start()
    try:
        for private in (cluster.data, cluster.socket):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        with psycopg.connect(cluster.conninfo) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute(
                "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone() == (False, False)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"host='{cluster.socket}' dbname=lienthong user=somebody")
    finally:
        cluster.leave()


def test_what_was_sent_and_attached_is_open_to_its_owner_alone(folder):
    """Also in a data folder that an older program left open; the server beside them may still be passed through to."""
    (folder / "attachments" / "3d").mkdir(parents=True)
    (folder / "attachments").chmod(0o755)
    connections.keep_private(folder)
    for name in ("attachments", "blobs", "work"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700, name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    connections.keep_private(Path("/proc/nowhere"))  # not ours to make: no fault


def test_every_start_closes_them(folder):
    with database.running(replace(settings.read(), home=folder, database_url=None)):
        assert stat.S_IMODE((folder / "attachments").stat().st_mode) == 0o700


def test_programs_that_come_at_once_agree_where_the_data_are(folder, monkeypatch):
    cluster = Cluster(folder / "pg")
    first = cluster._identity()
    monkeypatch.setattr(
        Path, "exists", lambda path: False
    )  # who looked before the first had written
    assert Cluster(folder / "pg")._identity() == first
    assert [path.name for path in cluster.folder.iterdir()] == ["identity"]


def test_a_folder_of_somebody_else_is_refused(folder):
    cluster = Cluster(folder / "pg", FAST)
    cluster.folder.mkdir()
    cluster.folder.chmod(0o711)
    (cluster.folder / "socket").symlink_to("/tmp")
    with pytest.raises(Unavailable):
        cluster.start()
    assert not cluster.answers()


def wheel() -> list[programs.Programs]:
    return [found for found in programs.installed() if found.folder == programs.bundled()]


def test_the_wheel_serves_where_nothing_is_installed(folder):
    cluster = Cluster(folder / "pg", FAST, choice=wheel())
    cluster.start()
    try:
        made = database.Database(cluster.conninfo)
        made.migrate()
        with made.connect() as connection:
            assert connection.execute("SELECT upper('đặng')").fetchone() == ("ĐẶNG",)
    finally:
        cluster.leave()
    if any(found.major != wheel()[0].major for found in programs.installed()):
        cluster.start()  # the machine's first choice is another version: the cluster's own is taken
        assert cluster.answers()
        cluster.leave()


def test_without_any_server_the_message_says_what_to_do(folder):
    with pytest.raises(Unavailable) as wrong:
        Cluster(folder / "pg", choice=[]).start()
    assert wrong.value.code == "database.none"


def test_a_cluster_of_a_version_that_is_gone_is_not_touched(folder):
    data = folder / "pg" / "data"
    data.mkdir(parents=True)
    data.parent.chmod(0o711)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(Unavailable) as wrong:
        Cluster(folder / "pg").start()
    assert wrong.value.code == "database.version"
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
def test_root_lends_another_user_and_keeps_closed_folders_closed(folder, monkeypatch):
    from lienthong.database import cluster as module

    monkeypatch.setattr(module, "_PRIVATE", folder / "private")
    home = folder / "home"
    home.mkdir(mode=0o700)
    cluster = Cluster(home / "pg", FAST)
    cluster.start()
    try:
        assert cluster.base.parent == folder / "private"
        assert Cluster(home / "pg").base == cluster.base
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid == cluster.account.uid != 0
    finally:
        cluster.leave()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
def test_a_machine_that_closes_new_folders_starts_it_too(folder, monkeypatch):
    from lienthong.database import cluster as module

    monkeypatch.setattr(module, "_PRIVATE", folder / "private")
    before = os.umask(0o077)
    try:
        cluster = Cluster(folder / "pg", FAST)
        cluster.start()
        assert cluster.answers()
        cluster.leave()
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
def test_programs_in_a_closed_folder_are_copied_to_where_they_can_run(folder, monkeypatch):
    from lienthong.database import cluster as module

    monkeypatch.setattr(module, "_PRIVATE", folder / "private")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    found = wheel()[0]
    shutil.copytree(found.folder.parent, closed / "pginstall", symlinks=True)
    cluster = Cluster(
        folder / "pg", FAST, choice=[programs.Programs(closed / "pginstall" / "bin", found.major)]
    )
    cluster.start()
    try:
        assert cluster.answers()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        running = Path(f"/proc/{postmaster(cluster)}/exe").resolve()
        assert running.is_relative_to(folder / "private")
    finally:
        cluster.leave()


def test_a_table_is_prepared_once_and_a_newer_one_is_not_touched(cluster, fresh_db):
    fresh_db.migrate()
    with fresh_db.connect("owner") as connection:
        connection.execute("UPDATE app.revision SET version_num = '9999'")
    with pytest.raises(Unavailable) as wrong:
        fresh_db.migrate()
    assert wrong.value.code == "database.newer"


def test_a_database_prepared_by_its_administrator_works_and_one_without_rights_says_so(cluster):
    from psycopg.conninfo import make_conninfo

    whole = make_conninfo(cluster.conninfo, dbname="postgres", user="postgres")
    with psycopg.connect(whole, autocommit=True) as admin:
        admin.execute("CREATE ROLE plain NOLOGIN")
        for name in ("lent", "bare"):
            admin.execute(
                f"CREATE DATABASE {name} OWNER {'plain' if name == 'lent' else 'postgres'}"
            )
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'lienthong_app'").fetchone():
            admin.execute("CREATE ROLE lienthong_app NOLOGIN")
        admin.execute("GRANT lienthong_app TO plain")
    as_plain = {"user": "postgres", "options": "-c role=plain"}
    with psycopg.connect(
        make_conninfo(whole, dbname="lent", **as_plain), autocommit=True
    ) as connection:
        database.migrate(connection)
        assert connection.execute("SELECT version_num FROM app.revision").fetchone() == (
            database.HEAD,
        )
    with (
        psycopg.connect(
            make_conninfo(whole, dbname="bare", **as_plain), autocommit=True
        ) as connection,
        pytest.raises(Unavailable) as wrong,
    ):
        database.migrate(connection)
    assert wrong.value.code == "database.rights"


def test_programs_that_start_at_once_prepare_once(cluster):
    import threading

    from psycopg.conninfo import make_conninfo

    with psycopg.connect(
        make_conninfo(cluster.conninfo, dbname="postgres", user="postgres"), autocommit=True
    ) as admin:
        admin.execute("CREATE DATABASE at_once OWNER lienthong")
    made = database.Database(make_conninfo(cluster.conninfo, dbname="at_once"))
    wrong: list[BaseException] = []

    def prepare() -> None:
        try:
            made.migrate()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with made.connect() as connection:
        assert connection.execute("SELECT version_num FROM app.revision").fetchall() == [
            (database.HEAD,)
        ]
