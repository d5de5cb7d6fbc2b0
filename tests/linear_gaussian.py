"""A model whose posterior is known: x = A z + noise, with orthogonal columns in A, so that q is exactly diagonal."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import normal, normal_like
from encaudit.types import ImageBatch, Posterior

BOX, ZDIM, STD = 6, 3, 0.7
LENGTHS = torch.tensor([2.0, 1.0, 0.5])  # of the columns of A: well, fairly and hardly seen


@dataclass
class LinearGaussian:
    """Encoder and Renderer; ``narrow`` shrinks the error bars, ``shift`` moves mu by so many of the right ones."""

    narrow: float = 1.0
    shift: float = 0.0
    error_bars: bool = True
    latent_dim: int = ZDIM
    noise_model: str = "white Gaussian noise of standard deviation 0.7"

    def columns(self) -> Tensor:
        square = np.linalg.qr(np.random.default_rng(1).normal(size=(BOX**2, BOX**2)))[0]
        return torch.tensor(square[:, :ZDIM], dtype=torch.float32) * LENGTHS

    def variance(self) -> Tensor:
        return 1 / (1 + LENGTHS.square() / STD**2)

    def encode(self, batch: ImageBatch) -> Posterior:
        exact = batch.images.flatten(1) @ self.columns() * self.variance() / STD**2
        logvar = (self.variance() * self.narrow**2).log().expand_as(exact)
        return Posterior(exact + self.shift * self.variance().sqrt(), logvar if self.error_bars else None)

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        assert len(batch) == len(z)
        return (z @ self.columns().T).view(-1, BOX, BOX)

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        return self.render(batch, z) + STD * normal_like(batch, seed, "noise")

    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        assert seed >= 0  # exact: nothing is drawn
        residual = (batch.images - self.render(batch, q.mu)).square().sum((-2, -1))
        spread = (q.logvar.exp() * LENGTHS.square()).sum(1)
        kl = (q.mu.square() + q.logvar.exp() - 1 - q.logvar).sum(1) / 2
        return -(residual + spread) / (2 * STD**2) - kl


class MadeByTheModel:
    """A stack of images that the model itself made."""

    apix, files = None, ()

    def __init__(self, count: int, first_row: int = 0) -> None:
        self.index = np.arange(first_row, first_row + count)
        self.image_shape = (BOX, BOX)

    def read(self, positions: np.ndarray) -> ImageBatch:
        index = torch.from_numpy(self.index[positions])
        blank = ImageBatch(torch.zeros(len(positions), BOX, BOX), index)
        z = normal(index, (ZDIM,), 77, "truth")
        return blank.with_(images=LinearGaussian().simulate(blank, z, seed=78))
