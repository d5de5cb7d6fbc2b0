"""Random draws that belong to an image: keyed by (seed, image index, salt), whatever the batch or the device."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from encaudit.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from encaudit.types import ImageBatch


def generator(seed: int, salt: str, index: int = 0) -> np.random.Generator:
    """Return the random stream of (seed, salt, image index); InputError for a negative seed."""
    if seed < 0:
        raise InputError(
            f"The seed has to be zero or a positive whole number; found {seed}. Type for example --seed 0."
        )
    key = np.random.SeedSequence(int(seed), spawn_key=(zlib.crc32(salt.encode()), int(index)))
    return np.random.Generator(np.random.Philox(key))


def normal_like(batch: ImageBatch, seed: int, salt: str) -> Tensor:
    """Return standard normal pixels in the shape, type and place of ``batch.images``.

    All tilts of a particle are one draw, so each has noise of its own.
    """
    return normal(batch.index, tuple(batch.images.shape[1:]), seed, salt).to(batch.images)


def normal(index: Tensor, shape: tuple[int, ...], seed: int, salt: str) -> Tensor:
    """Return standard normal numbers of a shape for each image: ``b ...`` float32, on the CPU.

    Image i of the stack always gets the same numbers for a seed and a salt, and a GPU is given the CPU's.
    """
    return _drawn(index, shape, seed, salt, lambda stream: stream.standard_normal(shape, dtype=np.float32))


def uniform_like(batch: ImageBatch, seed: int, salt: str) -> Tensor:
    """Return uniform pixels in [0, 1) in the shape, type and place of ``batch.images``."""
    shape = tuple(batch.images.shape[1:])
    drawn = _drawn(batch.index, shape, seed, salt, lambda stream: stream.random(shape, dtype=np.float32))
    return drawn.to(batch.images)


def _drawn(
    index: Tensor, shape: tuple[int, ...], seed: int, salt: str, draw: Callable[[np.random.Generator], np.ndarray]
) -> Tensor:
    import torch

    rows = [draw(generator(seed, salt, row)) for row in index.tolist()]
    return torch.from_numpy(np.stack(rows)) if rows else torch.empty((0, *shape))


def repeat_seed(seed: int, repeat: int) -> int:
    """Return the seed of the n-th transform of a kind in a chain: the seed itself for the first, else a derived one.

    So ``addnoise:snr=1`` draws the same noise alone and behind a roll, and a second ``addnoise`` draws another.
    """
    if repeat == 0:
        return seed
    return int(generator(seed, "repeat", repeat).integers(2**63))
