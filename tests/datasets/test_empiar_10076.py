"""A folder with EMPIAR-10076 is checked: does everything that is there belong to these particles?"""

import pickle
from pathlib import Path

import numpy as np
import pytest

from encaudit.datasets import empiar_10076
from encaudit.errors import InputError
from tests.images.written_stacks import write_mrcs

COUNT = 7


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder like the real one, but for the number of particles."""
    monkeypatch.setattr(empiar_10076, "PARTICLES", COUNT)
    write_mrcs(tmp_path / "particles.128.mrcs", np.zeros((COUNT, 8, 8), np.float32))
    rotations = np.broadcast_to(np.eye(3, dtype=np.float32), (COUNT, 3, 3))
    (tmp_path / "poses.pkl").write_bytes(pickle.dumps((rotations, np.zeros((COUNT, 2), np.float32))))
    write_ctf(tmp_path / "ctf.pkl", apix=1.31)
    return tmp_path


def write_ctf(path: Path, apix: float) -> None:
    row = [320, apix, 15_000, 14_000, 30, 300, 2.7, 0.1, 0]
    path.write_bytes(pickle.dumps(np.tile(np.array(row, np.float32), (COUNT, 1))))


def test_a_whole_folder_is_told_what_it_holds_and_what_to_type(folder: Path) -> None:
    found = empiar_10076.check(folder)
    assert [path.name for path in found.files] == ["particles.128.mrcs", "poses.pkl", "ctf.pkl"]
    text = "\n".join(found.lines)
    assert "7 images of 8 x 8 pixels" in text
    assert f"cryodrgn downsample {folder / 'particles.128.mrcs'} -D 128" in text
    assert "poses.pkl: not the published one." in text
    assert "filtered.ind.pkl: not there" in text
    assert found.lines[-1].startswith("Next: encaudit train vae --images ")
    assert found.lines[-1].endswith("--preset paper")


@pytest.mark.parametrize("name", ["poses.pkl", "ctf.pkl", "particles.128.mrcs"])
def test_what_is_missing_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"lacks {name}"):
        empiar_10076.check(folder)


def test_a_stack_of_another_length_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(empiar_10076, "PARTICLES", COUNT + 1)
    with pytest.raises(InputError, match="holds 7 images; expected 8"):
        empiar_10076.check(folder)


def test_a_ctf_of_other_particles_is_refused(folder: Path) -> None:
    write_ctf(folder / "ctf.pkl", apix=2.0)
    with pytest.raises(InputError, match=r"640\.0 angstrom wide; those of EMPIAR-10076 are 419\.2"):
        empiar_10076.check(folder)


def test_the_smaller_stack_is_preferred_and_the_deposited_one_will_do(folder: Path) -> None:
    small = folder / "particles.128.mrcs"
    big = folder / "L17Combine_weight_local.mrcs"
    big.write_bytes(small.read_bytes())
    assert empiar_10076.check(folder).files[0] == small
    small.unlink()
    assert empiar_10076.check(folder).files[0] == big
