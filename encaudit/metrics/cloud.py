"""The reference latents of one encoder, the moved ones beside them, and what several measures of them share."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from encaudit.pairs import Neighbours, count_nearer, distance_sums, nearest_others
from encaudit.results import Latents, Skipped
from encaudit.stats import derangement, generator

NEIGHBOURS = 15
MOST_ASKED = 10_000
MOST_IN_SUMS = 20_000
MOST_RIVALS = 200_000  # every image is compared with each of them: 20 s on two cores for so many images, 8 dimensions
CLUSTERS = 20  # as many as `cryodrgn analyze` makes
NO_LOGVAR = Skipped("the encoder states no logvar")


def _shared(values: np.ndarray) -> np.ndarray:
    """Return the array so that no metric changes it for the others."""
    values.flags.writeable = False
    return values


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
        return _shared(self.latents.mu.astype(np.float64))

    @cached_property
    def logvar(self) -> np.ndarray | None:
        """Log variances of the posteriors, ``n d`` float64; None where the encoder states none."""
        return None if self.latents.logvar is None else _shared(self.latents.logvar.astype(np.float64))

    @cached_property
    def partner(self) -> np.ndarray:
        """The image that image i is compared with at random: a derangement, ``n``."""
        return derangement(len(self), self.seed)

    @cached_property
    def random_distance(self) -> np.ndarray:
        """||mu_i - mu_pi(i)||, ``n``: how far apart two images lie that have nothing to do with each other."""
        return _shared(distance(self.mu, self.mu[self.partner]))

    @cached_property
    def sampled(self) -> np.ndarray:
        """The images that are asked for their neighbours: all, or a seeded sample of ``MOST_ASKED``, ascending."""
        return self.some(MOST_ASKED, "images asked for their neighbours")

    @cached_property
    def neighbours(self) -> Neighbours:
        """The nearest other images of each sampled image, k of them.

        k is one more than ``NEIGHBOURS``, the one that would take the place of another, or all there are.
        """
        return nearest_others(self.mu, min(NEIGHBOURS + 1, len(self) - 1), self.sampled)

    @cached_property
    def rivals(self) -> np.ndarray:
        """The images among which ranks are counted: all, or a seeded sample of ``MOST_RIVALS``, ascending."""
        return self.some(MOST_RIVALS, "rivals of a rank")

    @cached_property
    def in_sums(self) -> np.ndarray:
        """The images whose distances are summed: all, or a seeded sample of ``MOST_IN_SUMS``, ascending."""
        return self.some(MOST_IN_SUMS, "images of the energy distance")

    @cached_property
    def sums_within(self) -> np.ndarray:
        """Sum of the distances of each image ``in_sums`` to all of them, within the reference."""
        return distance_sums(self.mu[self.in_sums], self.mu[self.in_sums])[0]

    @cached_property
    def different(self) -> int:
        """How many different latents there are."""
        return len(np.unique(self.mu, axis=0))

    @cached_property
    def clusters(self) -> Any:
        """scikit-learn's k-means of the reference latents into ``CLUSTERS`` clusters."""
        from sklearn.cluster import KMeans

        return KMeans(CLUSTERS, n_init=3, random_state=self.seed % 2**32).fit(self.mu)

    def some(self, most: int, purpose: str) -> np.ndarray:
        """Return the positions of all images, or, above ``most``, of a seeded sample of so many, ascending."""
        if len(self) <= most:
            return np.arange(len(self))
        return np.sort(generator(self.seed, purpose).choice(len(self), most, replace=False))

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
        return _shared(self.moved.mu.astype(np.float64))

    @cached_property
    def displacement(self) -> np.ndarray:
        """||mu'_i - mu_i||, ``n``."""
        return _shared(distance(self.cloud.mu, self.mu))

    @cached_property
    def unmoved(self) -> bool:
        """Whether every latent is exactly where it was."""
        return bool(np.array_equal(self.mu, self.cloud.mu))

    @cached_property
    def rank(self) -> np.ndarray:
        """The share of the other images that are nearer to a moved latent than its own one, ties half, ``n``.

        Of the ``rivals`` among them, where these are a sample.
        """
        rivals, n = self.cloud.rivals, len(self)
        if len(rivals) == n:
            nearer, tied = self._nearer_and_tied
            return _shared((nearer + 0.5 * tied) / (n - 1))
        is_rival = np.isin(np.arange(n), rivals)
        nearer, as_near = count_nearer(self.mu, self.cloud.mu[rivals], self.cloud.mu)
        return _shared((nearer + 0.5 * (as_near - is_rival)) / (len(rivals) - is_rival))

    @cached_property
    def retrieved(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which images are asked for their place among all (``m``), how many others are nearer, and how many as near.

        All are asked, but for ``sampled`` where ranks are counted in a sample.
        """
        if len(self.cloud.rivals) == len(self):
            return np.arange(len(self)), *self._nearer_and_tied
        asked = self.cloud.sampled
        nearer, as_near = count_nearer(self.mu[asked], self.cloud.mu, self.cloud.mu[asked])
        return asked, nearer, as_near - 1

    @cached_property
    def _nearer_and_tied(self) -> tuple[np.ndarray, np.ndarray]:
        """How many other images are nearer to a moved latent than its own image, and how many as near (``n`` each)."""
        nearer, as_near = count_nearer(self.mu, self.cloud.mu, self.cloud.mu)
        return nearer, as_near - 1  # an image is no rival of its own

    @cached_property
    def moved_neighbours(self) -> Neighbours:
        """The nearest other moved latents of each sampled moved latent, as many as in the reference."""
        if self.unmoved:
            return self.cloud.neighbours
        return nearest_others(self.mu, self.cloud.neighbours.nearest.shape[1], self.cloud.sampled)

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
