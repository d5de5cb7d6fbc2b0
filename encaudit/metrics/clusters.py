"""Does an image stay in its cluster?"""

import numpy as np

from encaudit.metrics.cloud import CLUSTERS, Pair
from encaudit.metrics.metric import Result, WholeSet, metric
from encaudit.results import Skipped
from encaudit.stats import NO_INTERVAL, has_interval, influence_interval

IMAGES_PER_CLUSTER = 3


@metric("cluster_agreement", unit="1")
def cluster_agreement(pair: Pair) -> Result:
    """Would a classification of the images survive the transform?

    Adjusted Rand index between the clusters that mu_i and mu'_i fall into; k-means with k = 20, fitted once, on the
    reference latents, so the same borders hold for every transform.

    One: every image stays in its cluster; the identity gives 1. Zero: chance.
    Small, for two unlike reasons: images scatter, or the whole cloud moved across fixed borders (see alignment).
    Interval: jackknife over images or groups, given the clusters.
    Skipped for fewer than 60 images or 20 different latents.
    """
    cloud, n = pair.cloud, len(pair)
    if n < IMAGES_PER_CLUSTER * CLUSTERS:
        return Skipped(f"{n} images are too few for {CLUSTERS} clusters")
    if cloud.different < CLUSTERS:
        return Skipped(f"the reference has fewer than {CLUSTERS} different latents")
    before, after = cloud.clusters.predict(cloud.mu), cloud.clusters.predict(pair.mu)
    table = np.zeros((CLUSTERS, CLUSTERS))
    np.add.at(table, (before, after), 1)
    value = float(adjusted_rand(table))
    if not has_interval(n, cloud.groups):
        return WholeSet(value, NO_INTERVAL)
    influence = influence_on_rand(before, after, table)
    return WholeSet(value, influence_interval(value, influence, cloud.groups, least=-1, most=1))


def adjusted_rand(tables: np.ndarray) -> np.ndarray:
    """Return the adjusted Rand index of contingency tables ``... k k`` (Hubert & Arabie 1985)."""

    def pairs(counts: np.ndarray) -> np.ndarray:
        return np.asarray(counts * (counts - 1) / 2)

    together = pairs(tables).sum(axis=(-2, -1))
    before = pairs(tables.sum(axis=-1)).sum(axis=-1)
    after = pairs(tables.sum(axis=-2)).sum(axis=-1)
    expected = before * after / pairs(tables.sum(axis=(-2, -1)))
    return np.asarray((together - expected) / ((before + after) / 2 - expected))


def influence_on_rand(before: np.ndarray, after: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return what the index loses without each image (times n - 1), ``n``.

    The same for all images of a cell of the contingency table, so k^2 tables do.
    """
    rows, columns = np.nonzero(table)
    without = np.repeat(table[None], len(rows), axis=0)
    without[np.arange(len(rows)), rows, columns] -= 1
    loss = np.zeros_like(table)
    loss[rows, columns] = (len(before) - 1) * (adjusted_rand(table) - adjusted_rand(without))
    influence = loss[before, after]
    return np.asarray(influence - influence.mean())
