"""What an institution trusts: certificates from files and folders, never silently none."""

import pytest

from lienthong.errors import Unavailable
from lienthong.records.formats.chosen import reading_options, trusted
from tests.formats.test_signature import certificate, pem


@pytest.fixture(scope="module")
def two():
    return [pem(certificate(name)[0]) for name in ("A", "B")]


def test_a_folder_gives_every_certificate_of_its_pem_files(tmp_path, two):
    (tmp_path / "both.pem").write_text("Bag Attributes\n" + "".join(two))
    (tmp_path / "notes.txt").write_text("nothing")
    assert trusted(tmp_path) == two


def test_a_folder_that_is_not_there_holds_none(tmp_path):
    options = reading_options([tmp_path / "none"], unencoded_inner=True, optimistic=False)
    assert (options.certificates, options.unencoded_inner) == ((), True)


@pytest.mark.parametrize(
    "text", ["", "{0}BEGIN CERTIFICATE{0}\nAAAA\n{0}END CERTIFICATE{0}\n".format("-" * 5), "\xff"]
)
def test_a_file_without_a_certificate_is_not_taken_for_an_empty_trust(tmp_path, text):
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(Unavailable) as refused:
        trusted(tmp_path)
    assert refused.value.details == {"name": "ca.pem"}
