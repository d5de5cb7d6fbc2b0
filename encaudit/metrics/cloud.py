"""The reference latents of one encoder, the moved ones beside them, and what several measures of them share."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from encaudit.metrics.all_pairs import PairDistances, distance_sums, pair_distances
from encaudit.results import Latents, Skipped
from encaudit.stats import derangement, generator, resamples

NEIGHBOURS = 15
TREE_DIMENSIONS = 4
CLUSTERS = 20  # as many as `cryodrgn analyze` makes
NO_LOGVAR = Skipped("the encoder states no logvar")


@dataclass(frozen=True, eq=False)
class Cloud:
    """The latents of the images as they are (n >= 3), and what is computed of them once for all transforms.

    ``groups`` are integer codes 0 .. G-1 (``n``) of what was sampled together, or None.
    """

    latents: Latents
    groups: np.ndarray | None
    seed: int

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.latents)

    @cached_property
    def mu(self) -> np.ndarray:
        """Latents, ``n d`` float64."""
        return self.latents.mu.astype(np.float64)

    @cached_property
    def logvar(self) -> np.ndarray | None:
        """Log variances of the posteriors, ``n d`` float64; None where the encoder states none."""
        return None if self.latents.logvar is None else self.latents.logvar.astype(np.float64)

    @cached_property
    def partner(self) -> np.ndarray:
        """The image that image i is compared with at random: a derangement, ``n``."""
        return derangement(len(self), self.seed)

    @cached_property
    def random_distance(self) -> np.ndarray:
        """||mu_i - mu_pi(i)||, ``n``: how far apart two images lie that have nothing to do with each other."""
        return distance(self.mu, self.mu[self.partner])

    @cached_property
    def bootstrap_random_medians(self) -> np.ndarray:
        """The median random distance in each bootstrap resample of the images, which are paired anew in each.

        Pairs of one image with itself are left out. Resampling the n distances instead would take them for
        independent, which they are not: each image is in two of them.
        """
        rng = generator(self.seed, "random pairs of resamples")
        medians = []
        for weights in resamples(len(self), self.groups, self.seed):
            drawn = rng.permutation(np.repeat(np.arange(len(self)), weights))
            other = np.roll(drawn, -1)
            apart = drawn != other
            between = distance(self.mu[drawn[apart]], self.mu[other[apart]])
            medians.append(np.median(between) if len(between) else np.nan)  # one image drawn again and again
        return np.array(medians)

    @cached_property
    def within(self) -> PairDistances:
        """Distances among the reference latents."""
        return pair_distances(self.mu, self.mu)

    @cached_property
    def neighbours(self) -> np.ndarray:
        """The nearest other images of each image, ``n NEIGHBOURS``."""
        return nearest_others(self.mu)

    @cached_property
    def clusters(self) -> Any:
        """scikit-learn's k-means of the reference latents into ``CLUSTERS`` clusters."""
        from sklearn.cluster import KMeans

        return KMeans(CLUSTERS, n_init=3, random_state=self.seed % 2**32).fit(self.mu)

    def shuffled(self) -> "Pair":
        """Return the ceiling: each image paired with the latent of another one.

        That other one is pi(pi(i)), which is neither i nor the random partner pi(i) that measures compare it with.
        """
        return Pair(self, self.latents.take(self.partner[self.partner]))


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference and moved latents of the same images, row by row."""

    cloud: Cloud
    moved: Latents

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.cloud)

    @cached_property
    def mu(self) -> np.ndarray:
        """Moved latents mu', ``n d`` float64."""
        return self.moved.mu.astype(np.float64)

    @cached_property
    def displacement(self) -> np.ndarray:
        """||mu'_i - mu_i||, ``n``."""
        return distance(self.cloud.mu, self.mu)

    @cached_property
    def unmoved(self) -> bool:
        """Whether every latent is exactly where it was."""
        return bool(np.array_equal(self.mu, self.cloud.mu))

    @cached_property
    def across(self) -> PairDistances:
        """Distances from the moved latents (queries) to the reference latents (points)."""
        return self.cloud.within if self.unmoved else pair_distances(self.mu, self.cloud.mu)

    @cached_property
    def moved_sums(self) -> np.ndarray:
        """Sum of the distances of each moved latent to all moved latents, ``n``."""
        return self.cloud.within.query_sum if self.unmoved else distance_sums(self.mu)

    @property
    def logvars(self) -> tuple[np.ndarray, np.ndarray] | Skipped:
        """Logvar of reference and moved, each ``n d`` float64; a skip where one of them states none."""
        if self.cloud.logvar is None:
            return NO_LOGVAR
        if self.moved.logvar is None:
            return Skipped("the moved latents come without a logvar")
        return self.cloud.logvar, self.moved.logvar.astype(np.float64)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of points ``n d`` row by row, ``n``."""
    return np.asarray(np.linalg.norm(a - b, axis=1))


def nearest_others(points: np.ndarray) -> np.ndarray:
    """Return the nearest other points of each point (``n d``), ``n NEIGHBOURS``; ties in no particular order."""
    from sklearn.neighbors import NearestNeighbors

    # trees win in few dimensions only; the blocked comparison of all pairs loses digits far from the origin
    algorithm = "kd_tree" if points.shape[1] <= TREE_DIMENSIONS else "brute"
    centred = points - points.mean(axis=0)
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm=algorithm, n_jobs=-1).fit(centred)
    # without a query, scikit-learn leaves out each point itself, also among its duplicates
    return np.asarray(search.kneighbors(return_distance=False))
