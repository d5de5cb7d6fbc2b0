"""The numbers that stand under a picture."""

import numpy as np

from encaudit.embedding.fidelity import fidelity
from encaudit.embedding.layout import Layout, Moved
from encaudit.results import Measurement, Skipped, Summary

LEAST_FOR_INTERVAL = 20
RESAMPLES = 400


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
        Measurement("overlay_fidelity", 1, spec, "1", _fidelity_value(layouts[0].method, moved, seed), 1.0, 0.0)
        for spec, moved in layouts[0].moved.items()
    ]


def _fidelity_value(method: str, moved: Moved, seed: int) -> Summary | Skipped:
    if method == "pca":
        return Skipped("no UMAP was drawn")
    if isinstance(moved.fidelity, Skipped):
        return moved.fidelity
    value, n = moved.fidelity, len(moved.positions)
    low, high = _interval(moved, seed) if n >= LEAST_FOR_INTERVAL else (None, None)
    return Summary(value, value, value, value, value, value, low, high, n)


def _interval(moved: Moved, seed: int) -> tuple[float, float] | tuple[None, None]:
    rng = np.random.default_rng(seed)
    n = len(moved.positions)
    again = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    drawn = [fidelity(moved.line_length[rows], moved.displacement[rows]) for rows in again]
    values = [value for value in drawn if not isinstance(value, Skipped)]
    if len(values) < RESAMPLES // 2:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
