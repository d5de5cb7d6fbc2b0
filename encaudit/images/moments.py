"""Mean and spread of a stack's pixels, for transforms that imitate it."""

import numpy as np
import torch

from encaudit.errors import InputError
from encaudit.types import PixelMoments, Stack

SAMPLED_IMAGES = 1000
_IMAGES_AT_ONCE = 100


def stack_moments(stack: Stack, seed: int) -> PixelMoments:
    """Return mean and standard deviation over up to 1000 images, evenly spaced from a seeded start.

    Images with pixels that are not finite are passed over. Raises ``InputError`` when none is left.
    """
    total = len(stack.index)
    sampled = min(SAMPLED_IMAGES, total)
    start = np.random.default_rng(seed).random()
    positions = ((np.arange(sampled) + start) * total / sampled).astype(np.int64)
    count, summed, summed_squares = 0, 0.0, 0.0
    offset: float | None = None
    for low in range(0, sampled, _IMAGES_AT_ONCE):
        images = stack.read(positions[low : low + _IMAGES_AT_ONCE]).images.flatten(1)
        finite = images[torch.isfinite(images).all(dim=1)].double()
        if not len(finite):
            continue
        offset = float(finite.numpy().mean()) if offset is None else offset  # squares about a near mean do not cancel
        centred = (finite - offset).numpy()  # torch's sum rounds by the number of threads; this one does not
        count += centred.size
        summed += float(centred.sum())
        summed_squares += float(np.square(centred).sum())
    if offset is None:
        raise InputError(f"None of {sampled} sampled images has only finite pixels. Check the image file.")
    mean = summed / count
    return PixelMoments(mean=offset + mean, std=float(np.sqrt(max(0.0, summed_squares / count - mean**2))))
