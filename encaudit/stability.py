"""How surely does an image keep its own place under a transform, as one number from 0 to 1?"""

from collections.abc import Mapping

import numpy as np


def stability(rank: np.ndarray) -> np.ndarray:
    """Return how stable each image is under a transform, from its retrieval rank: 1 - 2 rank, within 0 .. 1.

    ``rank`` (``n``) is the share of the other images that lie nearer to the moved latent than the image's own latent.
    One: none does, the image finds itself first. Zero: half of them or more, as for a random image (rank 0.5), and
    worse than random counts as random. NaN, where the transform was not applied, stays NaN.

    Source: ours; a rescaled retrieval_rank, so that chance is 0.
    """
    return np.asarray(np.clip(1 - 2 * np.asarray(rank, dtype=np.float64), 0, 1))


def overall(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return how stable each image is under the probe that it bears least: the minimum over transforms, ``n``.

    ``columns`` holds the stability ``n`` under each probe, at least one; controls are no probes, as nothing is learned
    of an image that does not survive being exchanged for another one. NaN under any of them gives NaN.
    """
    assert columns, "no transform, no stability"
    return np.asarray(np.min(list(columns.values()), axis=0))
