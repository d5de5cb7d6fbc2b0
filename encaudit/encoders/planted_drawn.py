"""Planted encoders whose latents are drawn, by the pixels in some form or by the row of the stack; or constant."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import normal
from encaudit.encoders.planted_answer import Planted
from encaudit.errors import InputError
from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Constant(Planted):
    """What does an audit say of an encoder that learned nothing? Every image gets the latent ``value``.

    Displacement 0 under everything; random pairs coincide, so that ratios are skipped.
    """

    value: float = 0.0

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the one latent, for each image."""
        return batch.images.new_full((len(batch), self.latent_dim), self.value)


@dataclass(frozen=True)
class Hash(Planted):
    """The perfect memory: an independent N(0, I) draw for each different image, keyed by the bytes of its pixels.

    Any change of any pixel gives a stranger's latent: displacement ratio 1, rank 0.5, AUC 0.5, in the population.
    """

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the draws."""
        return keyed_normal(batch.images, self.latent_dim, "planted hash")


@dataclass(frozen=True)
class Jittered(Planted):
    """An invariant encoder that trembles: one N(0, I) draw by the sorted pixels, plus ``scale`` of one by the bytes.

    Under any permutation of the pixels that changes the image, delta is N(0, 2 scale^2 I) and the difference of a
    random pair N(0, 2 (1 + scale^2) I); so in the population, with s = scale,

    - displacement_ratio is s / sqrt(1 + s^2);
    - recoverability is 1 / (1 + s^2)^2, the squared correlation of mu and mu';
    - pair_auc is P(F_dd < (1 + s^2) / s^2), F_dd of Fisher's distribution with d and d degrees of freedom.
    """

    scale: float = 0.5

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the two draws, added."""
        in_order = batch.images.flatten(1).sort(dim=1).values
        place = keyed_normal(in_order, self.latent_dim, "planted place")
        return place + self.scale * keyed_normal(batch.images, self.latent_dim, "planted jitter")


@dataclass(frozen=True)
class Table(Planted):
    """The look-up table: N(0, I) keyed by ``seed`` and the row of the stack; it never looks at the pixels.

    Displacement exactly 0 under every transform of the observation; ``permutation`` exchanges rows, and moves it.
    Raises InputError for bare pixels, which come from no row.
    """

    seed: int = 0

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the entries of the rows."""
        return normal(batch.index.cpu(), (self.latent_dim,), self.seed, "planted table")

    def _observed(self, images: Tensor) -> ImageBatch:  # noqa: ARG002 (every planted encoder is given them)
        raise InputError("A planted Table looks up rows of the stack, and bare pixels have none; use Hash instead.")


def keyed_normal(values: Tensor, dim: int, salt: str) -> Tensor:
    """Return N(0, I) draws ``b dim`` (float64, on the CPU), keyed by the float32 bytes of each row of ``values``."""
    rows = values.detach().to("cpu", torch.float32).flatten(1).contiguous().numpy()
    drawn = np.empty((len(rows), dim))
    for number, row in enumerate(rows):
        digest = hashlib.blake2b(row.tobytes(), digest_size=16, person=salt.encode()[:16]).digest()
        stream = np.random.Generator(np.random.Philox(key=int.from_bytes(digest)))
        drawn[number] = stream.standard_normal(dim)
    return torch.from_numpy(drawn)
