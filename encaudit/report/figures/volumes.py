"""Volumes of images and of their moved copies: central slices, differences, and Fourier shell correlations."""

from typing import Any

import numpy as np

from encaudit.report.figures.canvas import FAINT, INK, MEASURED_BLUE, RANDOM_GREY, paper, png
from encaudit.volumes import Comparison, VolumeStudy

MOST_ROWS = 8  # of one kind of particle; the files hold all
FSC_ROWS = 3
FIRST_SHELL = 2  # the entries before are 1 by definition, and the mean density


def volumes(study: VolumeStudy, spec: str) -> bytes:
    """Draw what the decoder makes of the latents before and after ``spec``, and return the PNG."""
    compared = study.comparisons[spec]
    labelled = [one for one in compared if one.labelled][:MOST_ROWS]
    furthest = [one for one in compared if not one.labelled][:MOST_ROWS]
    span = max(float(np.ptp(one.slices)) for one in compared)
    reach = max(float(np.abs(np.subtract(*one.slices)).max()) for one in compared) or 1.0
    rows = max(len(labelled), len(furthest) + FSC_ROWS)
    with paper(10.6, 1.15 * rows + 1.0) as figure:
        figure.suptitle(f"{spec}: the volumes before and after", fontsize=12, x=0.01, ha="left")
        left, right = figure.subfigures(1, 2)
        _block(left, rows, labelled, reach, "first particles")
        if furthest:
            above, below = right.subfigures(2, 1, height_ratios=[len(furthest), rows - len(furthest)])
            _block(above, len(furthest), furthest, reach, "particles that moved most")
        else:
            below = right
        _shell_correlations(below.subplots(), study, compared)
        figure.supxlabel(
            f"Central sections. One grey scale a row; one scale for all differences, whose full colour is "
            f"{100 * reach / span:.2g} % of the grey scale (red: more density after).",
            fontsize=7,
            color=FAINT,
        )
        return png(figure)


def _block(figure: Any, rows: int, compared: list[Comparison], reach: float, title: str) -> None:
    figure.suptitle(title, fontsize=9.5, fontweight="bold")
    panels = figure.subplots(rows, 3, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for one, (before, after, difference) in zip(compared, panels, strict=False):
        low, high = min(map(np.min, one.slices)), max(map(np.max, one.slices))
        before.imshow(one.slices[0], cmap="gray", vmin=low, vmax=high)
        after.imshow(one.slices[1], cmap="gray", vmin=low, vmax=high)
        difference.imshow(one.slices[1] - one.slices[0], cmap="RdBu_r", vmin=-reach, vmax=reach)
        like = one.likeness
        about = f"{one.index}\ncc {like.cc:.3f}\nFSC {like.fsc_auc:.3f}\nΔ {like.distance:.3f}"
        before.text(-0.08, 0.5, about, transform=before.transAxes, ha="right", va="center", fontsize=7.5, color=INK)
    for axes, name in zip(panels[0], ("V(µ)", "V(µ′)", "difference"), strict=True):
        axes.set_title(name, fontsize=8.5)


def _shell_correlations(axes: Any, study: VolumeStudy, compared: list[Comparison]) -> None:
    voxel = study.voxel_angstrom
    frequency = study.frequency[FIRST_SHELL:] / (voxel or 1.0)
    for pair in study.random_pairs:
        axes.plot(frequency, pair.fsc[FIRST_SHELL:], color=RANDOM_GREY, linewidth=0.8, alpha=0.7)
    for one in compared:
        style = "-" if one.labelled else (0, (4, 1.5))
        axes.plot(
            frequency, one.likeness.fsc[FIRST_SHELL:], linestyle=style, color=MEASURED_BLUE, linewidth=1.1, alpha=0.85
        )
    curves = [one.likeness.fsc for one in compared] + [pair.fsc for pair in study.random_pairs]
    lowest = min(0.999, *(float(curve[FIRST_SHELL:].min()) for curve in curves))
    nyquist = 0.5 / (voxel or 1.0)
    axes.axvline(nyquist, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    name = f"Nyquist {2 * voxel:.3g} Å " if voxel else "Nyquist "
    axes.text(nyquist, lowest, name, rotation=90, ha="right", va="bottom", fontsize=7, color=FAINT)
    axes.set(xlim=(0, 1.02 * nyquist), ylim=(lowest - 0.05 * (1 - lowest), 1 + 0.05 * (1 - lowest)))
    axes.set_xlabel("spatial frequency (1/Å)" if voxel else "spatial frequency (cycles per voxel)")
    axes.set_ylabel("Fourier shell correlation")
    axes.plot([], [], color=MEASURED_BLUE, label="V(µ) with V(µ′), first particles")
    axes.plot([], [], "--", color=MEASURED_BLUE, label="V(µ) with V(µ′), moved most")
    axes.plot([], [], color=RANDOM_GREY, label="random pairs of particles")
    axes.legend(frameon=False, fontsize=7.5, loc="best")
