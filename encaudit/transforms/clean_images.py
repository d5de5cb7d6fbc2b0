"""Noise-free images of a simulation, read by stack row from a .npy or .mrcs file."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encaudit.errors import InputError
from encaudit.unreadable import one_line, reading

if TYPE_CHECKING:
    from torch import Tensor

NPY, MRC = (".npy",), (".mrcs", ".mrc")


class CleanImages:
    """Images ``n y x`` of which row i belongs to row i of the stack; mapped, not loaded."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._images = _mapped(path)
        if self._images.ndim != 3 or self._images.dtype.kind not in "iuf" or not len(self._images):
            shape = " x ".join(map(str, self._images.shape))
            raise InputError(
                f"{path} holds {self._images.dtype} of shape {shape}; expected noise-free images, n x y x x real "
                "numbers, one for each row of the stack."
            )

    @staticmethod
    def of(path: str) -> CleanImages:
        """Open the file, or take it as it was opened while it has not changed."""
        with reading(path):
            if not Path(path).is_file():
                raise InputError(f"No noise-free images at {path}. Check the path in renoise:clean=PATH.")
            changed = Path(path).stat()
        return _opened(path, changed.st_mtime_ns, changed.st_size)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._images)

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse a stack whose images have another shape."""
        own = self._images.shape[1:]
        if own != shape:
            raise InputError(
                f"{self.path} holds images of {' x '.join(map(str, own))} pixels, and the stack those of "
                f"{' x '.join(map(str, shape))}. Give the noise-free images of this stack."
            )

    def read(self, index: Tensor) -> Tensor:
        """Return the images of these stack rows, ``b y x`` float32; InputError for rows that the file has not."""
        import torch

        rows = index.cpu().numpy()
        if len(rows) and rows.max() >= len(self):
            raise InputError(
                f"{self.path} has {len(self)} images, none for row {rows.max()} of the stack. Use it on rows it covers."
            )
        images = np.array(self._images[rows], dtype=np.float32, order="C")
        if not np.isfinite(images).all():
            bad = int(rows[~np.isfinite(images).all(axis=(1, 2))][0])
            raise InputError(f"{self.path} has pixels that are not finite in row {bad}. Mend the file.")
        constant = images.min(axis=(1, 2)) == images.max(axis=(1, 2))
        if constant.any():
            raise InputError(
                f"{self.path} shows nothing in row {int(rows[constant][0])}: all its pixels are equal. Give the "
                "noise-free images of this stack."
            )
        return torch.from_numpy(images)


@lru_cache(maxsize=4)
def _opened(path: str, changed_ns: int, size: int) -> CleanImages:  # noqa: ARG001 (parts of the key: another file)
    return CleanImages(path)


def _mapped(path: str) -> np.ndarray:
    suffix = Path(path).suffix
    if suffix not in NPY + MRC:
        raise InputError(f"{path} is no file of noise-free images that encaudit reads. Expected .npy or .mrcs.")
    try:
        with reading(path), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged headers are warned of in many ways; what matters raises
            if suffix in NPY:
                images = np.load(path, mmap_mode="r", allow_pickle=False)
            else:
                import mrcfile

                images = mrcfile.mmap(path, mode="r").data
    except InputError:
        raise
    except Exception as error:  # a damaged header fails anywhere
        raise InputError(
            f"{path} cannot be read ({one_line(error)}); it is cut off or damaged. Write it again."
        ) from error
    if not isinstance(images, np.ndarray):
        raise InputError(f"{path} is an archive of several arrays. Save one of them with numpy.save.")
    return images
