import numpy as np
import pytest
from scipy.stats import norm

from encaudit.report.figures.calibration import _chance, calibration, coverage
from encaudit.report.figures.canvas import MEASURED_BLUE
from tests.report.figures.pictures import assert_png, pixels_of


def ranks(n: int, d: int, narrow: float = 1.0) -> np.ndarray:
    """Ranks of an encoder whose error bars are ``narrow`` times too narrow."""
    return norm.cdf(narrow * np.random.default_rng(0).normal(size=(n, d)))


@pytest.mark.parametrize(("n", "d"), [(1, 1), (60, 1), (300, 2), (2000, 5), (500, 8), (300, 20)])
def test_any_number_of_images_and_dimensions_is_drawn(n, d):
    picture = assert_png(calibration(ranks(n, d)))
    assert pixels_of(picture, MEASURED_BLUE) > 200
    assert pixels_of(picture, "#d8d8d8") > 500, "the band of honest encoders"


def test_more_dimensions_than_panels_are_as_large_as_twelve():
    assert assert_png(calibration(ranks(100, 30))).size == assert_png(calibration(ranks(100, 12))).size


def test_dimensions_may_have_names():
    assert calibration(ranks(100, 2), ["z1", "z2"]) == calibration(ranks(100, 2))
    assert calibration(ranks(100, 2), ["size", "hinge"]) != calibration(ranks(100, 2))


def test_without_images_there_is_no_picture():
    assert calibration(np.zeros((0, 3))) is None
    assert calibration(np.zeros((5, 0))) is None


def test_ranks_at_both_ends_count():
    assert_png(calibration(np.array([[0.0, 1.0], [1.0, 1.0], [0.5, 0.0]])))


def test_coverage_of_honest_error_bars_is_what_they_state():
    nominal = np.array([0.0, 0.5, 0.95, 1.0])
    even = (np.arange(1000)[:, None] + 0.5) / 1000
    assert np.allclose(coverage(even, nominal)[:, 0], nominal, atol=1e-3)
    twice_too_narrow = coverage(ranks(20_000, 1, narrow=2), np.array([0.95]))
    assert twice_too_narrow[0, 0] == pytest.approx(2 * norm.cdf(norm.ppf(0.975) / 2) - 1, abs=0.01)


def test_the_band_holds_ninety_five_of_a_hundred_honest_images():
    low, high = _chance(1000, np.array([0.0, 0.3, 1.0]))
    assert low.tolist() == [0, pytest.approx(0.272, abs=0.001), 1]
    assert high.tolist() == [0, pytest.approx(0.329, abs=0.001), 1]
