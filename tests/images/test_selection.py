"""--ind and --n: which images are read, and which rows of the metadata go with them."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack
from tests.images.written_stacks import numbered_images, numbers_of, write_ctf, write_mrcs, write_pickle, write_poses


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return write_mrcs(tmp_path / "a.mrcs", numbered_images(10))


def save_rows(path: Path, rows: object) -> Path:
    if path.suffix == ".npy":
        np.save(path, np.asarray(rows))
    elif path.suffix == ".txt":
        path.write_text("\n".join(map(str, np.asarray(rows))))
    else:
        write_pickle(path, rows)
    return path


@pytest.mark.parametrize("name", ["ind.pkl", "ind.npy", "ind.txt"])
def test_rows_are_kept_in_the_order_of_the_file(stack: Path, tmp_path: Path, name: str) -> None:
    opened = open_stack(stack, ind=save_rows(tmp_path / name, np.array([7, 2, 5])))
    assert opened.index.tolist() == [7, 2, 5]
    batch = opened.read(np.array([1, 2]))
    assert batch.index.tolist() == [2, 5]
    assert np.array_equal(batch.images, numbered_images(10)[[2, 5]])


def test_a_list_and_a_mask_pick_as_an_array_does(stack: Path, tmp_path: Path) -> None:
    assert open_stack(stack, ind=write_pickle(tmp_path / "l.pkl", [3, 1])).index.tolist() == [3, 1]
    mask = np.isin(np.arange(10), [1, 8])
    assert open_stack(stack, ind=write_pickle(tmp_path / "m.pkl", mask)).index.tolist() == [1, 8]


def test_n_takes_the_first_after_ind(stack: Path, tmp_path: Path) -> None:
    ind = save_rows(tmp_path / "ind.pkl", np.array([7, 2, 5]))
    assert open_stack(stack, ind=ind, n=2).index.tolist() == [7, 2]
    assert open_stack(stack, n=4).index.tolist() == [0, 1, 2, 3]
    assert len(open_stack(stack, n=99)) == 10


@pytest.mark.parametrize("n", [0, -3])
def test_n_below_one_is_refused(stack: Path, n: int) -> None:
    with pytest.raises(InputError, match=rf"--n {n} "):
        open_stack(stack, n=n)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.array([1, 10]), ["row 10", "entry 1", "10 images", "0 to 9"]),
        (np.array([-1, 2]), ["row -1", "entry 0"]),
        (np.array([4, 1, 4, 1]), ["row 4 twice", "entry 2"]),
        (np.array([], dtype=int), ["keeps none of the 10"]),
        (np.zeros(10, bool), ["keeps none of the 10"]),
        (np.ones(9, bool), ["mask of 9", "10 images"]),
        (np.array([0.5, 1.0]), ["float64", "whole numbers"]),
        (np.array([[1, 2]]), ["shape (1, 2)"]),
        ({"rows": [1]}, ["object", "whole numbers"]),
    ],
)
def test_wrong_rows_are_named(stack: Path, tmp_path: Path, rows: object, words: list[str]) -> None:
    ind = write_pickle(tmp_path / "ind.pkl", rows)
    with pytest.raises(InputError) as caught:
        open_stack(stack, ind=ind)
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize("name", ["ind.txt", "ind.npy", "ind.pkl", "gone.pkl"])
def test_files_that_hold_no_rows(stack: Path, tmp_path: Path, name: str) -> None:
    if not name.startswith("gone"):
        (tmp_path / name).write_text("one two")
    with pytest.raises(InputError, match=name):
        open_stack(stack, ind=tmp_path / name)


@pytest.mark.parametrize("rows_of", ["whole stack", "kept rows"])
def test_metadata_of_the_whole_stack_and_of_the_kept_rows_agree(stack: Path, tmp_path: Path, rows_of: str) -> None:
    kept = np.array([7, 2, 5])
    poses, ctf = write_poses(tmp_path / "poses.pkl", 10), write_ctf(tmp_path / "ctf.pkl", 10)
    if rows_of == "kept rows":
        rotations, translations = np.load(poses, allow_pickle=True)
        write_pickle(poses, (rotations[kept], translations[kept]))
        write_pickle(ctf, np.load(ctf, allow_pickle=True)[kept])
    ind = save_rows(tmp_path / "ind.pkl", kept)
    batch = open_stack(stack, poses=poses, ctf=ctf, ind=ind, n=2).read(np.arange(2))
    assert batch.pose is not None
    assert batch.shift_px is not None
    assert batch.ctf is not None
    assert numbers_of(batch.pose) == [7, 2]
    assert np.allclose(batch.shift_px[:, 0], np.array([0.07, 0.02]) * 7)
    assert batch.ctf[:, 1].tolist() == [7000, 2000]


@pytest.mark.parametrize("what", ["poses", "ctf"])
def test_metadata_of_another_length_is_refused_with_both_numbers(stack: Path, tmp_path: Path, what: str) -> None:
    files = {"poses": write_poses(tmp_path / "poses.pkl", 9), "ctf": write_ctf(tmp_path / "ctf.pkl", 9)}
    with pytest.raises(InputError, match=r"has 9 .*the stack has 10 images\."):
        open_stack(stack, **{what: files[what]})
    ind = save_rows(tmp_path / "ind.pkl", np.array([7, 2, 5]))
    with pytest.raises(InputError, match=r"has 9 .*10 images \(3 after --ind\)"):
        open_stack(stack, ind=ind, **{what: files[what]})


def test_a_row_beyond_64_bits(stack: Path, tmp_path: Path) -> None:
    (tmp_path / "ind.txt").write_text("1\n99999999999999999999\n")
    with pytest.raises(InputError, match=r"ind\.txt cannot be read as rows"):
        open_stack(stack, ind=tmp_path / "ind.txt")
