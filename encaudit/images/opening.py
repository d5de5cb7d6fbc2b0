"""From file names to a stack of images with everything that moves with them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images.arrays import ARRAY_SUFFIXES, ArrayPixels, GivenPixels
from encaudit.images.ctf import read_ctf
from encaudit.images.idx import IdxPixels, looks_like_idx
from encaudit.images.mrc import MRC_SUFFIXES, TABLE_SUFFIXES, MrcPixels
from encaudit.images.pixels import Pixels
from encaudit.images.poses import read_poses
from encaudit.images.selection import Rows, chosen_rows, first_n
from encaudit.images.stack import ImageStack
from encaudit.images.tilts import particles_of
from encaudit.unreadable import reading


def open_stack(
    images: str | Path | np.ndarray | Tensor,
    *,
    poses: str | Path | Sequence[str | Path] | None = None,
    ctf: str | Path | None = None,
    ind: str | Path | None = None,
    n: int | None = None,
    datadir: str | Path | None = None,
    seed: int = 0,
    trust_pickle: bool = False,
    tilts: int | None = None,
) -> ImageStack:
    """Open images without reading them: .mrcs .mrc .star .cs .txt, .npy .pt, MNIST's IDX (.gz too), or an array.

    ``ind`` is a file of rows to keep, ``n`` takes the first of those; for tilt series (``tilts`` of each particle, from
    a .star file) both count particles. ``poses`` and ``ctf`` have a row for each image (each tilt image) of the stack,
    or of what ``ind`` keeps. Raises ``InputError`` for whatever of this is missing, cut off or of another stack.
    """
    pixels: Pixels
    if isinstance(images, np.ndarray | Tensor):
        path = Path("an array")
        pixels = GivenPixels(images)
    else:
        path = Path(images)
        with reading(path):
            pixels = _pixels(path, datadir, trust_pickle)
    names = pixels.names if isinstance(pixels, MrcPixels) else None
    if tilts is None:
        kept = chosen_rows(pixels.count, ind=ind, trust_pickle=trust_pickle)
        index = first_n(kept, n)
        rows = Rows(pixels.count, kept, index, names)
    else:
        particles = particles_of(path, getattr(pixels, "table", None), tilts)
        kept_particles = chosen_rows(len(particles), ind=ind, what="particles", trust_pickle=trust_pickle)
        index = first_n(kept_particles, n)
        kept = np.concatenate([particles[i] for i in kept_particles])
        rows = Rows(pixels.count, kept, np.stack([particles[i][:tilts] for i in index]), names)
    if len(pixels.image_shape) == 3 and (poses is not None or ctf is not None):
        raise InputError(f"{path} holds colour images; poses and CTF belong to particles, n x y x x. Leave them out.")
    box = pixels.image_shape[-1]
    return ImageStack(
        pixels,
        rows,
        index,
        poses=None if poses is None else read_poses(poses, rows, box, trust_pickle=trust_pickle),
        ctf=None if ctf is None else read_ctf(ctf, rows, box, trust_pickle=trust_pickle),
        seed=seed,
    )


def _pixels(path: Path, datadir: str | Path | None, trust_pickle: bool) -> Pixels:
    if path.suffix in MRC_SUFFIXES + TABLE_SUFFIXES:
        return MrcPixels(path, datadir=datadir)
    if path.suffix in ARRAY_SUFFIXES:
        return ArrayPixels(path, trust_pickle=trust_pickle)
    if not path.is_file():
        raise InputError(f"No image file at {path}. Check the path given to --images.")
    if looks_like_idx(path):
        return IdxPixels(path)
    known = ", ".join(MRC_SUFFIXES + TABLE_SUFFIXES + ARRAY_SUFFIXES)
    raise InputError(f"{path} is no format that encaudit reads. Expected {known}, or an IDX file of MNIST (.gz too).")
