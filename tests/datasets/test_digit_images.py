"""What --dataset means: a name, a file, or a folder with MNIST's files; and the labels beside it."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.datasets import digit_images
from encaudit.datasets.digit_images import find_digits, labels_beside
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.images.idx import read_labels, write_idx


def test_digits_are_made_in_the_cache_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_images, "cache_folder", lambda name: tmp_path / name)
    found = find_digits("digits")
    assert len(open_stack(found)) == 1797
    labels = labels_beside(found)
    assert labels is not None and labels[:10].tolist() == list(range(10))
    made = found.stat().st_mtime_ns
    assert find_digits("digits").stat().st_mtime_ns == made


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "images-idx3-ubyte.gz"])
def test_a_folder_is_searched_for_mnists_names_and_a_file_is_taken_as_it_is(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    write_idx(np.zeros((4, 3, 3), np.uint8), file)
    assert find_digits(str(tmp_path)) == file
    assert find_digits(str(file)) == file
    assert labels_beside(file) is None
    write_idx(np.array([3, 1, 4, 1]), tmp_path / name.replace("images-idx3", "labels-idx1"))
    labels = labels_beside(file)
    assert labels is not None and labels.tolist() == [3, 1, 4, 1]


def test_a_file_of_another_name_has_no_labels_beside_it(tmp_path: Path) -> None:
    write_idx(np.zeros((4, 3, 3), np.uint8), tmp_path / "mine.gz")
    assert labels_beside(tmp_path / "mine.gz") is None


@pytest.mark.parametrize(("dataset", "words"), [("mnits", "expected mnist"), (".", "holds no train-images")])
def test_nothing_there_says_what_was_expected(
    dataset: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        find_digits(dataset)


def test_labels_that_are_images_or_cut_off_are_refused(tmp_path: Path) -> None:
    write_idx(np.zeros((4, 3, 3), np.uint8), tmp_path / "images")
    with pytest.raises(InputError, match="holds no labels"):
        read_labels(tmp_path / "images")
    (tmp_path / "cut").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]))
    with pytest.raises(InputError, match="cut off"):
        read_labels(tmp_path / "cut")
