"""What every format of images has to offer to be read as a stack."""

from typing import Protocol

import numpy as np
import torch


class Pixels(Protocol):
    """Images of one shape, read lazily by row, always as float32.

    ``count`` images of ``image_shape`` ((y, x), or (c, y, x) for colour); ``apix`` in angstrom per pixel, None where
    the file does not say; ``files`` are all the files the pixels come from; ``micrographs`` and ``optics_groups`` name
    those of each image, None where unknown.
    """

    count: int
    image_shape: tuple[int, ...]
    apix: float | None
    files: tuple[str, ...]
    micrographs: np.ndarray | None
    optics_groups: np.ndarray | None

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return the images of these rows, ``b y x`` or ``b c y x``, float32, in the order asked for."""
        ...


def widened(images: np.ndarray) -> np.ndarray:
    """Return contiguous, native float32, values unchanged; what float32 cannot hold becomes infinite.

    What is that already comes back as it is, so ``images`` has to be the caller's own.
    """
    if images.dtype == np.float16 and images.dtype.isnative:
        return torch.from_numpy(images).float().numpy()  # numpy takes ten times as long for halves
    with np.errstate(over="ignore"):
        return np.asarray(images, dtype=np.float32, order="C")
