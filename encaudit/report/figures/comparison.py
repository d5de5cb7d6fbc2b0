"""Runs side by side as pictures: their latents in one frame, and their losses over the epochs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from encaudit.comparing import Comparison
from encaudit.report.figures.canvas import FAINT, MEASURED_BLUE, paper, png

MOST_POINTS = 4_000
COLUMNS = 3
WITHIN = 0.995  # of the coordinates of every panel: a few outliers would leave a dot of the rest
PANEL_INCHES = 2.7


def draw_comparison(comparison: Comparison) -> Iterator[tuple[str, bytes]]:
    """Draw every figure of a comparison that there is something for, one after the other: (name, PNG)."""
    if len(comparison.placed) > 1:
        yield "latents", latents(comparison)
    if any(len(run.curve) > 1 for run in comparison.runs):
        yield "losses", losses(comparison)


def latents(comparison: Comparison) -> bytes:
    """Draw the latents of the runs in the frame of the reference: its two principal axes, coloured by its clusters."""
    placed = comparison.placed
    reference = next(iter(placed.values())).mu.astype(np.float64)
    centre = reference.mean(axis=0)
    axes = _two_axes(reference - centre)
    rows = np.arange(len(reference))
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), MOST_POINTS, replace=False))
    colours: Any = MEASURED_BLUE if comparison.clusters is None else comparison.clusters[rows]
    shown = {name: (run.mu[rows] - centre) @ axes for name, run in placed.items()}
    reach = 1.05 * max(float(np.quantile(np.abs(points), WITHIN)) for points in shown.values())
    high = int(np.ceil(len(placed) / COLUMNS))
    with paper(PANEL_INCHES * min(len(placed), COLUMNS), PANEL_INCHES * high + 0.2) as figure:
        panels = figure.subplots(high, min(len(placed), COLUMNS), squeeze=False, sharex=True, sharey=True)
        for panel in panels.flat[len(placed) :]:
            panel.set_axis_off()
        for panel, (name, points) in zip(panels.flat, shown.items(), strict=False):
            panel.scatter(*points.T, s=2, c=colours, cmap="tab20", linewidths=0, rasterized=True)
            panel.set_title(name, fontsize=8)
            panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        figure.supxlabel("first principal axis of the first panel", fontsize=8)
        figure.supylabel("second", fontsize=8)
        return png(figure)


def losses(comparison: Comparison) -> bytes:
    """Draw the mean reconstruction error of the training images over the epochs."""
    with paper(6.4, 3.2) as figure:
        axes = figure.subplots()
        for run in comparison.runs:
            if len(run.curve) > 1:
                epochs, values = zip(*run.curve, strict=True)
                style = {"color": FAINT, "linestyle": "--"} if run.role == "null" else {}
                axes.plot(epochs, values, linewidth=1.2, label=run.name, **style)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("reconstruction error in training")
        axes.legend(frameon=False, fontsize=8)
        return png(figure)


def _two_axes(centred: np.ndarray) -> np.ndarray:
    """Return the first two principal axes, ``d 2``; with one dimension, a second axis of zeros."""
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    axes = np.zeros((centred.shape[1], 2))
    axes[:, : min(2, len(directions))] = directions[:2].T
    return axes
