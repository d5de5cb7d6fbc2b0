"""Arrays and MNIST files: other containers, the same stack."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from encaudit.errors import InputError, UnsafePickleError
from encaudit.images import open_stack
from encaudit.images.pixels import widened
from tests.images.written_stacks import numbered_images, write_idx


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "int64", "bool", ">f4"])
def test_numpy_arrays_keep_their_values(tmp_path: Path, dtype: str) -> None:
    images = numbered_images(6, box=5).astype(dtype)
    np.save(tmp_path / "a.npy", images)
    read = open_stack(tmp_path / "a.npy").read(np.array([4, 1])).images
    assert read.dtype == torch.float32
    assert np.array_equal(read, images[[4, 1]].astype(np.float32))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.uint8])
def test_tensors_keep_their_values(tmp_path: Path, dtype: torch.dtype) -> None:
    images = torch.from_numpy(numbered_images(4)).to(dtype)
    torch.save(images.requires_grad_(images.is_floating_point()), tmp_path / "a.pt")
    assert torch.equal(open_stack(tmp_path / "a.pt").read(np.arange(4)).images, images.detach().float())


def test_colour_images_have_a_channel_axis(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((5, 3, 6, 6))
    np.save(tmp_path / "a.npy", images)
    stack = open_stack(tmp_path / "a.npy")
    assert stack.image_shape == (3, 6, 6)
    assert np.array_equal(stack.read(np.arange(5)).images, images.astype(np.float32))


def test_reading_does_not_open_the_file_to_writing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", numbered_images(3))
    stack = open_stack(tmp_path / "a.npy")
    stack.read(np.arange(3)).images.zero_()
    assert np.array_equal(stack.read(np.arange(3)).images, numbered_images(3))


def test_what_float32_cannot_hold_is_infinite_and_not_an_error(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 4, 4), 1e300))
    assert torch.isinf(open_stack(tmp_path / "a.npy").read(np.arange(2)).images).all()


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.ones((4, 4)), "shape 4 x 4"),
        (np.ones(()), "a single number"),
        (np.ones((0, 4, 4)), "no images"),
        (np.ones((2, 4, 6)), "square"),
        (np.ones((2, 4, 4), complex), "complex128"),
        (np.array(["a"]), "<U1"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: np.ndarray, word: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=word):
        open_stack(tmp_path / "a.npy")


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"a\.npy cannot be read"):
        open_stack(tmp_path / "a.npy")


def test_a_tensor_file_that_holds_something_else(tmp_path: Path) -> None:
    torch.save({"images": torch.ones(2, 4, 4)}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="holds a dict; expected one tensor"):
        open_stack(tmp_path / "a.pt")
    torch.save(torch.ones(2, 4, 4, dtype=torch.complex64), tmp_path / "b.pt")
    with pytest.raises(InputError, match=r"torch\.complex64"):
        open_stack(tmp_path / "b.pt")


def test_a_tensor_file_that_runs_code_is_refused_unless_trusted(tmp_path: Path) -> None:
    torch.save(_Wrapped(), tmp_path / "a.pt")
    with pytest.raises(UnsafePickleError, match="--trust-pickle"):
        open_stack(tmp_path / "a.pt")
    assert open_stack(tmp_path / "a.pt", trust_pickle=True).image_shape == (4, 4)


class _Wrapped:
    def __reduce__(self) -> tuple[object, tuple[int]]:
        return _ones, (2,)


def _ones(count: int) -> torch.Tensor:
    return torch.ones(count, 4, 4)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "t10k-images-idx3-ubyte"])
def test_idx_images_are_scaled_to_one(tmp_path: Path, name: str) -> None:
    images = np.arange(3 * 16, dtype=np.uint8).reshape(3, 4, 4)
    images[0, 0, 0] = 255
    read = open_stack(write_idx(tmp_path / name, images)).read(np.array([2, 0])).images
    assert read.dtype == torch.float32
    assert float(read.max()) == 1.0
    assert np.array_equal(read, (images[[2, 0]] / 255).astype(np.float32))


def test_idx_labels_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds labels"):
        open_stack(write_idx(tmp_path / "labels-idx1-ubyte.gz", np.arange(5, dtype=np.uint8)))


@pytest.mark.parametrize("name", ["a-ubyte.gz", "a-ubyte"])
def test_idx_that_is_cut_off(tmp_path: Path, name: str) -> None:
    path = write_idx(tmp_path / name, np.random.default_rng(0).integers(0, 255, (9, 8, 8)).astype(np.uint8))
    for length in (len(path.read_bytes()) - 3, 12):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(InputError, match="cut off"):
            open_stack(path)


@given(hnp.arrays(st.sampled_from(["i2", ">f4", "f2", "u1"]), (2, 3, 3), elements=st.integers(0, 100)))
def test_widening_changes_no_value_and_shares_no_memory(images: np.ndarray) -> None:
    wide = widened(images)
    assert wide.dtype == np.dtype("=f4")
    assert wide.flags.c_contiguous
    assert not np.shares_memory(wide, images)
    assert np.array_equal(wide, images.astype(np.float64))
