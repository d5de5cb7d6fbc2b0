import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import adjusted_rand_score

from encaudit.metrics.clusters import adjusted_rand
from encaudit.results import Skipped

from .planted import evaluate, interval, normal, pair, value


def test_index_of_tables_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, size=(10, 2, 90))
    labels[:, 1] = np.where(rng.random((10, 90)) < 0.6, labels[:, 0], labels[:, 1])
    tables = np.zeros((10, 5, 5))
    for table, (a, b) in zip(tables, labels, strict=True):
        np.add.at(table, (a, b), 1)
    assert adjusted_rand(tables) == pytest.approx([adjusted_rand_score(a, b) for a, b in labels])


def test_identity_agrees_exactly_and_a_hash_by_chance():
    mu = normal(1000, 3)
    assert value("cluster_agreement", pair(mu, mu.copy())) == 1
    assert value("cluster_agreement", pair(mu, normal(1000, 3, seed=1))) == pytest.approx(0, abs=0.01)


def test_separate_clusters_survive_a_jitter_and_not_an_exchange():
    corners = np.array([[i % 5, i // 5] for i in range(20)], float)
    mu = np.repeat(corners, 10, axis=0) + 0.01 * normal(200, 2)
    assert value("cluster_agreement", pair(mu, mu + 0.01 * normal(200, 2, seed=1))) == pytest.approx(1, abs=0.1)
    assert value("cluster_agreement", pair(mu, np.roll(mu, 5, axis=0))) < 0.6


def test_a_cloud_that_collapses_into_one_cluster_agrees_by_chance():
    assert value("cluster_agreement", pair(normal(200, 2), np.zeros((200, 2)))) == pytest.approx(0, abs=1e-12)


def test_it_is_skipped_for_few_images_or_few_latents():
    assert isinstance(evaluate("cluster_agreement", pair(normal(59, 2), normal(59, 2))), Skipped)
    repeated = np.repeat(normal(19, 2), 10, axis=0)
    assert isinstance(evaluate("cluster_agreement", pair(repeated, repeated)), Skipped)


def test_its_error_is_that_of_the_delete_one_jackknife():
    mu = normal(300, 2)
    of = pair(mu, mu + 0.3 * normal(300, 2, seed=1))
    before, after = of.cloud.clusters.predict(of.cloud.mu), of.cloud.clusters.predict(of.mu)
    without = [adjusted_rand_score(np.delete(before, i), np.delete(after, i)) for i in range(300)]
    low, high = interval("cluster_agreement", of)
    assert (high - low) / 2 / t.ppf(0.975, 299) == pytest.approx(np.sqrt(299**2 / 300) * np.std(without, ddof=1))


def test_its_interval_holds_the_value_and_knows_groups():
    mu = normal(600, 3)
    moved = mu + 0.3 * normal(600, 3, seed=1)
    low, high = interval("cluster_agreement", pair(mu, moved))
    assert low < value("cluster_agreement", pair(mu, moved)) < high
    assert high - low < 0.15
    assert interval("cluster_agreement", pair(mu, moved, groups=np.arange(600) % 3)) == (None, None)
