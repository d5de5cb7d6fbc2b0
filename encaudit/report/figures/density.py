"""A cloud of points as a quiet grey background."""

from typing import Any

import numpy as np

CLOUD = ("#f0f0f0", "#e2e2e2", "#d2d2d2", "#c0c0c0", "#adadad")
DOT = "#d2d2d2"
LEAST_FOR_DENSITY = 300
BINS = 120
SMOOTHING = 2.6  # in bins
ENCLOSED = (0.95, 0.75, 0.5, 0.25, 0.1)  # of the points, by each shade and the darker ones


def draw_density(axes: Any, points: np.ndarray) -> None:
    """Draw points (``m 2``) as dots, and where there are many as shades that enclose shares of them."""
    from scipy.ndimage import gaussian_filter

    few = len(points) < LEAST_FOR_DENSITY
    axes.scatter(*points.T, s=8 if few else 2, color=CLOUD[-1] if few else DOT, linewidths=0, zorder=1)
    if few or not (np.ptp(points, axis=0) > 0).all():
        return
    low, high = points.min(axis=0), points.max(axis=0)
    edge = 0.1 * (high - low)
    around = np.stack([low - edge, high + edge], axis=1)
    counts, x, y = np.histogram2d(points[:, 0], points[:, 1], bins=BINS, range=around)
    density = gaussian_filter(counts, SMOOTHING)
    levels = np.unique(_enclosing(density, ENCLOSED))
    shades = CLOUD[len(CLOUD) - len(levels) :]
    middles = [(side[1:] + side[:-1]) / 2 for side in (x, y)]
    axes.contourf(*middles, density.T, levels=[*levels, density.max() * 1.001], colors=shades, zorder=1.5)


def _enclosing(density: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Return the densities above which these shares of the whole mass lie."""
    ordered = np.sort(density.ravel())[::-1]
    enclosed = np.cumsum(ordered) / ordered.sum()
    levels: np.ndarray = ordered[np.searchsorted(enclosed, shares).clip(max=len(ordered) - 1)]
    return levels
