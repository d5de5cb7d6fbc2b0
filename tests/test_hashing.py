"""The fingerprint of input files."""

import hashlib
from pathlib import Path

import pytest

from encaudit.errors import InputError
from encaudit.hashing import sha256_of


def test_the_digest_is_that_of_the_files_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"y")
    told: list[int] = []
    digest = sha256_of([tmp_path / "a", str(tmp_path / "b")], progress=told.append)
    assert digest == hashlib.sha256(b"x" * 3_000_000 + b"y").hexdigest()
    assert sum(told) == 3_000_001
    assert len(told) > 2
    assert sha256_of([tmp_path / "b", tmp_path / "a"]) != digest


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read"):
        sha256_of([tmp_path / "gone"])
