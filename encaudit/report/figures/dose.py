"""How an encoder loses hold of its images as a move grows, and where half of it is gone."""

from typing import Any

import numpy as np

from encaudit.dose import DoseCurve
from encaudit.report.figures.canvas import FAINT, IMAGE_RED, MEASURED_BLUE, paper, png
from encaudit.results import Skipped, Summary

HALF = 0.75
TITLES = {"roll": "How far may a particle lie off its centre?", "rotate": "How far may a particle turn?"}
AXES = {"px": "shift (px, logarithmic)", "deg": "turn (degrees, logarithmic)"}
UNITS = {"px": " px", "deg": "°"}


def dose(curve: DoseCurve) -> bytes:
    """Draw pair_auc over the dose with its intervals and the half-life, and return the PNG."""
    told = [(at, one) for at, one in zip(curve.doses, curve.pair_auc, strict=True) if isinstance(one, Summary)]
    doses = np.array([at for at, _ in told])
    values = np.array([one.median for _, one in told])
    low = min(0.45, *(one.median - 0.03 if one.ci_low is None else one.ci_low - 0.03 for _, one in told), 1.0)
    with paper(7.4, 4.1) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set(xlim=(curve.doses[0] / 1.12, curve.doses[-1] * 1.12), ylim=(low, 1.04))
        _level(axes, 1.0, "the image itself", FAINT, "-")
        _level(axes, HALF, "half-way", IMAGE_RED, (0, (1, 2)))
        _level(axes, 0.5, "another image", FAINT, (0, (4, 3)))
        known = [one.ci_low is not None and one.ci_high is not None for _, one in told]
        if told and all(known):
            band = np.array([(one.ci_low, one.ci_high) for _, one in told])
            axes.fill_between(doses, *band.T, color=MEASURED_BLUE, alpha=0.2, linewidth=0)
        axes.plot(doses, values, "-o", color=MEASURED_BLUE, linewidth=1.6, markersize=4.5)
        _half_life(axes, curve, values, low)
        axes.set_xticks(curve.doses, [f"{at:g}" for at in curve.doses])
        axes.set_xticks([], minor=True)
        axes.set_xlabel(AXES[curve.unit])
        axes.set_ylabel("pair_auc")
        axes.set_title(TITLES[curve.kind], loc="left", fontsize=12)
        figure.supxlabel(
            "pair_auc: how surely a moved copy lies nearer to its image than to a random one. "
            f"{'Band, bar: 95 % intervals.' if told and all(known) else 'Too few images for intervals.'}",
            fontsize=7,
            color=FAINT,
        )
        return png(figure)


def _level(axes: Any, level: float, name: str, color: str, style: Any) -> None:
    """Draw what a value of pair_auc means; its name stands where no falling curve comes."""
    axes.axhline(level, color=color, linewidth=0.9, linestyle=style)
    right = level == 1
    axes.text(
        0.995 if right else 0.005,
        level,
        name,
        transform=axes.get_yaxis_transform(),
        ha="right" if right else "left",
        va="bottom",
        fontsize=7.5,
        color=FAINT,
    )


def _half_life(axes: Any, curve: DoseCurve, values: np.ndarray, bottom: float) -> None:
    """Mark where the curve comes half-way down, or say why there is no such place; off the curve."""
    found = curve.half_life
    if isinstance(found, Skipped):
        height = 0.62 if len(values) and values[0] >= HALF else 0.87
        axes.text(0.02, height, found.skipped, transform=axes.get_yaxis_transform(), fontsize=9, color=IMAGE_RED)
        return
    axes.vlines(found.median, bottom, HALF, color=IMAGE_RED, linewidth=1.1)
    words = f"half-life {found.median:.2g}{UNITS[curve.unit]}"
    if found.ci_low is not None and found.ci_high is not None:
        axes.plot([found.ci_low, found.ci_high], [HALF, HALF], color=IMAGE_RED, linewidth=3.5, solid_capstyle="butt")
        words += f"\n{found.ci_low:.2g}–{found.ci_high:.2g}{UNITS[curve.unit]}"
    axes.plot(found.median, HALF, "o", color="white", markeredgecolor=IMAGE_RED, markeredgewidth=1.6, markersize=6)
    below = found.median > np.sqrt(curve.doses[0] * curve.doses[-1])  # to its left there is room below the curve
    axes.annotate(
        words,
        (found.median, HALF),
        xytext=(-8, -14) if below else (14, 14),
        textcoords="offset points",
        ha="right" if below else "left",
        va="top" if below else "bottom",
        fontsize=9,
        color=IMAGE_RED,
    )
