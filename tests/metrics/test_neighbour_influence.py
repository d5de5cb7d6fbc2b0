"""Influences on measures of neighbourhoods, against the jackknife that really leaves out one image at a time."""

import numpy as np
import pytest

from encaudit.metrics import neighbour_influence
from encaudit.metrics.neighbour_influence import influence_on_overlap, influence_on_rank

from .planted import interval, normal, pair, value

N = 60


def clouds(seed=0):
    mu = normal(N, 2, seed)
    return mu, mu + 0.5 * normal(N, 2, seed + 1)


def without(metric, mu, moved):
    return np.array([value(metric, pair(np.delete(mu, i, axis=0), np.delete(moved, i, axis=0))) for i in range(N)])


def test_overlap_loses_without_an_image_what_its_influence_says():
    mu, moved = clouds()
    of = pair(mu, moved)
    overlap, influence = influence_on_overlap(np.arange(N), of.cloud.neighbours.nearest, of.moved_neighbours.nearest, N)
    lost = overlap.mean() - without("neighbour_overlap", mu, moved)
    assert influence - influence.mean() == pytest.approx((N - 1) * (lost - lost.mean()), abs=1e-9)


def test_overlap_of_the_identity_is_lost_by_nobody():
    of = pair(normal(N, 2), normal(N, 2))
    overlap, influence = influence_on_overlap(np.arange(N), of.cloud.neighbours.nearest, of.moved_neighbours.nearest, N)
    assert (overlap == 1).all()
    assert influence == pytest.approx(np.zeros(N), abs=1e-12)


def test_imbalance_loses_without_an_image_what_its_influence_says():
    mu, moved = clouds()
    of = pair(mu, moved)
    rank, influence = influence_on_rank(np.arange(N), of.cloud.neighbours.nearest[:, :2], of.mu)
    lost = 2 / N * rank.mean() - without("information_imbalance", mu, moved)
    exact = (N - 1) * (lost - lost.mean())
    # to first order: the second neighbour's rank without the image itself is one less where that is nearer
    assert np.corrcoef(influence, exact)[0, 1] > 0.995
    assert np.std(influence) == pytest.approx(np.std(exact), rel=0.06)


def test_a_sample_of_those_asked_sees_the_same_influences_in_the_mean():
    mu, moved = clouds()
    of = pair(mu, moved)
    before, after = of.cloud.neighbours.nearest, of.moved_neighbours.nearest
    halves = np.arange(N).reshape(2, -1)
    for influence_on, tables in [
        (influence_on_overlap, lambda rows: (before[rows], after[rows], N)),
        (influence_on_rank, lambda rows: (before[rows, :2], of.mu)),
    ]:
        whole = influence_on(np.arange(N), *tables(np.arange(N)))[1]
        parts = [influence_on(rows, *tables(rows)) for rows in halves]
        centre = np.zeros(N)
        for rows, (found, _) in zip(halves, parts, strict=True):
            scale = 2 / N if influence_on is influence_on_rank else 1
            centre[rows] = scale * (found.mean() - np.mean([one.mean() for one, _ in parts]))
        assert np.mean([part for _, part in parts], axis=0) + centre == pytest.approx(whole)


def test_the_interval_of_many_images_is_fitted_on_a_sample_of_them(monkeypatch):
    of = pair(normal(3000, 3), normal(3000, 3) + 0.3 * normal(3000, 3, 1))
    fitted = []
    lstsq = np.linalg.lstsq
    monkeypatch.setattr(np.linalg, "lstsq", lambda a, b, **how: fitted.append(len(a)) or lstsq(a, b, **how))
    whole = np.subtract(*interval("neighbour_overlap", of))
    monkeypatch.setattr(neighbour_influence, "MOST_FITTED", 1000)
    assert np.subtract(*interval("neighbour_overlap", of)) == pytest.approx(whole, rel=0.05)
    assert fitted == [3000, 1000]
