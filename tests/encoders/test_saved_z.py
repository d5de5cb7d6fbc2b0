"""The latents cryoDRGN saved are compared image by image."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from encaudit.encoders.saved_z import SavedZ, compare_saved_z

Z = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    with (tmp_path / "z.4.pkl").open("wb") as file:
        pickle.dump(Z, file)
        pickle.dump(np.zeros_like(Z), file)
    return tmp_path / "weights.4.pkl"


def test_equal_latents_agree_and_moved_ones_do_not(checkpoint: Path) -> None:
    same = compare_saved_z(checkpoint, Z, np.arange(8), None)
    assert isinstance(same, SavedZ)
    assert (same.agrees, same.compared, same.max_abs_difference) == (True, 8, 0.0)
    off = compare_saved_z(checkpoint, Z + np.float32(0.01), np.arange(8), None)
    assert isinstance(off, SavedZ)
    assert not off.agrees


def test_a_reduced_precision_is_allowed_its_rounding_and_other_images_are_not(checkpoint: Path) -> None:
    rounded = Z + np.float32(0.01)
    assert compare_saved_z(checkpoint, rounded, np.arange(8), None, rounding=0.01).agrees
    assert not compare_saved_z(checkpoint, rounded, np.arange(8), None, rounding=1e-4).agrees
    assert not compare_saved_z(checkpoint, Z[::-1], np.arange(8), None, rounding=0.01).agrees


def test_rows_are_matched_by_stack_row(checkpoint: Path) -> None:
    rows = np.array([5, 2])
    assert compare_saved_z(checkpoint, Z[rows], rows, None).agrees
    trained_on = np.arange(8) * 10
    assert compare_saved_z(checkpoint, Z[[3]], np.array([30]), trained_on).agrees
    assert not compare_saved_z(checkpoint, Z[[3]], np.array([20]), trained_on).agrees


def test_what_cannot_be_compared_is_said_in_words(checkpoint: Path, tmp_path: Path) -> None:
    assert compare_saved_z(tmp_path / "weights.5.pkl", Z, np.arange(8), None) is None
    assert "does not belong to 8 images and 2 latents" in compare_saved_z(checkpoint, Z[:, :2], np.arange(8), None)
    assert "none of the images" in compare_saved_z(checkpoint, Z, np.arange(8) + 100, None)


@pytest.mark.parametrize(
    "saved",
    [
        {"mu": Z},
        5,
        None,
        [[1.0, 2.0], [3.0]],
        [["a", "b"]],
        np.array([["a", "b", "c"]] * 8),
        np.full((8, 3), None),
        np.where(np.arange(24).reshape(8, 3) == 4, np.nan, Z),
        np.full((8, 3), np.inf),
        Z[:, :, None],
        Z.astype(complex),
        os.mkdir,
    ],
    ids=str,
)
def test_a_file_that_holds_no_table_is_said_in_a_part_of_a_sentence(tmp_path: Path, saved: object) -> None:
    (tmp_path / "z.4.pkl").write_bytes(pickle.dumps(saved))
    said = compare_saved_z(tmp_path / "weights.4.pkl", Z, np.arange(8), None)
    assert isinstance(said, str)
    assert "z.4.pkl" in said and "--trust-pickle" not in said and not said.endswith(".")


def test_a_damaged_file_and_absurd_numbers_raise_nothing(tmp_path: Path) -> None:
    (tmp_path / "z.4.pkl").write_bytes(b"not a pickle")
    said = compare_saved_z(tmp_path / "weights.4.pkl", Z, np.arange(8), None)
    assert isinstance(said, str) and "cannot be read as a pickle" in said and not said.endswith(".")
    (tmp_path / "z.4.pkl").write_bytes(pickle.dumps(np.full((8, 3), 1e300)))
    assert not compare_saved_z(tmp_path / "weights.4.pkl", Z, np.arange(8), None).agrees
