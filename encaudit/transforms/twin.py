"""Evil twins: the encoder sees something else in the place of each image, fixed for the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encaudit import stats
from encaudit.draws import normal_like
from encaudit.errors import InputError
from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


def derangement(n: int, seed: int) -> np.ndarray:
    """Who is whose twin? Position i of a run gets the observation at position ``derangement(n, seed)[i]``.

    A uniformly drawn cycle through all n positions (int64): a bijection without fixed points, other than the one that
    random pairs are measured by.

    Raises InputError for n < 2: a single image has no other.
    """
    if n < 2:
        raise InputError(f"permutation needs at least 2 images to swap; found {n}. Pass more images or leave it away.")
    return stats.derangement(n, seed, "permutation")


@dataclass(frozen=True)
class Permutation(SpecTransform):
    """Does the latent belong to the image? Every image gives its place to another one: the ceiling of all measures.

    The twin keeps its own translation, CTF and pose; only the index stays that of the place. It acts on the run: the
    pass encodes the other parts of a chain and gathers the latents by ``derangement(n, seed)``. Called on a batch, it
    deranges within that batch, which is the same thing only when the batch is the run.

    Raises InputError for a batch of one.

    Source: Edelberg & Lederman 2025, figures 6-8 and 26; there the twin got the CTF of its place.
    """

    name = "permutation"
    example = "permutation"
    acts_on = "run"

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the observations deranged within the batch."""
        rows = batch.index.new_tensor(derangement(len(batch), seed))
        return batch.select(rows).with_(index=batch.index)


@dataclass(frozen=True)
class Noise(SpecTransform):
    """What does the encoder say when there is nothing to see? Gaussian pixels in place of the image.

    Mean and standard deviation are those of the whole stack (``batch.moments``); metadata stay. The draw depends on
    seed and image only, so a twin is the same in every epoch.

    Raises InputError when the batch has no moments.

    Source: Edelberg & Lederman 2025, figure 9.
    """

    name = "noise"
    example = "noise"

    @property
    def needs(self) -> frozenset[str]:
        """The moments to imitate."""
        return frozenset({"moments"})

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the observations with noise for pixels."""
        self.check(batch)
        assert batch.moments is not None
        drawn = normal_like(batch, seed, self.name)
        return batch.with_(images=drawn * batch.moments.std + batch.moments.mean)
