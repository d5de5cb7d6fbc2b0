from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from encaudit.pairs import nearest_of_all, nearest_others


@pytest.mark.parametrize(("n", "d"), [(20, 1), (300, 3), (1500, 8)])
def test_neighbours_are_the_first_of_the_sorted_distances(n, d):
    points = np.random.default_rng(0).normal(size=(n, d))
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    expected = np.argsort(distance, axis=1)[:, :15]
    assert np.array_equal(nearest_others(points, 15).nearest, expected)
    rows = np.array([1, 5, n - 1])
    assert np.array_equal(nearest_others(points, 15, rows).nearest, expected[rows])


def test_no_image_is_its_own_neighbour_even_among_duplicates():
    points = np.repeat(np.random.default_rng(0).normal(size=(10, 2)), 20, axis=0)
    found = nearest_others(points, 15).nearest
    assert not (found == np.arange(200)[:, None]).any()
    assert (found // 20 == np.arange(200)[:, None] // 20).all()
    assert all(len({*row}) == 15 for row in found)


@pytest.mark.parametrize("d", [2, 6])
def test_neighbours_are_exact_far_from_the_origin(d):
    points = np.random.default_rng(0).normal(size=(100, d))
    assert np.array_equal(nearest_others(points, 15).nearest, nearest_others(points + 1e6, 15).nearest)


def test_distances_are_those_of_the_neighbours():
    points = np.random.default_rng(0).normal(size=(60, 4))
    found = nearest_others(points, 5, np.array([3, 7]))
    assert found.asked.tolist() == [3, 7]
    assert found.distance == pytest.approx(np.sort(cdist(points, points)[[3, 7]], axis=1)[:, 1:6])


@pytest.mark.parametrize("d", [3, 12])  # by a tree, by blocks
@pytest.mark.parametrize("asked", [None, [0, 4, 150], range(200)])
@pytest.mark.parametrize("further", [0, 3, 90])
def test_what_is_known_of_the_first_points_changes_no_neighbour(d, asked, further):
    points = np.random.default_rng(d).normal(size=(200 + further, d))
    known = None if asked is None else nearest_others(points[:200], 16, np.array(asked))
    found, expected = nearest_of_all(points, 14, known), nearest_others(points, 14)
    assert np.array_equal(found.nearest, expected.nearest)
    assert found.distance == pytest.approx(expected.distance, rel=1e-14)
    assert (found.n, found.asked.tolist()) == (200 + further, list(range(200 + further)))


def test_known_neighbours_are_taken_and_not_searched_for_again():
    points = np.random.default_rng(0).normal(size=(50, 3))
    known = nearest_others(points, 4)
    pretended = replace(known, nearest=known.nearest[:, ::-1])
    assert np.array_equal(nearest_of_all(points, 4, pretended).nearest, pretended.nearest)


def test_duplicates_are_neighbours_in_a_tree_too():
    points = np.repeat(np.random.default_rng(0).normal(size=(4, 2)), 20, axis=0)
    found = nearest_of_all(points, 15)
    assert not (found.nearest == np.arange(80)[:, None]).any()
    assert (found.distance == 0).all()
