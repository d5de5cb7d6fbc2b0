"""How far all images moved, under every transform, between the identity and another image."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from encaudit.report.figures.canvas import FAINT, INK, MEASURED_BLUE, RANDOM_GREY, paper, png
from encaudit.results import IDENTITY

BINS = 160
SMOOTHING = 2.0  # in bins


def displacement(particles: Mapping[str, Mapping[str, np.ndarray]]) -> bytes | None:
    """Draw the distribution of displacement under each transform, and return the PNG; None where none was measured.

    ``particles`` holds, by spec, the columns ``displacement`` and ``random_distance`` (``n``). Each distribution is
    divided by the median distance of the shuffled pairs of its own latent space: 0 is the image itself, 1 another one.
    """
    measured = {
        spec: columns
        for spec, columns in particles.items()
        if {"displacement", "random_distance"} <= columns.keys() and np.median(columns["random_distance"]) > 0
    }
    rows = {
        spec: columns["displacement"] / np.median(columns["random_distance"])
        for spec, columns in measured.items()
        if spec != IDENTITY
    }
    if not rows:
        return None
    shuffled = next(iter(measured.values()))["random_distance"]
    rows["shuffled pairs"] = shuffled / np.median(shuffled)

    most = 1.05 * max(float(np.quantile(values, 0.995)) for values in rows.values())
    with paper(8.4, 1.3 + 0.62 * len(rows)) as figure:
        axes = figure.subplots()
        for height, (name, values) in enumerate(reversed(rows.items())):
            _ridge(axes, height, values, most, RANDOM_GREY if name == "shuffled pairs" else MEASURED_BLUE)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.axvline(1, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.text(0, len(rows) + 0.1, " the image itself (floor)", fontsize=7.5, color=FAINT)
        axes.text(1, len(rows) - 0.2, " another image (ceiling)", fontsize=7.5, color=FAINT)
        axes.set_yticks(range(len(rows)), list(reversed(rows)), fontsize=9, color=INK)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set(xlim=(-0.01 * most, most), ylim=(-0.3, len(rows) + 0.4))
        axes.set_xlabel("displacement of the latent, in median distances of shuffled pairs")
        axes.set_title("How far do the images move?", loc="left", fontsize=12)
        figure.supxlabel("dot: median, bar: middle half, line: 5 % to 95 % of the images", fontsize=7, color=FAINT)
        return png(figure)


def _ridge(axes: Any, height: int, values: np.ndarray, most: float, color: str) -> None:
    from scipy.ndimage import gaussian_filter1d

    counts, edges = np.histogram(values.clip(0, most), bins=BINS, range=(0, most))
    density = gaussian_filter1d(counts.astype(float), SMOOTHING, mode="constant")
    middles = (edges[1:] + edges[:-1]) / 2
    axes.fill_between(middles, height, height + 0.72 * density / density.max(), color=color, alpha=0.35, linewidth=0)
    q05, q25, median, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    axes.plot([q05, q95], [height, height], color=color, linewidth=1, solid_capstyle="butt")
    axes.plot([q25, q75], [height, height], color=color, linewidth=3.5, solid_capstyle="butt")
    axes.plot(median, height, "o", color="white", markeredgecolor=color, markeredgewidth=1.6, markersize=5.5)
