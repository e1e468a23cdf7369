"""Files that came before there was a scanner or a trusted certificate are looked at again, each content once."""

from __future__ import annotations

import shlex
import sys

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.dossiers import attachments, malware, rechecking
from lienthong.errors import NotAllowed, Unavailable
from tests.dossiers import test_pdf_signatures
from tests.dossiers.test_attachments import PDF, add
from tests.dossiers.world import filed, publish

keys, root, blank, paper = (
    test_pdf_signatures.keys, test_pdf_signatures.root, test_pdf_signatures.blank, test_pdf_signatures.paper,
)  # fmt: skip
"""The same people who sign as in the tests of signatures."""


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


def scanner(program: str) -> str:
    """A command that is asked with the path of a file."""
    begins = "import sys; data = open(sys.argv[1], 'rb').read(); "
    return shlex.join([sys.executable, "-c", begins + program])


PASSES = scanner("sys.exit(0)")
REFUSES_EVIL = scanner("sys.exit(1 if b'EVIL' in data else 0)")


def known(conn, code):
    return {one.name: one for one in attachments.attachments(conn, code)}


def test_a_scanner_that_comes_later_looks_at_what_was_not_checked(conn, tmp_path):
    code, other = filed(conn), filed(conn)
    add(conn, code, home=tmp_path, name="a.pdf")
    add(conn, code, PDF + b"EVIL", home=tmp_path, name="b.pdf")
    add(conn, other, PDF + b"EVIL", home=tmp_path, name="b.pdf")
    assert rechecking.round_of(conn, tmp_path, None).changed == 0, "nothing can be said without one"
    done = rechecking.round_of(conn, tmp_path, REFUSES_EVIL)
    assert (done.looked_at, done.changed, done.refused) == (3, 3, 2)
    found = known(conn, code)
    assert (found["a.pdf"].malware, found["b.pdf"].malware) == ("passed", "refused")
    assert attachments.content(tmp_path, found["a.pdf"]) == PDF
    for bad in (found["b.pdf"], known(conn, other)["b.pdf"]):
        with pytest.raises(NotAllowed, match="evidence"):
            attachments.content(tmp_path, bad)
    assert attachments.path_of(tmp_path, found["b.pdf"].sha256).exists(), "evidence is not deleted"
    assert rechecking.round_of(conn, tmp_path, REFUSES_EVIL).looked_at == 0, "once is enough"


def test_a_certificate_that_is_trusted_later_makes_a_signature_valid(conn, tmp_path, paper, root):
    code = filed(conn)
    add(conn, code, paper()[0], home=tmp_path, name="ky.pdf")
    assert known(conn, code)["ky.pdf"].signature == "untrusted"
    assert rechecking.round_of(conn, tmp_path, None).changed == 0
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    assert rechecking.waiting(conn, tmp_path, None) == 1
    assert rechecking.round_of(conn, tmp_path, None).changed == 1
    one = known(conn, code)["ky.pdf"]
    assert (one.signature, one.signature_why, one.malware) == ("valid", "", "not_checked")
    assert one.signed_by
    assert rechecking.waiting(conn, tmp_path, None) == 0


@pytest.mark.parametrize(
    "check",
    [
        scanner("import time; time.sleep(60)"), scanner("sys.exit(2)"), scanner("import os; os.kill(os.getpid(), 9)"),
        "/nowhere/scanner", "scanner 'without an end",
    ],
    ids=["hangs", "fails", "dies", "is not there", "is written wrongly"],
)  # fmt: skip
def test_a_scanner_that_gives_no_answer_changes_nothing_and_is_asked_again(
    conn, tmp_path, monkeypatch, check
):
    code = filed(conn)
    add(conn, code, home=tmp_path, name="a.pdf")
    before = attachments.attachments(conn, code)
    run = malware.ask
    monkeypatch.setattr(malware, "ask", lambda path, command, seconds: run(path, command, 0.3))
    done = rechecking.round_of(conn, tmp_path, check)
    assert done.silent and done.looked_at == 0
    assert attachments.attachments(conn, code) == before
    with pytest.raises(Unavailable) as silent:
        rechecking.of_dossier(conn, "tn", code, tmp_path, check)
    assert silent.value.code == "ATTACHMENT-SILENT"
    with pytest.raises(Unavailable) as refused:
        add(conn, code, PDF + b" ", home=tmp_path, check=check)
    assert refused.value.code == "ATTACHMENT-CHECK", "and a new file is not taken"
    monkeypatch.undo()
    assert rechecking.round_of(conn, tmp_path, PASSES).changed == 1


def test_a_scanner_that_hangs_is_ended_with_what_it_started(tmp_path):
    told = tmp_path / "pid"
    check = shlex.join(["sh", "-c", f"sleep 60 & echo $! > {shlex.quote(str(told))}; wait"])
    file = tmp_path / "a.pdf"
    file.write_bytes(PDF)
    with pytest.raises(Unavailable):
        malware.ask(file, check, 3)
    assert told.exists(), "it had started"
    pid = int(told.read_text())
    stat = tmp_path.__class__(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_bytes_that_are_gone_hold_up_nobody(conn, tmp_path):
    code = filed(conn)
    lost = add(conn, code, home=tmp_path, name="a.pdf")
    add(conn, code, PDF + b" ", home=tmp_path, name="b.pdf")
    attachments.path_of(tmp_path, lost.sha256).unlink()
    assert rechecking.round_of(conn, tmp_path, PASSES, most=1).changed == 0
    assert rechecking.round_of(conn, tmp_path, PASSES, most=1).changed == 1
    assert {name: one.malware for name, one in known(conn, code).items()} == {
        "a.pdf": "not_checked",
        "b.pdf": "passed",
    }


def test_a_file_that_was_taken_away_is_not_looked_at(conn, tmp_path):
    code = filed(conn)
    one = add(conn, code, home=tmp_path)
    attachments.remove(conn, "tn", code, one.id, "nhầm")
    assert rechecking.round_of(conn, tmp_path, PASSES).looked_at == 0


def test_a_certificate_that_cannot_be_read_is_told_of_and_no_fault_of_the_sender(conn, tmp_path, paper):  # fmt: skip
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "root.pem").write_text("no certificate")
    with pytest.raises(Unavailable, match=r"root\.pem"):
        add(conn, filed(conn), paper()[0], home=tmp_path)
