"""Invented hospitals sign as real ones must: the same bytes each time, trusted by the data folder, over the file."""

from __future__ import annotations

from tests.formats.making import envelope, visit

from lienthong.records.formats.chosen import trusted
from lienthong.records.formats.signature import verified
from lienthong.synthetic.signing import Signer, signs


def test_a_signed_envelope_is_valid_and_the_same_each_time(tmp_path):
    files = [tmp_path / "a.xml", tmp_path / "b.xml"]
    for file in files:
        file.write_text(envelope(visit("a"), visit("b"), signature=""), encoding="utf-8")
        Signer(tmp_path / "demo", tmp_path / "certificates").sign(file, "01999")
    assert files[0].read_bytes() == files[1].read_bytes()
    authorities = trusted(tmp_path / "certificates")
    assert verified(files[0], authorities) == ("valid", None)
    assert (tmp_path / "demo" / "signer.key").stat().st_mode & 0o077 == 0
    files[0].write_bytes(files[0].read_bytes().replace(b"20260304", b"20260305"))
    assert verified(files[0], authorities)[0] == "invalid"


def test_some_sign_and_some_do_not():
    assert {signs(f"{province:02d}001") for province in range(1, 34)} == {True, False}
