import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encaudit.metrics import METRICS, cloud
from encaudit.metrics.cloud import NEIGHBOURS
from encaudit.metrics.metric import PerImage
from encaudit.results import Skipped

from .planted import evaluate, interval, normal, pair, per_image, value


def test_rank_counts_the_others_that_are_nearer():
    # query 0 lands on 2.4: nearer than its own 0 are 1, 2, 3, and 4 (by 1.6): four of five others
    mu = np.array([[0.0], [1], [2], [3], [4], [50]])
    moved = mu.copy()
    moved[0] = 2.4
    assert per_image("retrieval_rank", pair(mu, moved)) == pytest.approx([0.8, 0, 0, 0, 0, 0])


def test_rank_counts_a_tie_half():
    mu = np.array([[0.0], [2], [10], [20]])
    moved = np.array([[1.0], [2], [10], [20]])
    assert per_image("retrieval_rank", pair(mu, moved)) == pytest.approx([0.5 / 3, 0, 0, 0])


def test_rank_of_the_identity_is_exactly_zero_however_large_the_latents():
    mu = 1e6 + 1e3 * normal(500, 4)
    assert not per_image("retrieval_rank", pair(mu, mu)).any()


def test_rank_of_a_constant_encoder_is_one_half_and_not_perfect():
    assert per_image("retrieval_rank", pair(np.ones((40, 3)), np.ones((40, 3)))) == pytest.approx([0.5] * 40)


def test_rank_of_a_hash_is_chance():
    assert per_image("retrieval_rank", pair(normal(3000, 3), normal(3000, 3, seed=1))).mean() == pytest.approx(
        0.5, abs=0.02
    )


def test_mean_rank_is_one_minus_the_paired_auc():
    mu = normal(60, 2)
    of = pair(mu, mu + normal(60, 2, seed=1))
    distances = np.linalg.norm(of.mu[:, None] - of.cloud.mu[None], axis=2)
    others = ~np.eye(60, dtype=bool)
    paired_auc = (np.diagonal(distances)[:, None] < distances)[others].mean()
    assert per_image("retrieval_rank", of).mean() == pytest.approx(1 - paired_auc)


def test_recall_is_the_share_of_ranks_up_to_k():
    mu = np.arange(40, dtype=float)[:, None] ** 1.01
    moved = mu.copy()
    moved[0] = mu[3] + 0.3  # place 5: 3, 4, 2, 1 are nearer than 0, as is 5: place 6
    moved[1] = mu[30]  # beyond place 10
    of = pair(mu, moved)
    assert value("recall_at_1", of) == pytest.approx(38 / 40)
    assert value("recall_at_10", of) == pytest.approx(39 / 40)


def test_recall_of_a_constant_encoder_is_chance():
    of = pair(np.ones((40, 3)), np.ones((40, 3)))
    assert value("recall_at_1", of) == pytest.approx(1 / 40)
    assert value("recall_at_10", of) == pytest.approx(10 / 40)


def test_recall_includes_place_k_and_leaves_out_the_next():
    mu = np.arange(1.0, 31.0)[:, None]

    def recall_of_one_at_place(place):
        moved = mu.copy()
        moved[0] = mu[0] + (place - 0.5) / 2  # nearer are the others within twice this distance of mu[0]: place - 1
        of = pair(mu, moved)
        assert of.retrieved[1][0] == place - 1
        return value("recall_at_10", of)

    assert recall_of_one_at_place(10) == 1
    assert recall_of_one_at_place(11) == pytest.approx(29 / 30)


@pytest.mark.parametrize("n", [9, 10])
def test_recall_is_skipped_where_it_could_not_be_otherwise(n):
    assert isinstance(evaluate("recall_at_10", pair(normal(n, 2), normal(n, 2, seed=1))), Skipped)


@settings(max_examples=15, deadline=None)
@given(st.integers(NEIGHBOURS + 2, 300), st.integers(1, 8), st.integers(0, 100))
def test_overlap_is_that_of_the_full_matrix(n, d, seed):
    of = pair(normal(n, d, seed), normal(n, d, seed) + 0.5 * normal(n, d, seed + 1))

    def nearest(points):
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1)[:, :NEIGHBOURS]

    shared = [len({*a} & {*b}) for a, b in zip(nearest(of.cloud.mu), nearest(of.mu), strict=True)]
    assert value("neighbour_overlap", of) == pytest.approx(np.mean(shared) / NEIGHBOURS)


def test_overlap_does_not_see_a_motion_of_the_whole_cloud():
    mu = normal(200, 2)
    assert value("neighbour_overlap", pair(mu, 2 * mu[:, ::-1] + 5)) == pytest.approx(1, abs=0.002)


def test_overlap_of_a_hash_is_chance():
    of = pair(normal(1000, 3), normal(1000, 3, seed=1))
    assert value("neighbour_overlap", of) == pytest.approx(NEIGHBOURS / 999, abs=0.004)


def test_overlap_of_the_identity_is_one_among_duplicates():
    mu = np.repeat(normal(30, 2), 5, axis=0)
    assert value("neighbour_overlap", pair(mu, mu.copy())) == 1


def test_overlap_is_skipped_without_enough_images_or_any_variety():
    assert isinstance(evaluate("neighbour_overlap", pair(normal(16, 2), normal(16, 2, 1))), Skipped)
    assert not isinstance(evaluate("neighbour_overlap", pair(normal(17, 2), normal(17, 2, 1))), Skipped)
    assert isinstance(evaluate("neighbour_overlap", pair(np.ones((50, 2)), np.ones((50, 2)))), Skipped)


@pytest.mark.parametrize("name", ["retrieval_rank", "recall_at_1", "recall_at_10", "neighbour_overlap"])
def test_the_stated_chance_is_what_a_hash_gives(name):
    chance = METRICS.get(name).chance
    assert chance is not None
    found = []
    for seed in range(20):
        of = pair(normal(60, 2, 2 * seed), normal(60, 2, 2 * seed + 1))
        result = evaluate(name, of)
        found.append(result.values.mean() if isinstance(result, PerImage) else value(name, of))
    assert np.mean(found) == pytest.approx(chance(60), abs=4 * np.std(found) / np.sqrt(20))
    assert np.std(found) / np.sqrt(20) < 0.3 * chance(60)


def test_a_recall_of_one_has_an_interval_that_does_not_claim_certainty():
    mu = normal(100, 2)
    low, high = interval("recall_at_1", pair(mu, mu))
    assert high == 1
    assert 0.9 < low < 0.99


@pytest.fixture
def few_rivals(monkeypatch):
    """Ranks are counted in a sample already above 300 images, and recall is asked of 200."""
    monkeypatch.setattr(cloud, "MOST_RIVALS", 300)
    monkeypatch.setattr(cloud, "MOST_ASKED", 200)


def scattered(n: int, seed: int = 0):
    mu = normal(n, 3, seed=seed)
    return pair(mu, mu + 0.5 * normal(n, 3, seed=seed + 100))


def test_up_to_the_most_rivals_nothing_is_sampled(few_rivals):
    assert len(scattered(300).cloud.rivals) == 300
    assert scattered(300).retrieved[0].tolist() == list(range(300))


def test_ranks_in_a_sample_are_the_shares_of_the_sample_without_the_image_itself(few_rivals):
    of = scattered(900)
    rivals = of.cloud.rivals
    distance = np.linalg.norm(of.mu[:, None] - of.cloud.mu[rivals], axis=2)
    nearer = distance < of.displacement[:, None] * (1 - 1e-9)
    others = 300 - np.isin(np.arange(900), rivals)
    assert per_image("retrieval_rank", of) == pytest.approx(nearer.sum(axis=1) / others)


def test_ranks_in_a_sample_are_as_near_to_the_exact_ones_as_they_say(few_rivals, monkeypatch):
    of = scattered(900)
    sampled = per_image("retrieval_rank", of)
    monkeypatch.setattr(cloud, "MOST_RIVALS", 900)
    exact = per_image("retrieval_rank", pair(of.cloud.mu, of.mu))
    assert np.abs(sampled - exact).max() < 4 * 0.5 / np.sqrt(300)
    assert np.corrcoef(sampled, exact)[0, 1] > 0.95


def test_in_a_sample_too_the_identity_has_rank_zero_and_a_constant_encoder_one_half(few_rivals):
    mu = normal(900, 3)
    assert not per_image("retrieval_rank", pair(mu, mu)).any()
    assert per_image("retrieval_rank", pair(np.ones((900, 3)), np.ones((900, 3)))) == pytest.approx([0.5] * 900)


def test_the_interval_knows_that_rivals_are_few(monkeypatch):
    def widths(rivals):
        monkeypatch.setattr(cloud, "MOST_RIVALS", rivals)
        of = (
            pair(normal(4000, 3, seed), normal(4000, 3, seed) + 1.5 * normal(4000, 3, 50 + seed)) for seed in range(4)
        )
        return [np.subtract(*evaluate("retrieval_rank", one).interval[::-1]) for one in of]

    assert np.mean(widths(150)) > 1.15 * np.mean(widths(4000))


def test_recall_of_a_sample_is_the_share_of_those_asked_among_all(few_rivals, monkeypatch):
    of = scattered(900)
    asked, recall = of.cloud.sampled, value("recall_at_10", of)
    monkeypatch.setattr(cloud, "MOST_RIVALS", 900)
    places = 899 * per_image("retrieval_rank", pair(of.cloud.mu, of.mu))[asked]
    assert len(asked) == 200
    assert recall == pytest.approx((places < 9.5).mean())
