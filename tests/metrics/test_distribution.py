import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import energy_distance

from encaudit.metrics import cloud as cloud_module
from encaudit.metrics.metric import WholeSet
from encaudit.results import Skipped

from .planted import evaluate, interval, normal, pair, value


def mean_random_distance(mu):
    n = len(mu)
    return cdist(mu, mu).sum() / (n * (n - 1))


@pytest.mark.parametrize("n", [3, 25, 200])
def test_in_one_dimension_it_is_the_square_of_scipys_energy_distance(n):
    mu, moved = normal(n, 1), 2 * normal(n, 1, seed=1) + 1
    expected = energy_distance(mu[:, 0], moved[:, 0]) ** 2 / mean_random_distance(mu)
    assert value("marginal_distance", pair(mu, moved)) == pytest.approx(expected, rel=1e-6)


def test_in_many_dimensions_it_is_that_of_the_full_matrices():
    of = pair(normal(150, 5), 1.5 * normal(150, 5, seed=1))
    x, y = of.cloud.mu, of.mu
    energy = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    assert value("marginal_distance", of) == pytest.approx(energy / mean_random_distance(x), rel=1e-9)


def test_it_is_that_of_dcor():
    # dcor 0.7: energy_distance(a, b)
    a = np.sin(np.arange(1, 601.0).reshape(200, 3) ** 1.1).astype(np.float32)
    b = (1.5 * np.cos(np.arange(1, 601.0).reshape(200, 3) ** 1.3) + 0.3).astype(np.float32)
    expected = 0.34213921795139557 / mean_random_distance(a.astype(float))
    assert value("marginal_distance", pair(a, b)) == pytest.approx(expected, rel=1e-10)


def test_the_same_cloud_is_at_distance_zero_whoever_lives_where():
    mu = normal(200, 3)
    assert value("marginal_distance", pair(mu, mu.copy())) == 0
    for seed in range(5):
        exchanged = mu[np.random.default_rng(seed).permutation(200)]
        assert value("marginal_distance", pair(mu, exchanged)) == 0


def test_above_the_limit_a_sample_is_summed_and_an_exchange_is_still_at_zero(monkeypatch):
    mu, moved = normal(1500, 3), 1.5 * normal(1500, 3, seed=1) + 0.5
    expected = value("marginal_distance", pair(mu, moved))
    monkeypatch.setattr(cloud_module, "MOST_IN_SUMS", 700)
    low, high = interval("marginal_distance", pair(mu, moved, groups=np.arange(1500) % 400))
    assert low < expected < high
    assert value("marginal_distance", pair(mu, moved)) == pytest.approx(expected, rel=0.15)
    exchanged = pair(mu, mu[np.random.default_rng(0).permutation(1500)])
    assert evaluate("marginal_distance", exchanged) == WholeSet(0.0, (0.0, 0.0))


def test_two_draws_of_one_law_are_far_nearer_than_two_laws():
    mu = normal(1000, 3)
    assert value("marginal_distance", pair(mu, normal(1000, 3, seed=1))) < 0.01
    assert value("marginal_distance", pair(mu, normal(1000, 3, seed=1) + 1)) > 0.3


def test_it_is_free_of_the_scale_of_the_latents():
    mu, moved = normal(60, 2), normal(60, 2, seed=1)
    assert value("marginal_distance", pair(4 * mu, 4 * moved)) == pytest.approx(
        value("marginal_distance", pair(mu, moved))
    )


def test_it_is_skipped_for_a_constant_encoder():
    assert isinstance(evaluate("marginal_distance", pair(np.ones((30, 2)), normal(30, 2))), Skipped)


def test_its_interval_covers_the_truth_about_as_often_as_it_says():
    truth = value("marginal_distance", pair(normal(4000, 2, 998), normal(4000, 2, 999) + 0.7))
    covered = 0
    for seed in range(60):
        low, high = interval("marginal_distance", pair(normal(150, 2, 2 * seed), normal(150, 2, 2 * seed + 1) + 0.7))
        covered += low <= truth <= high
    assert covered >= 50
