import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from encaudit.report.figures.labels import place_labels


def boxes(points: np.ndarray, texts: list[str]) -> list:
    figure = Figure(figsize=(5, 5), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    place_labels(axes, points, texts, ["black"] * len(texts))
    canvas.draw()
    return [text.get_window_extent(canvas.get_renderer()) for text in axes.texts]


def overlapping(found: list) -> int:
    return sum(one.overlaps(other) for one, other in itertools.combinations(found, 2))


def test_labels_of_spread_points_do_not_touch():
    points = np.random.default_rng(0).random((20, 2)) * 0.8 + 0.1
    assert overlapping(boxes(points, [str(k) for k in range(20)])) == 0


def test_labels_of_one_crowded_place_fan_out():
    points = 0.5 + 0.01 * np.random.default_rng(0).standard_normal((6, 2))
    assert overlapping(boxes(points, [f"{k}" for k in range(6)])) == 0


def test_labels_stay_within_the_frame():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    for box, corner in zip(boxes(corners, ["1234"] * 4), corners, strict=True):
        frame = np.array([0.125, 0.11, 0.9, 0.88]) * 500
        middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
        assert (middle > frame[:2]).all(), corner
        assert (middle < frame[2:]).all(), corner


@pytest.mark.parametrize("text", ["0", "7′", "131898′"])
def test_label_stands_near_its_point(text):
    (box,) = boxes(np.array([[0.5, 0.5]]), [text])
    point = np.array([0.125 + 0.775 / 2, 0.11 + 0.77 / 2]) * 500
    middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    assert np.abs(middle - point).max() < 10 + 8 * len(text)
