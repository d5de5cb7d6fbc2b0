"""Figures 10 and 11 of the paper: ten images, their moved copies, and lines between them over the whole cloud."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from encaudit.embedding import Layout
from encaudit.report.figures.canvas import FAINT, IMAGE_RED, INK, LINE_PURPLE, MOVED_GREEN, paper, png
from encaudit.report.figures.density import CLOUD, draw_density
from encaudit.report.figures.labels import place_labels
from encaudit.results import Skipped

PANEL_WIDTH, PANEL_HEIGHTS = 5.4, (3.2, 5.0)  # inches; the shape of the cloud decides between the heights
TITLES = {"umap": "UMAP", "pca": "PCA", "latent plane": "Latent plane"}


def overlay(layouts: Sequence[Layout], spec: str) -> bytes:
    """Draw where the images and their copies moved by ``spec`` lie, one panel a layout, and return the PNG."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    windows = [_window(layout, spec) for layout in layouts]
    height = PANEL_WIDTH * max(float(np.divide(*np.ptp(window, axis=0)[::-1])) for window in windows)
    with paper(PANEL_WIDTH * len(layouts), np.clip(height, *PANEL_HEIGHTS) + 1.4) as figure:
        figure.suptitle(f"{spec}: where the moved copies go", fontsize=12 if len(spec) < 24 else 9, x=0.01, ha="left")
        panels = figure.subplots(1, len(layouts), squeeze=False)[0]
        for axes, layout, window in zip(panels, layouts, windows, strict=True):
            _panel(axes, layout, spec, window)
        handles = [
            Line2D([], [], color=IMAGE_RED, marker="o", linestyle="", label="image, numbered by stack row"),
            Line2D([], [], color=MOVED_GREEN, marker="^", linestyle="", label="its moved copy, with a prime"),
            Line2D([], [], color=LINE_PURPLE, label="how far it went"),
            Patch(color=CLOUD[2], label=f"all {len(layouts[0].positions):,} images"),
        ]
        notes = "\n".join(dict.fromkeys(note for layout in layouts for note in layout.notes))
        legend = figure.legend(
            handles=handles,
            title=notes,
            title_fontsize=7,
            loc="outside lower center",
            ncols=4 if len(layouts) > 1 else 2,
            frameon=False,
            fontsize=8.5,
        )
        legend.get_title().set_color(FAINT)
        # The labels need to know where the points come to lie on the paper.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes, layout, window in zip(panels, layouts, windows, strict=True):
            _same_scale(axes, window)
            _number(axes, layout, spec)
        return png(figure)


def _panel(axes: Any, layout: Layout, spec: str, window: np.ndarray) -> None:
    moved = layout.moved[spec]
    many = len(moved.numbers)
    start, points = moved.start[:many], moved.points[:many]
    draw_density(axes, layout.reference)
    for one, other in zip(start, points, strict=True):
        axes.plot(*zip(one, other, strict=True), color=LINE_PURPLE, linewidth=1.1, alpha=0.8, zorder=3)
    edge = {"edgecolors": "white", "linewidths": 0.7}
    axes.scatter(*start.T, s=34, color=IMAGE_RED, marker="o", zorder=4, **edge)
    axes.scatter(*points.T, s=40, color=MOVED_GREEN, marker="^", zorder=5, **edge)

    axes.set_title(TITLES[layout.method], loc="left", fontweight="bold")
    axes.set(xlabel=f"{layout.axes[0]}\n{_worth(layout, spec)}", ylabel=layout.axes[1])
    axes.xaxis.label.set_color(INK)
    axes.set(xlim=window[:, 0], ylim=window[:, 1])
    if layout.method == "umap":  # its units mean nothing
        axes.set(xticks=[], yticks=[])


def _window(layout: Layout, spec: str) -> np.ndarray:
    """Return the lower and upper limits ``2 2`` of what a panel has to show, with a margin."""
    shown = np.concatenate([layout.reference, layout.moved[spec].points[: len(layout.moved[spec].numbers)]])
    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = 0.06 * float((high - low).max()) or 1.0
    return np.stack([low - margin, high + margin])


def _same_scale(axes: Any, window: np.ndarray) -> None:
    """Widen one side of what is shown until a unit is as long upwards as it is sideways."""
    frame = axes.get_window_extent()
    sides = np.ptp(window, axis=0)
    unit = (sides / (frame.width, frame.height)).max()
    half = unit * np.array([frame.width, frame.height]) / 2
    middle = window.mean(axis=0)
    axes.set(xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1]))


def _number(axes: Any, layout: Layout, spec: str) -> None:
    moved = layout.moved[spec]
    many = len(moved.numbers)
    points = np.concatenate([moved.start[:many], moved.points[:many]])
    texts = [f"{row}{prime}" for prime in ("", "′") for row in moved.numbers]
    place_labels(axes, points, texts, [IMAGE_RED] * many + [MOVED_GREEN] * many)


def _worth(layout: Layout, spec: str) -> str:
    found = layout.moved[spec].fidelity
    worth = f"none ({found.skipped})" if isinstance(found, Skipped) else f"{found:.2f}"
    identity = layout.identity_line_length
    lines = "not encoded" if identity is None else f"{identity:.3g}"
    return f"overlay fidelity: {worth}  ·  longest identity line: {lines}"
