"""particles.csv is read as it was written, and nothing else is taken for one."""

import sys
from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.paired import read_particles

TEXT = "index,group,stability,roll1/rank\n7,0,0.5,0.25\n3,1,1,\n9,1,0,0.75\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "particles.csv"
    path.write_text(text)
    return path


def test_rows_groups_and_gaps_are_read(tmp_path: Path) -> None:
    found = read_particles(written(tmp_path, TEXT))
    assert found.index.tolist() == [7, 3, 9] and found.of == 3
    assert found.groups is not None and found.groups.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(found.column("roll1", "rank"), [0.25, np.nan, 0.75])
    assert found.column(None, "stability") is not None and found.column("roll1", "kl") is None


def test_some_rows_alone_are_read(tmp_path: Path) -> None:
    found = read_particles(written(tmp_path, TEXT), keep={9, 7, 100})
    assert found.index.tolist() == [7, 9] and found.of == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no particles.csv"),
        ("row,a\n1,2\n", "no particles.csv"),
        ("index,a\n1,2\n1,3\n", "twice"),
        ("index,a\n,2\n", "not at all"),
        ("index,a\n1,x\n", "damaged"),
        ("index,a\n1\n", "damaged"),
        ("index,a\n\n", "damaged"),
        ("index,group\n1,\n", "gaps"),
        ("index,group\n1,0.5\n", "not whole"),
        ("index,a\n1,inf\n", "infinite values"),
        ("index,a\n1,1e400\n", "infinite values"),
        ("index,a\n1.5,2\n", "not at all"),
        ("index,a\n1e300,2\n", "not at all"),
    ],
)
def test_what_is_no_particles_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_particles(written(tmp_path, text))


def test_a_missing_file_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="encaudit probe CKPT"):
        read_particles(tmp_path / "particles.csv")


def test_reading_and_comparing_load_nothing_heavy() -> None:
    import subprocess

    code = "import sys, encaudit.paired; print({'torch', 'scipy', 'pandas'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
