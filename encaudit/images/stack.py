"""Images with their metadata, read by position."""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from encaudit.images.ctf import Ctf
from encaudit.images.moments import stack_moments
from encaudit.images.pixels import Pixels
from encaudit.images.poses import Poses
from encaudit.images.selection import Rows
from encaudit.types import ImageBatch, PixelMoments
from encaudit.unreadable import reading


class ImageStack:
    """A ``Stack`` of files: pixels on disk, metadata in memory.

    - ``index``: ``n``, the stack row of each position (the particle's number for tilt series).
    - ``image_shape``: (y, x); (t, y, x) for tilt series, (c, y, x) for colour.
    - ``apix``: angstrom per pixel, of the CTF where there is one, else of the image file; None where neither says.
    - ``micrographs``, ``optics_groups``: ``n``, text (of a particle's first tilt); None where unknown.
    - ``rows``: which rows of a metadata file go with the images; see ``read_metadata``.
    - ``files``: the image files, tables first; poses, CTF and index files are not among them.

    ``seed`` picks the images that ``moments`` are taken over.
    """

    def __init__(
        self, pixels: Pixels, rows: Rows, index: np.ndarray, poses: Poses | None, ctf: Ctf | None, seed: int = 0
    ) -> None:
        self._pixels = pixels
        self.rows = rows
        self._poses = poses
        self._ctf = ctf
        self._seed = seed
        self.index = index
        self.image_shape: tuple[int, ...] = (*rows.wanted.shape[1:], *pixels.image_shape)
        self.apix: float | None = pixels.apix if ctf is None else ctf.apix
        self.files: tuple[str, ...] = pixels.files
        first = rows.wanted.reshape(len(index), -1)[:, 0]
        self.micrographs: np.ndarray | None = None if pixels.micrographs is None else pixels.micrographs[first]
        self.optics_groups: np.ndarray | None = None if pixels.optics_groups is None else pixels.optics_groups[first]

    @property
    def kept(self) -> np.ndarray:
        """The stack rows that --ind keeps, before --n: the images of the run, when --ind is the run's."""
        return self.rows.kept

    @property
    def rotation(self) -> np.ndarray | None:
        """The poses, ``n 3 3`` (of a particle's first tilt); None where unknown."""
        return None if self._poses is None else self._poses.rotation.reshape(len(self.index), -1, 3, 3)[:, 0]

    @property
    def ctf(self) -> np.ndarray | None:
        """The CTF parameters, ``n 8``, columns as in ``Ctf`` (of a particle's first tilt); None where unknown."""
        return None if self._ctf is None else self._ctf.values.reshape(len(self.index), -1, 8)[:, 0]

    @cached_property
    def moments(self) -> PixelMoments:
        """Mean and standard deviation of the pixels; see ``stack_moments``."""
        return stack_moments(self, self._seed)

    def __len__(self) -> int:
        """Return the number of observations."""
        return len(self.index)

    def read(self, positions: np.ndarray) -> ImageBatch:
        """Read the observations at these positions (0 .. n - 1), in the order asked for; float32, on the CPU."""
        rows = self.rows.wanted[positions]
        with reading(next(iter(self.files), "the images")):
            pixels = self._pixels.read(rows.reshape(-1))
        return ImageBatch(
            images=torch.from_numpy(pixels.reshape(len(rows), *self.image_shape)),
            index=torch.from_numpy(self.index[positions]),
            shift_px=_rows_of(self._poses.shift_px if self._poses else None, positions),
            ctf=_rows_of(self._ctf.values if self._ctf else None, positions),
            pose=_rows_of(self._poses.rotation if self._poses else None, positions),
        )


def _rows_of(table: np.ndarray | None, positions: np.ndarray) -> Tensor | None:
    return None if table is None else torch.from_numpy(table[positions])
