"""The images that all of several transforms cover, in one cloud."""

from functools import reduce

import numpy as np

from encaudit.errors import InputError
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.scale import FEWEST_IMAGES
from encaudit.results import Encodings
from encaudit.stats import group_codes


def common_pairs(encodings: Encodings, specs: list[str], seed: int, groups: np.ndarray | None) -> dict[str, Pair]:
    """Return reference and moved latents under each of these transforms, on the images that all of them cover.

    ``groups`` are those of all images, ``n``. All pairs share one cloud, so that one resample of it serves them all.
    Raises ``InputError`` for fewer than three such images, with which nothing can be compared.
    """
    rows = reduce(np.intersect1d, [encodings.rows(spec) for spec in specs])
    if len(rows) < FEWEST_IMAGES:
        raise InputError(
            f"{len(rows)} images were encoded under all of {', '.join(specs)}; expected at least {FEWEST_IMAGES}. "
            "Choose more with --n or --ind."
        )
    codes = None if groups is None else group_codes(groups[rows])
    cloud = Cloud(encodings.reference.take(rows), codes, seed)
    return {
        spec: Pair(cloud, encodings.moved[spec].take(np.searchsorted(encodings.rows(spec), rows))) for spec in specs
    }
