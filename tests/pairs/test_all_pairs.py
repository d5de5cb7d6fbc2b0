from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from encaudit.pairs import count_nearer, distance_sums, hits_of_points, spans

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


def count(queries, points):
    """Each point is the target of the query in its row."""
    nearer, as_near = count_nearer(queries, points, points)
    return nearer, as_near - 1


@settings(max_examples=60, deadline=None)
@given(st.one_of(clouds(small_integers), clouds(latents)))
def test_counts_and_sums_are_those_of_the_full_matrix(case):
    queries, points = case
    nearer, tied, distance = by_brute_force(queries, points)
    found_nearer, found_tied = count(queries, points)
    assert np.array_equal(found_nearer, nearer)
    assert np.array_equal(found_tied, tied)
    of_queries, of_points = distance_sums(queries, points)
    assert of_queries == pytest.approx(distance.sum(axis=1))
    assert of_points == pytest.approx(distance.sum(axis=0))


@settings(max_examples=40, deadline=None)
@given(clouds(small_integers), st.integers(0, 100))
def test_any_point_may_be_the_target_of_any_query(case, seed):
    queries, points = case
    targets = np.random.default_rng(seed).integers(0, len(points), len(queries))
    distance = ((queries[:, None] - points[None]) ** 2).sum(axis=2)
    own = distance[np.arange(len(queries)), targets][:, None]
    nearer, as_near = count_nearer(queries, points, points[targets])
    assert nearer.tolist() == (distance < own).sum(axis=1).tolist()
    assert as_near.tolist() == (distance == own).sum(axis=1).tolist()
    weight = 1.0 + np.arange(len(queries))
    hits = weight @ (0.5 * (distance < own) + 0.5 * (distance <= own))
    assert hits_of_points(queries, points, points[targets], weight) == pytest.approx(hits)


@pytest.mark.parametrize("n", [3, 511, 512, 513, 1300])
@pytest.mark.parametrize("d", [1, 3, 4, 5, 8])
def test_no_block_or_dimension_is_forgotten(n, d):
    rng = np.random.default_rng(n + d)
    points, queries = rng.normal(size=(2, n, d))
    distance = cdist(queries, points)
    assert count(queries, points)[0].tolist() == (distance < np.diagonal(distance)[:, None]).sum(axis=1).tolist()
    assert distance_sums(queries, points)[1] == pytest.approx(distance.sum(axis=0))


@pytest.mark.parametrize("tasks", [1, 7, 301])
def test_the_number_of_tasks_changes_no_count(tasks, monkeypatch):
    rng = np.random.default_rng(0)
    points, queries = rng.integers(0, 4, size=(2, 301, 2)).astype(float)
    whole, whole_sums = count(queries, points), distance_sums(queries, points)
    monkeypatch.setattr(spans, "SPANS", tasks)
    assert np.array_equal(count(queries, points), whole)
    for found, expected in zip(distance_sums(queries, points), whole_sums, strict=True):
        assert found == pytest.approx(expected, rel=1e-13)


def test_the_same_points_give_the_same_bits_twice():
    points = np.random.default_rng(0).normal(size=(2000, 3))
    assert np.array_equal(distance_sums(points, points), distance_sums(points, points))


def test_equal_distances_that_round_differently_are_tied():
    points = np.array([*permutations([3.2, 1.3, 0.2, 0.1])])
    assert len({*cdist(np.zeros((1, 4)), points)[0]}) > 1  # the order of summation shows in the last bit
    nearer, tied = count(np.zeros((24, 4)), points)
    assert nearer.tolist() == [0] * 24
    assert tied.tolist() == [23] * 24


def test_a_point_far_away_does_not_blur_the_near_ones():
    points = np.array([[0.0], [1e-6], [3e-6], [1e7]])
    nearer, tied = count(points + np.array([[0.0], [1.5e-6], [0.0], [0.0]]), points)
    assert nearer.tolist() == [0, 1, 0, 0]
    assert tied.tolist() == [0, 0, 0, 0]
