"""Intervals of smooth quantities of the data set, against the jackknife that really leaves out one image at a time."""

import numpy as np
import pytest
from scipy.stats import t

from .planted import interval, normal, pair, value

N = 120


def skewed(seed: int) -> np.ndarray:
    return np.exp(0.3 * normal(N, 2, seed))  # a cloud with a long tail, so that no term of the influence is negligible


def delete_one_error(metric: str, mu: np.ndarray, moved: np.ndarray) -> float:
    without = [value(metric, pair(np.delete(mu, i, axis=0), np.delete(moved, i, axis=0))) for i in range(N)]
    return float(np.sqrt((N - 1) ** 2 / N) * np.std(without, ddof=1))


@pytest.mark.parametrize(
    ("metric", "shape"),
    [
        ("alignment", "shift"),
        ("alignment", "stretch"),
        ("cka", "shift"),
        ("cka", "stretch"),
        ("marginal_distance", "stretch"),
    ],
)
def test_the_error_is_that_of_the_delete_one_jackknife(metric, shape):
    mu = skewed(0)
    moved = {"shift": mu + 1 + 0.7 * skewed(1), "stretch": mu * np.float32([1, 3]) + skewed(1)}[shape]
    low, high = interval(metric, pair(mu, moved))
    assert 0 < low < high < 1 or metric == "marginal_distance"
    assert (high - low) / 2 / t.ppf(0.975, N - 1) == pytest.approx(delete_one_error(metric, mu, moved), rel=0.06)
