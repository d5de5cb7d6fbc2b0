"""The numbers that stand under a picture."""

import numpy as np

from encaudit.embedding.fidelity import fidelity
from encaudit.embedding.layout import Layout, Moved
from encaudit.results import Measurement, Skipped, Summary
from encaudit.stats import (
    NO_INTERVAL,
    RESAMPLES,
    Interval,
    generator,
    has_interval,
    percentile_interval,
    summarize_dataset,
)

VERSION = 2  # raised when the number changes for the same latents, as where UMAP is given other neighbours


def overlay_measurements(layouts: list[Layout], *, seed: int = 0) -> list[Measurement]:
    """Does a longer line in the picture mean that the latent moved further?

    ``overlay_fidelity``: the Spearman correlation, over the images drawn with their copies, of the length of the line
    with the displacement in the latent space. Dimensionless, with a bootstrap interval over images.
    It is measured on the UMAP, or on the latent plane of one or two dimensions, where it is 1 by construction; skipped
    where only a PCA was drawn, whose own value is in its layout. 1 (given as the floor): the lines tell the truth;
    0 (given as the ceiling): their lengths mean nothing. Skipped where nothing moved: equal lengths have no order.

    Source: ours; scipy's Spearman correlation.
    """
    assert layouts, "an embedding has at least one layout"
    return [
        Measurement("overlay_fidelity", VERSION, spec, "1", _value(layouts[0].method, moved, seed), 1.0, 0.0)
        for spec, moved in layouts[0].moved.items()
    ]


def _value(method: str, moved: Moved, seed: int) -> Summary | Skipped:
    if method == "pca":
        return Skipped("no UMAP was drawn")
    if isinstance(moved.fidelity, Skipped):
        return moved.fidelity
    return summarize_dataset(moved.fidelity, _interval(moved, seed), len(moved.positions))


def _interval(moved: Moved, seed: int) -> Interval:
    n = len(moved.positions)
    if not has_interval(n, None):
        return NO_INTERVAL
    rng = generator(seed, "overlay fidelity")
    resamples = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    drawn = [fidelity(moved.line_length[rows], moved.displacement[rows]) for rows in resamples]
    return percentile_interval(np.array([np.nan if isinstance(value, Skipped) else value for value in drawn]))
