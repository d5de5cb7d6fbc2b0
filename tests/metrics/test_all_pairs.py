from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from encaudit.metrics import all_pairs
from encaudit.metrics.all_pairs import distance_sums, pair_distances

small_integers = st.integers(-2, 2).map(float)  # few values: many ties and duplicates
latents = st.floats(-1e3, 1e3, width=32)


def clouds(values):
    return st.tuples(st.integers(3, 40), st.integers(1, 8)).flatmap(
        lambda shape: st.tuples(arrays(np.float64, shape, elements=values), arrays(np.float64, shape, elements=values))
    )


def by_brute_force(queries, points):
    """Count and sum over the full matrix of distances, by numpy alone; a tie is a relative difference of 1e-12."""
    distance = np.sqrt(((queries[:, None] - points[None]) ** 2).sum(axis=2))
    own = np.diagonal(distance)[:, None]
    others = ~np.eye(len(points), dtype=bool)
    tied = np.isclose(distance, own, rtol=1e-12, atol=0)
    return ((distance < own) & ~tied & others).sum(axis=1), (tied & others).sum(axis=1), distance


@settings(max_examples=60, deadline=None)
@given(st.one_of(clouds(small_integers), clouds(latents)))
def test_counts_and_sums_are_those_of_the_full_matrix(case):
    queries, points = case
    nearer, tied, distance = by_brute_force(queries, points)
    found = pair_distances(queries, points)
    assert np.array_equal(found.nearer, nearer)
    assert np.array_equal(found.tied, tied)
    assert found.query_sum == pytest.approx(distance.sum(axis=1))
    assert found.point_sum == pytest.approx(distance.sum(axis=0))
    assert distance_sums(points) == pytest.approx(by_brute_force(points, points)[2].sum(axis=1))


@pytest.mark.parametrize("block_entries", [1, 700, 2**20])
@pytest.mark.parametrize("spans", [1, 7, 64])
def test_neither_the_block_size_nor_the_number_of_tasks_changes_a_count(block_entries, spans, monkeypatch):
    rng = np.random.default_rng(0)
    points, queries = rng.integers(0, 4, size=(2, 301, 2)).astype(float)
    whole, whole_sums = pair_distances(queries, points), distance_sums(points)
    monkeypatch.setattr(all_pairs, "SPANS", spans)
    found = pair_distances(queries, points, block_entries)
    assert np.array_equal(found.nearer, whole.nearer)
    assert np.array_equal(found.tied, whole.tied)
    assert found.query_sum == pytest.approx(whole.query_sum, rel=1e-13)
    assert found.point_sum == pytest.approx(whole.point_sum, rel=1e-13)
    assert distance_sums(points, block_entries) == pytest.approx(whole_sums, rel=1e-13)


def test_the_same_points_give_the_same_bits_twice():
    points = np.random.default_rng(0).normal(size=(2000, 3))
    assert np.array_equal(distance_sums(points), distance_sums(points))
    assert np.array_equal(pair_distances(points, points).point_sum, pair_distances(points, points).point_sum)


def test_equal_distances_that_round_differently_are_tied():
    points = np.array([*permutations([3.2, 1.3, 0.2, 0.1])])
    assert len({*cdist(np.zeros((1, 4)), points)[0]}) > 1  # the order of summation shows in the last bit
    found = pair_distances(np.zeros((24, 4)), points)
    assert found.nearer.tolist() == [0] * 24
    assert found.tied.tolist() == [23] * 24


def test_a_point_far_away_does_not_blur_the_near_ones():
    points = np.array([[0.0], [1e-6], [3e-6], [1e7]])
    found = pair_distances(points + np.array([[0.0], [1.5e-6], [0.0], [0.0]]), points)
    assert found.nearer.tolist() == [0, 1, 0, 0]
    assert found.tied.tolist() == [0, 0, 0, 0]
