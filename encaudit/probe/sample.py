"""What is asked of a part of the images only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encaudit.transforms import SpecTransform

if TYPE_CHECKING:
    from encaudit.images.noise_power import NoisePower


@dataclass(frozen=True)
class Sample:
    """What is asked of a part of the images only, because it is costly or because it needs more than their pixels.

    ``rows``: the stack rows of the sample. ``transforms``: what is done to these alone. ``noise``: the power spectrum
    of the stack's noise, for transforms that draw fresh noise.
    """

    rows: np.ndarray
    transforms: tuple[SpecTransform, ...] = ()
    noise: NoisePower | None = None


NO_SAMPLE = Sample(np.empty(0, np.int64))


def sample_rows(index: np.ndarray, size: int, seed: int, always: int = 10) -> np.ndarray:
    """Which images stand for all of them where all are too many? The first ``always`` (the figures label them), and
    others drawn from the seed; ``size`` stack rows, or all where there are fewer.
    """
    first, others = index[: min(always, size)], index[min(always, size) :]
    drawn = np.random.default_rng(seed).permutation(others)  # as the pictures draw theirs, so that they have copies
    return np.concatenate([first, drawn])[:size]
