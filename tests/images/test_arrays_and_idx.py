"""Arrays and MNIST files: other containers, the same stack."""

import struct
from collections.abc import Callable
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
        (np.ones((4, 4)), "found 4 x 4"),
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


def test_idx_whose_sizes_multiply_beyond_64_bits(tmp_path: Path) -> None:
    (tmp_path / "a-ubyte").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 4))
    with pytest.raises(InputError, match="cut off or damaged: its header says 2147483648 x 2147483648 x 4 bytes"):
        open_stack(tmp_path / "a-ubyte")


def test_idx_cut_off_within_its_header(tmp_path: Path) -> None:
    for length in range(4, 16):
        (tmp_path / "a-ubyte").write_bytes((bytes([0, 0, 8, 3]) + bytes(12))[:length])
        with pytest.raises(InputError, match=f"is cut off: {length} bytes"):
            open_stack(tmp_path / "a-ubyte")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 99999999999999999999, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4, 4",
        "{'descr': '<f4' 'fortran_order': = }",
        "{'descr': '\\d', 'fortran_order': False, 'shape': (3, 4, 4), }",
        '"""',
        "",
    ],
)
@pytest.mark.parametrize("option", ["path", "ind"])
def test_numpy_files_with_a_damaged_header(tmp_path: Path, header: str, option: str) -> None:
    text = header.encode() + b"\n"
    damaged = tmp_path / "damaged.npy"
    damaged.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(3 * 4 * 4 * 4))
    assert_one_sentence(tmp_path, option, damaged, "cannot be read as a .npy array")


@pytest.mark.parametrize("option", ["path", "ind"])
def test_an_archive_under_the_name_of_an_array(tmp_path: Path, option: str) -> None:
    with open(tmp_path / "archive.npy", "wb") as file:
        np.savez(file, np.ones((3, 4, 4)))
    assert_one_sentence(tmp_path, option, tmp_path / "archive.npy", ".npz archive")


def assert_one_sentence(tmp_path: Path, option: str, file: Path, words: str) -> None:
    np.save(tmp_path / "good.npy", numbered_images(3))
    with pytest.raises(InputError) as caught:
        open_stack(file if option == "path" else tmp_path / "good.npy", ind=file if option == "ind" else None)
    assert words in str(caught.value), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["sparse", "float8", "quantized", "meta", "nested", "csr"])
@pytest.mark.filterwarnings("ignore")  # torch warns of its own prototypes when they are made
def test_tensors_that_numpy_cannot_hold_are_refused(tmp_path: Path, kind: str) -> None:
    images = torch.from_numpy(numbered_images(3))
    make: dict[str, Callable[[], torch.Tensor]] = {
        "sparse": images.to_sparse,
        "csr": images.to_sparse_csr,
        "float8": lambda: images.to(torch.float8_e4m3fn),
        "quantized": lambda: torch.quantize_per_tensor(images, 0.1, 0, torch.qint8),
        "meta": lambda: images.to("meta"),
        "nested": lambda: torch.nested.nested_tensor([images[0], images[1]]),
    }
    torch.save(make[kind](), tmp_path / "a.pt")
    with pytest.raises(InputError) as caught:
        open_stack(tmp_path / "a.pt")
    assert "a.pt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tensor_with_a_lazy_sign_keeps_its_values(tmp_path: Path) -> None:
    images = torch.from_numpy(numbered_images(3))
    lazy = torch.complex(torch.zeros_like(images), images).conj().imag
    assert lazy.is_neg()
    torch.save(lazy, tmp_path / "a.pt")
    assert torch.equal(open_stack(tmp_path / "a.pt").read(np.arange(3)).images, -images)


@given(hnp.arrays(st.sampled_from(["i2", ">f4", "f2", "u1"]), (2, 3, 3), elements=st.integers(0, 100)))
def test_widening_changes_no_value_and_leaves_what_it_is_given(images: np.ndarray) -> None:
    wide = widened(images)
    assert wide.dtype == np.dtype("=f4")
    assert wide.flags.c_contiguous
    assert not np.shares_memory(wide, images)
    assert np.array_equal(wide, images.astype(np.float64))


def test_what_is_float32_already_is_not_copied_once_more() -> None:
    images = numbered_images(3)
    assert widened(images) is images


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        *((suffix, dtype) for suffix in (".npy", ".pt") for dtype in ("float32", "float16", "int16", "uint8")),
        (".pt", "bfloat16"),  # numpy has no such numbers
    ],
)
def test_a_batch_is_the_readers_own_and_the_stack_stays_in_its_file(tmp_path: Path, suffix: str, dtype: str) -> None:
    path = tmp_path / f"a{suffix}"
    images = torch.from_numpy(numbered_images(6)).to(getattr(torch, dtype))
    if suffix == ".npy":
        np.save(path, images.numpy())
    else:
        torch.save(images, path)
    before = path.read_bytes()
    stack = open_stack(path)
    first = stack.read(np.arange(3)).images
    first += 100
    assert torch.equal(stack.read(np.arange(3)).images, images[:3].float())
    del stack
    assert path.read_bytes() == before
