"""Images that are arrays: .npy and .pt (mapped, not loaded), or in memory, of shape n y x, or n c y x for colour.

Values are taken as they are; only IDX files, which hold 8-bit images by definition, are scaled.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from encaudit.errors import InputError
from encaudit.images.npy import load_npy
from encaudit.images.pixels import widened
from encaudit.pickles import load_weights
from encaudit.unreadable import one_line

ARRAY_SUFFIXES = (".npy", ".pt")
GIVEN = "The images that were given"


class ArrayPixels:
    """Images of one array."""

    apix: float | None = None
    micrographs: np.ndarray | None = None
    optics_groups: np.ndarray | None = None

    def __init__(self, path: str | Path, *, trust_pickle: bool = False) -> None:
        path = Path(path)
        if not path.is_file():
            raise InputError(f"No image file at {path}. Check the path given to --images.")
        self._images = _tensor(path, trust_pickle) if path.suffix == ".pt" else _mapped(path)
        check_shape(path, self._images.shape)
        self.count = self._images.shape[0]
        self.image_shape = tuple(self._images.shape[1:])
        self.files: tuple[str, ...] = (str(path),)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return these images as float32."""
        if isinstance(self._images, np.ndarray):
            return widened(self._images[rows])  # chosen by a list of rows, they are a copy
        return widened(self._images[torch.from_numpy(rows)].float().numpy())


class GivenPixels:
    """Images of one array in memory, of numpy or torch; it is not copied."""

    apix: float | None = None
    micrographs: np.ndarray | None = None
    optics_groups: np.ndarray | None = None
    files: tuple[str, ...] = ()

    def __init__(self, images: np.ndarray | torch.Tensor) -> None:
        self.array = given_array(images)
        check_shape(GIVEN, self.array.shape)
        self.count = self.array.shape[0]
        self.image_shape = tuple(self.array.shape[1:])

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return these images as float32."""
        return widened(self.array[rows])


def given_array(images: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return images in memory as an array of real numbers; InputError for anything else."""
    if np.ma.is_masked(images):
        raise InputError(f"{GIVEN} are masked, and an encoder sees all pixels. Fill them: images.filled(value).")
    if isinstance(images, torch.Tensor):
        if images.is_meta:
            raise InputError(f"{GIVEN} are on the device meta, which holds no pixels. Give the tensor that holds them.")
        images = images.detach().cpu()
        found = _as_array(images.float() if images.dtype == torch.bfloat16 else images, GIVEN)
    else:
        found = images
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "buif":
        kind = found.dtype if isinstance(found, np.ndarray) else type(found).__name__
        raise InputError(f"{GIVEN} are {kind}; expected an array of real numbers, n x y x x or n x c x y x x.")
    return np.asarray(found)


class _Shaped(Protocol):
    shape: tuple[int, ...]


def check_shape(path: str | Path, shape: tuple[int, ...]) -> None:
    """Raise ``InputError`` unless the shape is n y x or n c y x, with square images and at least one of them."""
    text = " x ".join(map(str, shape)) or "a single number"
    if len(shape) not in (3, 4):
        raise InputError(f"{path}: found {text}; expected n x y x x, or n x c x y x x for colour. Reshape it.")
    if 0 in shape:
        raise InputError(f"{path}: found {text}, which is no images.")
    if shape[-1] != shape[-2]:
        raise InputError(
            f"{path} holds images of {shape[-2]} x {shape[-1]} pixels; expected square ones. Crop or pad them."
        )


def _mapped(path: Path) -> np.ndarray:
    images = load_npy(path, mmap_mode="r")
    if images.dtype.kind not in "buif":
        raise InputError(f"{path} holds {images.dtype}; expected real numbers.")
    return np.asarray(images)


def _tensor(path: Path, trust_pickle: bool) -> np.ndarray | torch.Tensor:
    """Return the tensor as an array; of bfloat16, which numpy has not, as it is."""
    images = load_weights(path, trust=trust_pickle, mapped=True)
    if isinstance(images, np.ndarray) and images.dtype.kind in "buif":
        return images
    if not isinstance(images, torch.Tensor) or images.is_complex():
        kind = str(images.dtype) if isinstance(images, torch.Tensor) else type(images).__name__
        raise InputError(f"{path} holds a {kind}; expected one tensor of real numbers, n x y x x or n x c x y x x.")
    if images.dtype == torch.bfloat16:
        _as_array(images[:1].float(), path)  # a look, so that what has no numpy form is refused here
        return images.detach()
    return _as_array(images, path)


def _as_array(images: torch.Tensor, where: str | Path) -> np.ndarray:
    try:
        array: np.ndarray = images.detach().resolve_neg().numpy()
    except (TypeError, RuntimeError, ValueError, NotImplementedError) as error:  # numpy holds no sparse, nested, ...
        raise InputError(
            f"{where} holds a tensor without a numpy form ({one_line(error)}); expected a dense one of real numbers. "
            "Save it again as images.to_dense().float()."
        ) from error
    return array
