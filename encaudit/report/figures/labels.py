"""Labels of points, put where they can be read."""

from itertools import product
from typing import Any

import numpy as np

LETTER_WIDTH, LETTER_HEIGHT = 0.74, 1.1  # of a character, in units of the font size
DIRECTIONS = np.deg2rad(np.arange(0, 360, 30))
REACHES = (0.9, 1.7, 2.8)  # how far from its point a label may stand, in units of the font size


def place_labels(axes: Any, points: np.ndarray, texts: list[str], colors: list[str], size: float = 8.5) -> None:
    """Write a text beside each point (``k 2``, data coordinates), off the other points and texts where there is room.

    Greedy: each text takes, of a ring of places around its point, the one that covers least. The limits of the axes
    must be final.
    """
    from matplotlib import patheffects

    scale = axes.figure.dpi / 72
    font = size * scale
    pixels = axes.transData.transform(points)
    frame = axes.get_window_extent()
    placed: list[np.ndarray] = []
    for pixel, text, color in zip(pixels, texts, colors, strict=True):
        half = np.array([LETTER_WIDTH * len(text), LETTER_HEIGHT]) * font / 2
        places = [
            pixel + np.array([np.cos(angle), np.sin(angle)]) * (half + reach * font / 2)
            for reach, angle in product(REACHES, DIRECTIONS)
        ]
        crowd = [_covered(place, half, pixels, placed, frame) for place in places]
        # Of places that cover equally little the first, that is nearest, is taken.
        best = places[int(np.argmin(crowd))]
        placed.append(np.concatenate([best - half, best + half]))
        offset = (best - pixel) / scale
        note = axes.annotate(
            text,
            axes.transData.inverted().transform(pixel),
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            fontweight="bold",
            color=color,
            zorder=6,
            annotation_clip=False,
        )
        note.set_path_effects([patheffects.withStroke(linewidth=2.2, foreground="white")])


def _covered(place: np.ndarray, half: np.ndarray, pixels: np.ndarray, placed: list[np.ndarray], frame: Any) -> float:
    """Return how much a text at a place would hide: points, other texts (worse), and itself beyond the frame."""
    low, high = place - half, place + half
    points = int(((pixels > low - 2) & (pixels < high + 2)).all(axis=1).sum())
    texts = 0.0
    for box in placed:
        shared = np.minimum(high, box[2:]) - np.maximum(low, box[:2])
        texts += float(shared.clip(0).prod() / (4 * half.prod()))
    outside = bool((low < (frame.x0, frame.y0)).any() or (high > (frame.x1, frame.y1)).any())
    return points + 3 * texts + 5 * outside
