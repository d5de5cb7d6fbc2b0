import numpy as np
import pytest

from encaudit.metrics import cloud as cloud_module
from encaudit.results import Skipped

from .planted import evaluate, interval, normal, pair, value

FORTH, BACK = "information_imbalance", "information_imbalance_back"


def by_brute_force(a, b):
    """2/n times the mean rank in b of the nearest neighbour in a, over full sorted matrices."""

    def order(points):
        points = np.asarray(points, np.float32).astype(float)
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        return distances.argsort(axis=1)

    n, nearest = len(a), order(a)[:, 0]
    rank = order(b).argsort(axis=1)[np.arange(n), nearest] + 1
    return 2 / n * rank.mean()


@pytest.mark.parametrize(("n", "d"), [(3, 1), (12, 2), (200, 3), (600, 8)])
def test_it_is_that_of_the_full_matrices_both_ways(n, d):
    mu, moved = normal(n, d), normal(n, d) + 0.7 * normal(n, d, 1) * np.float32([1, *[0.1] * (d - 1)])
    of = pair(mu, moved)
    assert value(FORTH, of) == pytest.approx(by_brute_force(mu, moved), rel=1e-12)
    assert value(BACK, of) == pytest.approx(by_brute_force(moved, mu), rel=1e-12)


def test_it_is_that_of_dadapy():
    # dadapy 0.3.4: MetricComparisons(hstack([a, b])).return_inf_imb_two_selected_coords([0, 1, 2], [3, 4, 5])
    a = np.sin(np.arange(1, 601.0).reshape(200, 3) ** 1.1)
    b = a * [1, 1, 0.1] + 0.2 * np.cos(np.arange(1, 601.0).reshape(200, 3) ** 1.3)
    assert (value(FORTH, pair(a, b)), value(BACK, pair(a, b))) == pytest.approx((0.12335, 0.11345), rel=1e-9)


def test_the_identity_gives_the_least_there_is_and_a_hash_chance():
    mu = normal(2000, 3)
    for metric in (FORTH, BACK):
        assert value(metric, pair(mu, mu)) == 2 / 2000
        assert value(metric, pair(mu, normal(2000, 3, 1))) == pytest.approx(1, abs=0.05)


def test_a_lost_dimension_is_told_by_the_whole_and_does_not_tell_it():
    mu = normal(1000, 2)
    of = pair(mu, mu * np.float32([1, 0]))
    assert value(FORTH, of) < 0.1
    assert value(BACK, of) > 3 * value(FORTH, of)


def test_duplicates_share_their_ranks_and_no_image_is_its_own_rival():
    mu = np.repeat(normal(30, 2), 2, axis=0)
    assert value(FORTH, pair(mu, mu)) == 2 / 60
    # all moved to one of two places: the twin shares its place with 29 others, mean rank 15
    assert value(FORTH, pair(mu, (np.arange(60) < 30)[:, None] * np.ones((1, 2)))) == pytest.approx(2 / 60 * 15)


def test_above_the_limit_a_sample_is_ranked_among_all(monkeypatch):
    mu, moved = normal(3000, 3), normal(3000, 3) + 0.5 * normal(3000, 3, 1)
    whole = {metric: value(metric, pair(mu, moved)) for metric in (FORTH, BACK, "neighbour_overlap")}
    monkeypatch.setattr(cloud_module, "MOST_ASKED", 1000)
    for metric, expected in whole.items():
        of = pair(mu, moved, groups=np.arange(3000) % 600)
        assert len(of.cloud.sampled) == 1000
        low, high = interval(metric, of)
        assert low < expected < high
        assert value(metric, of) == pytest.approx(expected, rel=0.1)


def test_it_is_skipped_for_a_constant_encoder():
    for metric in (FORTH, BACK):
        assert isinstance(evaluate(metric, pair(np.ones((30, 2)), normal(30, 2))), Skipped)
