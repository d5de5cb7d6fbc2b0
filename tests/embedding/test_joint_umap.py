from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from encaudit.embedding import joint_umap as module
from encaudit.embedding.joint_umap import joint_umap
from encaudit.pairs import nearest_others


@pytest.fixture
def handed(monkeypatch):
    """What UMAP is handed; it puts every point on its first two coordinates."""
    seen = {}

    def fit(points, nearest, distance, seed):
        seen.update(points=points, nearest=nearest, distance=distance, seed=seed)
        return points[:, :2].astype(np.float64)

    monkeypatch.setattr(module, "_fit", fit)
    return seen


def clouds(d=3):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(70, d)).astype(np.float32)
    return [images, images[:20].copy(), images[5:30] + rng.normal(size=(25, d)).astype(np.float32)]


def known_of(images, rows=None):
    return nearest_others(images.astype(np.float64), 16, rows)


def assert_exact(handed):
    """The graph is that of the full matrix of distances."""
    distance = cdist(handed["points"].astype(np.float64), handed["points"].astype(np.float64))
    np.fill_diagonal(distance, np.inf)
    assert np.array_equal(handed["nearest"], np.argsort(distance, axis=1)[:, :14])
    assert handed["distance"] == pytest.approx(np.sort(distance, axis=1)[:, :14])


@pytest.mark.parametrize("d", [3, 12])
@pytest.mark.parametrize("asked", [None, np.arange(70), np.array([2, 3, 50])])
def test_the_graph_is_exact_whatever_is_known_of_it(handed, d, asked):
    joint_umap(clouds(d), 0, None if asked is None else known_of(clouds(d)[0], asked))
    assert len(handed["points"]) == 70 + 25  # copies that did not move are the images
    assert_exact(handed)


def test_every_point_comes_back_to_its_own_cloud(handed):
    found = joint_umap(clouds(), 7)
    assert handed["seed"] == 7
    for places, cloud in zip(found, clouds(), strict=True):
        np.testing.assert_array_equal(places, cloud[:, :2])


def test_what_the_measures_found_is_not_searched_for_again(handed):
    images = clouds()[0]
    known = known_of(images)
    joint_umap([images], 0, replace(known, nearest=np.roll(known.nearest, 1, axis=0)))
    with pytest.raises(AssertionError):
        assert_exact(handed)


def test_with_duplicates_among_the_images_the_graph_is_that_of_the_different_points(handed):
    images = np.repeat(clouds()[0], 2, axis=0)
    joint_umap([images, clouds()[2]], 0, known_of(images))
    assert len(handed["points"]) == 70 + 25
    assert_exact(handed)


@pytest.mark.filterwarnings("ignore:Tensorflow")
def test_umap_builds_no_neighbours_of_its_own(monkeypatch):
    from umap import umap_

    def searched(*_args, **_kwargs):
        raise AssertionError("searched")

    monkeypatch.setattr(umap_, "nearest_neighbors", searched)
    monkeypatch.setattr(umap_, "pairwise_distances", searched)
    monkeypatch.setattr(umap_, "simplicial_set_embedding", lambda data, *_args, **_kwargs: (data[:, :2], {}))
    (places,) = joint_umap([clouds()[0]], 0)
    np.testing.assert_array_equal(places, clouds()[0][:, :2])
