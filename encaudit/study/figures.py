"""Pictures of the study: a system's latents and volumes, digits in the plane, and what all systems explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from encaudit.embedding import Layout
from encaudit.report.figures.canvas import FAINT, INK, MEASURED_BLUE, RANDOM_GREY, paper, png
from encaudit.report.figures.labels import place_labels
from encaudit.study.results import Measure

# Of Okabe and Ito, which can be told apart without colour vision; clusters and digits are numbered beside.
CLUSTER_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
DIGIT_COLOURS = (*CLUSTER_COLOURS, "#8a7a00", "#7b3fa0", "#8c564b", "#6b6b6b")
MOST_POINTS = 10_000
SEEN = 0.02  # of the grey scale; differences below that are drawn pale
TITLES = {"umap": "UMAP of the latents", "pca": "PCA of the latents", "latent plane": "the latents"}


@dataclass(frozen=True)
class Shown:
    """A row of pictures, ``m y x``, and what they are."""

    title: str
    images: np.ndarray


def draw_system(layout: Layout, clusters: np.ndarray, volumes: list[np.ndarray], numbers: np.ndarray) -> bytes:
    """Draw latents in the colours of figure 3's clusters (``m``), and each labelled particle's volume, seen along z."""
    with paper(10.6, 3.1) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.75])
        axes = left.subplots()
        colours = np.array(CLUSTER_COLOURS)[clusters % len(CLUSTER_COLOURS)]
        axes.scatter(*layout.reference.T, s=3 if len(clusters) > 1_500 else 6, c=colours, linewidths=0, alpha=0.7)
        axes.set_title(TITLES[layout.method], fontsize=9, loc="left")
        axes.set_xlabel(layout.axes[0], fontsize=7.5)
        axes.set_ylabel(layout.axes[1], fontsize=7.5)
        if layout.method == "umap":
            axes.set(xticks=[], yticks=[])
        _volumes(right, volumes, numbers)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        spot = layout.reference[np.searchsorted(layout.positions, layout.labelled)]
        axes.scatter(*spot.T, s=26, c=CLUSTER_COLOURS[: len(spot)], edgecolors=INK, linewidths=0.9, zorder=4)
        if len(np.unique(spot, axis=0)) > 1:
            place_labels(axes, spot, [str(one + 1) for one in range(len(spot))], [INK] * len(spot))
        return png(figure)


def _volumes(figure: Any, volumes: list[np.ndarray], numbers: np.ndarray) -> None:
    """Draw projections, framed in their cluster's colour, over what sets each apart from the mean of all."""
    panels = figure.subplots(2, len(volumes), squeeze=False)
    apart = [volume - np.mean(volumes, axis=0) for volume in volumes]
    low, high = min(map(np.min, volumes)), max(map(np.max, volumes))
    reach = max(SEEN * (high - low), *(float(np.abs(one).max()) for one in apart)) or 1.0
    for number, row in enumerate(numbers):
        above, below = panels[:, number]
        above.imshow(volumes[number], cmap="gray", vmin=low, vmax=high)
        below.imshow(apart[number], cmap="RdBu_r", vmin=-reach, vmax=reach)
        above.set_title(f"{number + 1}: row {row}", fontsize=7.5)
        for panel in (above, below):
            panel.set(xticks=[], yticks=[])
            for spine in panel.spines.values():
                spine.set(visible=True, color=CLUSTER_COLOURS[number % len(CLUSTER_COLOURS)], linewidth=2.2)
    scale = 100 * reach / (high - low) if high > low else 0.0
    figure.suptitle("volumes decoded at six particles, seen along z", fontsize=9)
    figure.supxlabel(
        f"below: less the mean of the six; full colour is {scale:.2g} % of the grey scale", fontsize=7, color=FAINT
    )


@dataclass(frozen=True)
class Plane:
    """What a decoder makes of the latent plane: images ``k k y x`` from the lower left, and its ends ``2 2``."""

    images: np.ndarray
    limits: np.ndarray


def draw_digits(
    clouds: Mapping[str, np.ndarray],
    labels: np.ndarray,
    rows: np.ndarray,
    shown: list[Shown],
    plane: Plane | None = None,
) -> bytes:
    """Draw latents ``n 2`` of digits in their colours, one panel a cloud, over pictures of the images ``rows``."""
    with paper(10.0, 3.9 + 0.72 * len(shown)) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=[3.9, 0.72 * len(shown)])
        panels = above.subplots(1, len(clouds) + (plane is not None), squeeze=False)[0]
        for axes, (title, mu) in zip(panels, clouds.items(), strict=False):
            if axes is not panels[0]:
                axes.sharex(panels[0])
                axes.sharey(panels[0])
            _cloud(axes, title, mu, labels)
        if plane is not None:
            _plane(panels[-1], plane)
        pictures = below.subplots(len(shown), len(rows), squeeze=False)
        for line, one in zip(pictures, shown, strict=True):
            for axes, image in zip(line, one.images, strict=True):
                axes.imshow(image, cmap="gray", vmin=0, vmax=1)
                axes.set_axis_off()
            line[0].text(-0.15, 0.5, one.title, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
        return png(figure)


def _plane(axes: Any, plane: Plane) -> None:
    mosaic = np.concatenate([np.concatenate(line, axis=1) for line in plane.images[::-1]], axis=0)
    (left, right), (low, high) = plane.limits
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=1, extent=(left, right, low, high), aspect="auto")
    axes.set(xlabel="z1", ylabel="z2")
    axes.set_title("what the decoder makes of the plane", fontsize=9, loc="left")


def _cloud(axes: Any, title: str, mu: np.ndarray, labels: np.ndarray) -> None:
    from matplotlib import patheffects

    some = np.random.default_rng(0).permutation(len(mu))[:MOST_POINTS]
    colours = np.array(DIGIT_COLOURS)[labels[some] % len(DIGIT_COLOURS)]
    axes.scatter(mu[some, 0], mu[some, 1], s=2.5 if len(some) > 3_000 else 6, c=colours, linewidths=0, alpha=0.6)
    axes.set_title(title, fontsize=9, loc="left")
    axes.set(xlabel="z1", ylabel="z2")
    for digit in np.unique(labels):
        middle = np.median(mu[labels == digit, :2], axis=0)
        text = axes.text(*middle, str(digit), ha="center", va="center", fontweight="bold", fontsize=11, zorder=5)
        text.set_path_effects([patheffects.withStroke(linewidth=2.6, foreground="white")])


def draw_summary(explained: Mapping[str, tuple[Measure, Measure | None]]) -> bytes:
    """Draw E of each system, and for twins what is left of it when the twins are exchanged (E - T); one line each."""
    names = list(explained)
    with paper(8.2, 0.3 * len(names) + 1.1) as figure:
        axes = figure.subplots()
        for place, name in enumerate(names):
            own, dependence = explained[name]
            assert own.value is not None
            low, high = (own.value if end is None else end for end in (own.low, own.high))
            axes.plot([low, high], [place, place], color=MEASURED_BLUE, linewidth=2.4, solid_capstyle="butt")
            axes.plot(own.value, place, "o", color=MEASURED_BLUE, markersize=5.5)
            if dependence is not None and dependence.value is not None:
                left = own.value - dependence.value
                axes.plot([left, own.value], [place, place], color=RANDOM_GREY, linewidth=0.9, zorder=1)
                axes.plot(left, place, "x", color="#a50f15", markersize=6, markeredgewidth=1.6)
        for value, name in ((0, "one volume\n(figure 22)"), (1, "the VAE\n(figure 3)")):
            axes.axvline(value, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
            axes.annotate(
                name,
                (value, 1),
                xycoords=("data", "axes fraction"),
                fontsize=7.5,
                color=FAINT,
                ha="center",
                va="bottom",
            )
        axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, -0.6))
        axes.set_xlabel("explained heterogeneity E, with its 95 % interval (×: the same twins, exchanged)")
        return png(figure)
