import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from encaudit.results import Skipped
from encaudit.transforms import derangement as twins

from .planted import evaluate, interval, normal, pair, per_image, value


def test_displacement_of_a_translation_is_its_length():
    assert per_image("displacement", pair(np.zeros((4, 2)), np.tile([3, 4], (4, 1)))) == pytest.approx([5] * 4)


@pytest.mark.parametrize("metric", ["displacement", "displacement_ratio", "displacement_sigma"])
def test_the_identity_moves_nothing_at_all(metric):
    mu = normal(50, 3)
    assert value(metric, pair(mu, mu, logvar=-1.0)) == 0


def test_ratio_of_a_gaussian_jitter_is_the_ratio_of_the_scales():
    # |delta| and |mu - mu_pi| are both chi-distributed, of scales s and sqrt(2): the ratio of medians is s / sqrt(2)
    mu, scale = normal(20_000, 4), 0.3
    moved = mu + scale * normal(20_000, 4, seed=1)
    assert value("displacement_ratio", pair(mu, moved)) == pytest.approx(scale / np.sqrt(2), rel=0.02)


def test_ratio_of_a_hash_is_one():
    assert value("displacement_ratio", pair(normal(5000, 3), normal(5000, 3, seed=1))) == pytest.approx(1, abs=0.04)


def test_ratio_is_free_of_the_scale_of_the_latents():
    mu, moved = normal(100, 2), normal(100, 2, seed=1)
    assert value("displacement_ratio", pair(8 * mu, 8 * moved)) == value("displacement_ratio", pair(mu, moved))


def test_ratio_is_skipped_for_a_constant_encoder():
    assert isinstance(evaluate("displacement_ratio", pair(np.ones((50, 2)), normal(50, 2))), Skipped)


def test_sigma_divides_each_dimension_by_its_own_error_bar():
    moved = [[0.1, 0.0], [0.0, 6.0], [0.1, 2.0]]
    logvar = np.log([[0.01, 4.0]] * 3)
    expected = [np.sqrt(0.5), np.sqrt(4.5), 1]
    assert per_image("displacement_sigma", pair(np.zeros((3, 2)), moved, logvar=logvar)) == pytest.approx(expected)


def test_sigma_takes_the_error_bar_of_the_reference():
    of = pair(np.zeros((3, 1)), np.ones((3, 1)), logvar=np.log(4.0), moved_logvar=np.log(100.0))
    assert per_image("displacement_sigma", of) == pytest.approx([0.5] * 3)


@pytest.mark.parametrize("n", [5, 40, 300])
def test_auc_is_that_of_mann_and_whitney(n):
    mu = normal(n, 3)
    of = pair(mu, mu + 0.8 * normal(n, 3, seed=1))
    random = np.linalg.norm(of.mu - of.cloud.mu[of.cloud.partner], axis=1)
    expected = mannwhitneyu(random, of.displacement).statistic / n**2
    assert value("pair_auc", of) == pytest.approx(expected, rel=1e-12)


def test_auc_counts_ties_half():
    assert value("pair_auc", pair(np.zeros((30, 2)), np.zeros((30, 2)))) == 0.5


def test_auc_of_the_identity_is_one_and_of_a_hash_one_half():
    mu = normal(3000, 3)
    assert value("pair_auc", pair(mu, mu)) == 1
    assert value("pair_auc", pair(mu, normal(3000, 3, seed=1))) == pytest.approx(0.5, abs=0.03)


def test_auc_of_images_that_land_on_the_far_side_is_below_one_half():
    mu = normal(1000, 2)
    assert value("pair_auc", pair(mu, -3 * mu)) < 0.45


def test_random_partners_are_not_the_twins_of_the_permutation_transform():
    # with the same seed and the same draw, every "random" distance of a permuted image would be zero
    mu = normal(2000, 3)
    assert value("pair_auc", pair(mu, mu[twins(2000, seed=5)], seed=5)) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("metric", ["displacement_ratio", "pair_auc"])
def test_intervals_are_as_wide_as_the_spread_over_data_sets(metric):
    values, widths = [], []
    for seed in range(60):
        mu = normal(150, 3, 2 * seed)
        of = pair(mu, mu + 0.9 * normal(150, 3, 2 * seed + 1), seed=seed)
        values.append(value(metric, of))
        widths.append(np.diff(interval(metric, of)))
    assert np.mean(widths) / (2 * 1.96) == pytest.approx(np.std(values), rel=0.22)


@pytest.mark.parametrize("metric", ["displacement_ratio", "pair_auc"])
def test_intervals_hold_the_value_and_shrink_with_n(metric):
    def width(n):
        mu = normal(n, 3)
        of = pair(mu, mu + 0.7 * normal(n, 3, seed=1))
        low, high = interval(metric, of)
        assert low < value(metric, of) < high
        return high - low

    assert width(4000) < 0.5 * width(400)
