"""Do the encoder's error bars tell the truth? Ranks of true latents within their posteriors, and how many are covered.

Source: Talts et al. 2018, "Validating Bayesian inference algorithms with simulation-based calibration".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from encaudit.report.figures.canvas import FAINT, INK, MEASURED_BLUE, RANDOM_GREY, paper, png

CONFIDENCE = 0.95
MOST_PANELS = 12
FEWEST_IN_BIN, BINS = 25, (4, 20)  # expected of honest ranks in a bin; the least and the most bins
NOMINAL = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
PANEL_WIDTH, PANEL_HEIGHT = 1.75, 1.35  # inches
NAMED, NAMED_FROM = 3, 0.1  # so many dimensions are named in the coverage, if they are off by that much
COVERAGE_WIDTH, LEAST_WIDTH = 3.9, 3.2  # inches
TOO_NEAR = 0.08  # two names in the coverage
SHAPES = (
    "Histograms: flat is honest, a U has error bars too narrow, a hill too wide, a slope is biased.\n"
    "Coverage: below the line the error bars are too narrow, above it too wide."
)


def calibration(ranks: np.ndarray, names: Sequence[str] | None = None) -> bytes | None:
    """Draw the ranks of every latent dimension and their coverage, and return the PNG; None without images.

    ``ranks`` (``n d``, 0 .. 1) say which share of the posterior lies below the true latent; uniform for an honest one.
    ``names`` (``d``) are those of the dimensions, by default z1, z2, ... as on the whole page. Of more than twelve, the
    first are shown as histograms; coverage shows all.
    """
    n, d = ranks.shape
    if n == 0 or d == 0:
        return None
    names = [f"z{k + 1}" for k in range(d)] if names is None else names
    shown = min(d, MOST_PANELS)
    columns = min(shown, 4 if shown > 6 else 3 if shown > 4 else 2)
    rows = -(-shown // columns)
    width = max(PANEL_WIDTH * columns, LEAST_WIDTH)
    with paper(width + COVERAGE_WIDTH, max(4.0, PANEL_HEIGHT * rows + 1.2)) as figure:
        figure.suptitle("Do the encoder's error bars tell the truth?", fontsize=12, x=0.01, ha="left")
        left, right = figure.subfigures(1, 2, width_ratios=[width, COVERAGE_WIDTH])
        panels = left.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        highest = max(_histogram(axes, ranks[:, k], names[k]) for k, axes in zip(range(shown), panels, strict=False))
        panels[0].set(xlim=(0, 1), ylim=(0, 1.08 * highest), xticks=[0, 0.5, 1])
        for axes in panels[shown:]:
            axes.set_axis_off()
        left.supxlabel("rank of the true latent in its posterior", fontsize=9, color=INK)
        left.supylabel("density", fontsize=9, color=INK)
        _coverage(right.subplots(), ranks, names)
        more = f"; the first {shown} of {d} dimensions on the left" if d > shown else ""
        figure.supxlabel(
            f"{n:,} images{more}. Grey: where an honest encoder lies in 95 of 100 cases, point by point.\n{SHAPES}",
            fontsize=7,
            color=FAINT,
        )
        return png(figure)


def coverage(ranks: np.ndarray, nominal: np.ndarray) -> np.ndarray:
    """Which share of true latents lies within the central interval of each nominal size? ``k d`` for ``n d`` ranks."""
    off_centre = 2 * np.abs(ranks - 0.5)
    return np.asarray((off_centre <= nominal[:, None, None]).mean(axis=1))


def _histogram(axes: Any, ranks: np.ndarray, name: str) -> float:
    """Draw one dimension as densities, with the band of uniformity; return the highest."""
    n = len(ranks)
    bins = int(np.clip(n // FEWEST_IN_BIN, *BINS))
    density = np.histogram(ranks, bins=bins, range=(0, 1))[0] * bins / n
    low, high = _chance(n, np.array([1 / bins])) * bins
    axes.axhspan(low[0], high[0], color=RANDOM_GREY, alpha=0.35, linewidth=0)
    axes.axhline(1, color=FAINT, linewidth=0.8)
    axes.stairs(density, np.linspace(0, 1, bins + 1), baseline=None, color=MEASURED_BLUE, linewidth=1.4)
    axes.set_title(name, fontsize=8.5, loc="left", pad=2)
    return max(float(density.max()), float(high[0]))


def _coverage(axes: Any, ranks: np.ndarray, names: Sequence[str]) -> None:
    """Draw a line for each dimension, and name those that are furthest off, where there is room."""
    found = coverage(ranks, NOMINAL)
    marks = np.array([0, *NOMINAL, 1])
    axes.fill_between(marks, *_chance(len(ranks), marks), color=RANDOM_GREY, alpha=0.35, linewidth=0)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
    for line in found.T:
        axes.plot(NOMINAL, line, "-o", color=MEASURED_BLUE, linewidth=0.8, markersize=2.5, alpha=0.7)
    off = np.abs(found - NOMINAL[:, None])
    named: list[tuple[float, float]] = []
    for k in np.argsort(-off.max(axis=0), kind="stable")[:NAMED]:
        at = int(off[:, k].argmax())
        where = (float(NOMINAL[at]), float(found[at, k]))
        if off[at, k] < NAMED_FROM or any(np.hypot(*np.subtract(where, other)) < TOO_NEAR for other in named):
            continue
        named.append(where)
        place = (
            {"xytext": (-4, 3), "ha": "right", "va": "bottom"}
            if where[1] > where[0]
            else {"xytext": (4, -3), "va": "top"}
        )
        axes.annotate(names[k], where, textcoords="offset points", fontsize=8, color=MEASURED_BLUE, **place)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.set_xlabel("stated share within the interval")
    axes.set_ylabel("share of true latents found there")
    axes.set_title("coverage, a line for each dimension", fontsize=8.5, loc="left")


def _chance(n: int, share: np.ndarray) -> np.ndarray:
    """Between which shares do n independent images of a true share lie, in 95 of 100 cases? ``2 k``, binomial."""
    from scipy.stats import binom

    tails = [[(1 - CONFIDENCE) / 2], [(1 + CONFIDENCE) / 2]]
    return np.asarray(binom.ppf(tails, n, share)) / n
