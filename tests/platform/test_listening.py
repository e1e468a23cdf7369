"""A site never shares its address with another program."""

import socket
import subprocess
import sys

import pytest

from lienthong.errors import Unavailable
from lienthong.listening import must_be_free


@pytest.fixture
def taken():
    with socket.socket() as somebody:  # as servers share a port: without a look nobody would notice
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def test_a_taken_address_is_refused_and_a_free_one_is_not(taken):
    with pytest.raises(Unavailable, match=str(taken)):
        must_be_free("127.0.0.1", taken)
    must_be_free("127.0.0.1", 0)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 8000)])
def test_an_address_that_is_not_ours_is_refused_in_words(host, port):
    with pytest.raises(Unavailable):
        must_be_free(host, port)


@pytest.mark.parametrize("command", [("serve",), ("demo", "--serve")])
def test_the_commands_say_so_before_they_begin(taken, tmp_path, command):
    done = subprocess.run(
        [sys.executable, "-m", "lienthong", *command, "--port", str(taken)],
        env={"LIENTHONG_HOME": str(tmp_path / "data"), "PATH": "/usr/bin:/bin", "LIENTHONG_LANGUAGE": "vi"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == Unavailable.exit_code
    assert f"127.0.0.1:{taken}" in done.stderr and done.stdout == ""
    assert not (tmp_path / "data" / "pg").exists()
